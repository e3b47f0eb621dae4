"""The ablation: what each setting changes, from where it starts, what is refused, and what is done once only."""
import dataclasses
import itertools
import shutil
import types

import numpy as np
import pytest

from experiments import ablation, ablation_training
from experiments.ablation_measures import Bench, Figures
from morph3d import morphable, run_settings
from morph3d.encoders import registry, skin_color
from morph3d.encoders.base import Encoder
from morph3d.training import loop
from morph3d.training.config import LossWeights
from morph3d.training.run import SETTINGS, recorded
from tests.data.prepared import folders
from tests.training import tiny_training

NAMES = ["full", "no batch distribution", "no loopback", "single view"]
WEIGHTS, STEPS = LossWeights(identity=1., batch=1., loopback=1.), 4
PEOPLE = ["Ada", "Bo", "Cy", "Di", "Ed"]
MEASURES = {"likeness": ("top-1", "cosine"), "geometry": ("read, mm",), "moments": ("shape: mean deviation",), "pose": ("30°",)}


class FewNumbers(Bench):
    """A bench of a few numbers that depend on the network; notes how often something was measured."""
    measured = 0

    def measure(self, reconstructor):
        FewNumbers.measured += 1
        crops = np.random.default_rng(0).integers(256, size=[len(PEOPLE), 32, 32, 3], dtype=np.uint8)
        made = reconstructor.read(crops)
        numbers = iter(np.concatenate([made["shape"], made["texture"]], 1).T.astype(float))
        values = {part: {measure: dict(zip(PEOPLE, next(numbers))) for measure in measures} for part, measures in MEASURES.items()}
        return Figures(values, crops, np.uint8(255. * made["colors"].numpy()[:, :400].reshape(-1, 20, 20, 3)))


@pytest.fixture(scope="module")
def start(tiny_model, tiny_encoder, tmp_path_factory):
    """The Start of a run that is in its stage 2."""
    rng, folder = np.random.default_rng(0), tmp_path_factory.mktemp("run")
    features, identity = rng.random([40, 2, 24]), rng.normal(size=[40, 2, 8])
    identity /= np.linalg.norm(identity, axis=-1, keepdims=True)
    index = folders.write(tmp_path_factory.mktemp("prepared"), features, identity, fingerprint=tiny_encoder.fingerprint)
    config = dataclasses.replace(tiny_training.config((3, 100), WEIGHTS, .05), photos=str(index.folder), output=str(folder),
                                 save_every=2, seed=3)
    run_settings.keep(folder / SETTINGS, *recorded(config, tiny_model, tiny_encoder, index))
    training = tiny_training.build(tiny_model, tiny_encoder, (3, 0))
    tiny_training.run(training, folder / "checkpoints", tiny_training.two_stages(tiny_model, tiny_encoder, (3, 0))[:1])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(morphable, "load", lambda _: tiny_model)
        patch.setattr(registry, "load", lambda *_, **__: tiny_encoder)
        begun = ablation_training.Start(folder)
        begun.weights = weights(training)
        yield begun


class Ablated:
    """An ablation, and what each training began with: (model, its weights, stage, checkpoints' step)."""

    def __init__(self, start, bench, output, seeds=1, steps=STEPS):
        self.trained, run, measured = [], loop.run, FewNumbers.measured

        def noting(model, stage, saved, watchers):
            self.trained.append((model, weights(model), stage, saved.step))
            run(model, stage, saved, watchers)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(loop, "run", noting)
            self.found = ablation.ablate(start, bench, output, seeds, steps)
        self.measured = FewNumbers.measured - measured


@pytest.fixture(scope="module")
def judge(tiny_encoder):
    return Encoder("colors", 32, tiny_encoder.template, lambda pictures: (pictures[:, 16, 16], pictures[:, 16, 16]))


def weights(model):
    return np.concatenate([variable.numpy().ravel() for variable in model.decoder.variables])


@pytest.fixture(scope="module")
def bench(tiny_model, tiny_encoder):
    return FewNumbers("photos", 5, tiny_encoder, tiny_model, 2)


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    return tmp_path_factory.mktemp("ablation")


@pytest.fixture(scope="module")
def ablated(start, bench, output):
    return Ablated(start, bench, output)


def values(figures):
    return np.array([list(people.values()) for part in figures.values.values() for people in part.values()])


def test_each_setting_takes_away_what_it_is_called_after_and_nothing_else(ablated):
    assert [(model.weights_of_losses, model.views) for model, *_ in ablated.trained] == [
        (WEIGHTS, 2), (dataclasses.replace(WEIGHTS, batch=0.), 2), (dataclasses.replace(WEIGHTS, loopback=0.), 2), (WEIGHTS, 1)]
    drawn = [next(iter(stage.batches(0)))["views"].background.shape[0] for _, _, stage, _ in ablated.trained]
    assert drawn == [6, 6, 6, 3]
    assert list(ablated.found) == [*NAMES, "stage 1 only"]


def test_all_begin_with_the_decoder_of_stage_1_and_end_with_different_ones(ablated, start):
    for _, begun, stage, step in ablated.trained:
        np.testing.assert_array_equal(begun, start.weights)
        assert (stage.first, stage.last, step) == (0, STEPS, 0)
    ends = [start.weights, *(weights(model) for model, *_ in ablated.trained)]
    assert all(np.abs(one - other).max() > 1e-4 for one, other in itertools.combinations(ends, 2))
    found = [values(figures) for figures, in ablated.found.values()]
    assert all(np.abs(one - other).max() > 1e-4 for one, other in itertools.combinations(found, 2))


def test_settings_see_the_same_batches_and_another_seed_sees_others(ablated, start, tmp_path):
    def batch(stage):
        """Of step 1: photos, synthetic faces, and the first face's first light."""
        found = next(iter(stage.batches(1)))
        return found["photos"].features.numpy(), found["synthetic"].features.numpy(), found["views"].lights.positions[0, 0].numpy()

    (photos, faces, light), *others = (batch(stage) for _, _, stage, _ in ablated.trained)
    for other in others[:2]:
        for one, same in zip((photos, faces, light), other, strict=True):
            np.testing.assert_array_equal(one, same)
    np.testing.assert_array_equal(photos, others[2][0])
    config = start.config({}, 1, tmp_path / "seed1", STEPS)
    stopped = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "run", lambda model, stage, *_: stopped.append(batch(stage)))
        start.train(config)
    assert (stopped[0][0] != photos).any() and (stopped[0][2] != light).any()
    np.testing.assert_array_equal(stopped[0][1], faces)


def test_what_is_finished_is_neither_trained_nor_measured_again(ablated, start, bench, output):
    assert (len(ablated.trained), ablated.measured) == (4, 5)
    again = Ablated(start, bench, output)
    assert (again.trained, again.measured) == ([], 0)
    for setting, (figures,) in ablated.found.items():
        kept, = again.found[setting]
        assert kept.values == figures.values
        np.testing.assert_array_equal(kept.faces, figures.faces)
        np.testing.assert_array_equal(kept.photos, figures.photos)


def test_one_that_was_stopped_goes_on_there_and_comes_to_the_same_end(ablated, start, bench, output, tmp_path, caplog):
    shutil.copytree(output, tmp_path / "copy")
    folder = tmp_path / "copy" / "no_loopback" / "seed0"
    for path in [*(folder / "checkpoints").glob("hybrid.*"), *(folder / "checkpoints").glob(f"ckpt-{STEPS}.*")]:
        path.unlink()
    (folder / "measured.npz").unlink()
    with caplog.at_level("INFO", "absl"):
        again = Ablated(start, bench, tmp_path / "copy")
    (_, _, _, step), = again.trained
    assert (step, again.measured) == (2, 1)
    np.testing.assert_allclose(values(again.found["no loopback"][0]), values(ablated.found["no loopback"][0]), atol=2e-3)
    told = [line for line in caplog.messages if line.startswith("run ")]
    assert told[:3] == ["run 1 of 4: full, seed 0", "run 2 of 4: no batch distribution, seed 0", "run 3 of 4: no loopback, seed 0"]
    assert told[3] == "run 4 of 4: single view, seed 0, about 0:00:00 left"


def test_other_steps_or_another_start_are_refused_in_the_same_folder(ablated, start, bench, output):
    with pytest.raises(ValueError, match=r"full/seed0/settings.jsonl: begun with hybrid_steps = 4, but 6 was asked for; give that "
                                         "again, or another folder"):
        Ablated(start, bench, output, steps=6)
    digest, start.digest = start.digest, "another"
    try:
        with pytest.raises(ValueError, match=f"begun with start = '{digest}', but 'another' was asked for"):
            start.train(start.config({}, 0, output / "full" / "seed0", STEPS))
    finally:
        start.digest = digest


def test_another_bench_and_a_damaged_file_are_measured_anew(start, bench, tmp_path):
    def measured(bench):
        before = FewNumbers.measured
        figures = bench.figures(tmp_path / "measured.npz", start.digest, start.reconstructor)
        assert (tmp_path / "measured.npz").is_file()
        return FewNumbers.measured - before, values(figures)

    (first, found), (second, kept) = measured(bench), measured(bench)
    assert (first, second) == (1, 0)
    np.testing.assert_array_equal(found, kept)
    assert measured(bench._replace(people=6))[0] == 1
    (tmp_path / "measured.npz").write_bytes(b"PK cut")
    assert measured(bench)[0] == 1


def test_a_run_without_the_end_of_its_stage_1_is_told(start, tmp_path):
    shutil.copytree(start.run.folder, tmp_path / "run", ignore=shutil.ignore_patterns("synthetic.*"))
    with pytest.raises(ValueError, match="run/checkpoints/synthetic: no checkpoint found; train first, with morph3d-train"):
        ablation_training.Start(tmp_path / "run")


def test_judge_and_other_morphable_model_are_not_those_of_the_training(start, small_embedded, judge, monkeypatch):
    monkeypatch.setattr(ablation, "FLAGS", types.SimpleNamespace(
        run="runs/mine", recognizer="dlib", geometry="gnm.npz", test_photos="photos", people=9, count=3))
    with pytest.raises(ValueError, match="--recognizer=dlib: runs/mine is trained with it; expected another one"):
        ablation._bench(start)
    monkeypatch.setattr(registry, "load", lambda *_, **__: judge)
    with pytest.raises(ValueError, match="--geometry=gnm.npz: runs/mine is trained with it; expected another one"):
        ablation._bench(start)
    monkeypatch.setattr(morphable, "load", lambda _: small_embedded)
    assert ablation._bench(start) == Bench("photos", 9, judge, small_embedded, 3)


def test_the_judge_may_not_be_the_recognizer_of_the_training_though_that_has_colors_beside_its_features(start, monkeypatch):
    recognizer = start.run.encoder
    monkeypatch.setattr(registry, "load", lambda *_, **__: recognizer)
    monkeypatch.setattr(start.run, "encoder", skin_color.beside(recognizer))
    monkeypatch.setattr(ablation, "FLAGS", types.SimpleNamespace(run="runs/mine", recognizer="dlib", geometry="gnm.npz"))
    with pytest.raises(ValueError, match="--recognizer=dlib: runs/mine is trained with it"):
        ablation._bench(start)
