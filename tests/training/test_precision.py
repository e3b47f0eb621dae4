"""Half precision as a setting of the training: of what is trained alone, and kept from the first start to the last."""
import dataclasses

import keras
import numpy as np
import pytest

from morph3d.training import train
from morph3d.training.config import TrainingConfig
from tests.training.tiny_training import History, config, numbers, run, two_stages


@pytest.mark.parametrize("precision, computed, scaled", [
    ("mixed_float16", "float16", True), ("mixed_bfloat16", "bfloat16", False)])
def test_a_training_of_each_precision_learns_and_leaves_no_trace(tiny_model, tiny_encoder, tmp_path, precision, computed, scaled):
    before = keras.config.dtype_policy()
    model = train.assemble(dataclasses.replace(config((4, 4), rate=1e-2), precision=precision), tiny_model, tiny_encoder)
    assert keras.config.dtype_policy() == before and keras.layers.Dense(1).compute_dtype == "float32"
    assert model.decoder.get_layer("expected_hidden_1").compute_dtype == computed
    assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer) == scaled
    begin, history = numbers(model), History()
    assert run(model, tmp_path, two_stages(tiny_model, tiny_encoder), [history]).step == 8
    assert all(np.isfinite(value) for logs in history.logs for value in logs.values())
    assert history.logs[-1]["loss"] < history.logs[4]["loss"]
    assert any(np.any(old != new) for old, new in zip(begin, numbers(model)))


def test_the_policy_is_put_back_after_an_error(tiny_model, tiny_encoder, monkeypatch):
    def broken(*_):
        raise RuntimeError("broken")

    monkeypatch.setattr(train.decoder, "build", broken)
    with pytest.raises(RuntimeError, match="broken"):
        train.assemble(dataclasses.replace(config((4, 4)), precision="mixed_float16"), tiny_model, tiny_encoder)
    assert keras.config.dtype_policy().name == "float32"


def test_another_precision_is_refused():
    with pytest.raises(ValueError, match="precision must be one of float32, mixed_float16, mixed_bfloat16, but is 'float64'"):
        TrainingConfig("photos", "run", precision="float64")
