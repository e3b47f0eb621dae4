"""The settings of a training run: each stated once, bounded, and the same as flags, as fields and as what a run writes down."""
import dataclasses
import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from morph3d.training.config import HybridStage, LossWeights, SyntheticStage, TrainingConfig

CONFIG = TrainingConfig("photos", "runs/mine")


def test_every_setting_has_a_flag_of_its_own_and_a_help():
    names = [name for name, *_ in TrainingConfig.fields()]
    assert len(set(names)) == len(names)
    assert all(field.metadata["help"].endswith(".") for _, _, field in TrainingConfig.fields())
    assert {"photos", "synthetic_steps", "hybrid_views", "identity_weight", "mirror"} <= set(names)


@given(st.integers(0, 9999), st.integers(2, 500), st.floats(0., 100.), st.booleans())
def test_what_is_written_down_gives_the_same_config(steps, batch, weight, mirror):
    config = TrainingConfig("photos", "out", mirror=mirror,
                            synthetic=SyntheticStage(steps=steps), losses=LossWeights(identity=weight),
                            hybrid=HybridStage(photo_batch=batch, drawn_photos=min(batch, 7)))
    assert TrainingConfig.from_flat(json.loads(json.dumps(config.flat()))) == config


def test_names_of_other_versions_are_passed_over():
    assert TrainingConfig.from_flat(CONFIG.flat() | {"fingerprint": "a"}) == CONFIG


def test_a_config_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        CONFIG.seed = 3


@pytest.mark.parametrize("make, message", [
    (lambda: TrainingConfig(None, "out"), "photos must be a path, but is None"),
    (lambda: TrainingConfig("photos", "out", hybrid=HybridStage(views=0)), "hybrid_views must be at least 1, but is 0"),
    (lambda: TrainingConfig("photos", "out", synthetic=SyntheticStage(learning_rate=2.)),
     "synthetic_learning_rate must be in 1e-09..1.0, but is 2.0"),
    (lambda: TrainingConfig("photos", "out", losses=LossWeights(batch=float("nan"))),
     "batch_weight must be at least 0.0, but is nan"),
    (lambda: TrainingConfig("photos", "out", distribution="tpu"),
     "distribution must be one of none, mirrored, multi_worker, but is 'tpu'"),
    (lambda: TrainingConfig("photos", "out", hybrid=HybridStage(photo_batch=8, drawn_photos=9)),
     "hybrid_drawn_photos are taken from the hybrid_photo_batch of 8 and cannot be 9"),
])
def test_a_setting_out_of_its_bounds_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_presets_take_changes():
    assert TrainingConfig.default("photos", "runs/mine") == CONFIG
    demo = TrainingConfig.demo("photos", "runs/mine", seed=3)
    assert demo.seed == 3 and demo.synthetic.steps + demo.hybrid.steps < 2000


def test_the_papers_preset_has_its_constants():
    """Section 3.3: omega_batch = 10, omega_loop = 0.07, omega_s = 0.4, omega_t = 0.002; the first two terms have no weight."""
    assert TrainingConfig.paper("photos", "out").losses == LossWeights(1., 1., 10., .07, .4, .002, 1.)


def test_settings_need_no_tensorflow():
    code = "import sys, morph3d; morph3d.TrainingConfig('a', 'b'); print('tensorflow' in sys.modules, 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.split() == ["False", "False"]
