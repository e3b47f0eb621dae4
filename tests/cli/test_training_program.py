"""A whole run through the programs: train, stop, go on, export, reconstruct; and what they refuse on the way."""
import fcntl
import json
import re

import h5py
import numpy as np
import pytest
import skimage.data
import tensorflow as tf

from morph3d import images
from tests.cli.test_programs import last_line, program
from tests.encoders import recognizer


def write_basel(path, model, scale=1.):
    """The tiny model in the Basel layout."""
    with h5py.File(path, "w") as file:
        for group, mean, basis in (("shape", model.mean_vertices, model.shape_basis * scale),
                                   ("color", model.mean_colors, model.texture_basis),
                                   ("expression", model.mean_vertices * 0., model.expression_basis)):
            length = np.linalg.norm(basis, axis=1)
            file[f"{group}/model/mean"] = np.ravel(mean)
            file[f"{group}/model/pcaBasis"] = (basis / length[:, None]).numpy().T
            file[f"{group}/model/pcaVariance"] = length**2
        file["shape/representer/cells"] = model.triangles.numpy().T
        names = {8: "center.chin.tip", 30: "center.nose.tip", 36: "right.eye.corner_outer", 39: "right.eye.corner_inner",
                 42: "left.eye.corner_inner", 45: "left.eye.corner_outer", 48: "right.lips.corner", 54: "left.lips.corner",
                 51: "center.lips.upper.outer", 57: "center.lips.lower.outer"}
        points = [{"id": name, "coordinates": model.mean_vertices.numpy()[model.landmarks[i]].astype(float).tolist()}
                  for i, name in names.items()]
        file["metadata/landmarks/json"] = json.dumps(points)


@pytest.fixture(scope="module")
def work(tiny_model, tmp_path_factory):
    """A folder with four photos of a face, a broken one, and two morphable models."""
    folder = tmp_path_factory.mktemp("work")
    photo = skimage.data.astronaut()
    for i, light in enumerate((1., .9, .8, .7)):
        images.write_png(folder / "photos" / f"{i}.png", np.uint8(photo * light))
    (folder / "photos" / "broken.jpg").write_text("no photo")
    write_basel(folder / "model.h5", tiny_model)
    write_basel(folder / "other.h5", tiny_model, scale=2.)
    return folder


def train(work, *changes, photos="photos"):
    return program("train", f"--photos={work / photos}", f"--output={work / 'run'}", f"--morphable_model={work / 'model.h5'}",
                   "--synthetic_faces=128", "--synthetic_steps=2", "--synthetic_batch=4", "--hybrid_photo_batch=8",
                   "--hybrid_drawn_photos=2", "--hybrid_views=1", "--hybrid_synthetic_batch=2", *changes)


@pytest.fixture(scope="module")
def trained(work):
    return train(work, "--hybrid_steps=2")


def test_training_skips_what_is_no_photo_and_says_so(work, trained):
    assert trained.returncode == 0, trained.stderr
    assert "prepared 4 of 5 photos; left out: 1 " in trained.stderr
    assert (work / "run" / "prepared" / "rejects.tsv").read_text().startswith("broken.jpg\t")
    assert "photos/s" in trained.stderr


BAR = re.compile(r"(reading|preparing|synthetic stage|hybrid stage): .*")


def test_nothing_but_its_own_words_is_on_standard_error(work, trained):
    lines = [line for line in re.split(r"[\r\n]+", trained.stderr) if line and not BAR.fullmatch(line)]
    assert [line.partition(":")[0] for line in lines] == [
        str(work / "photos"), "validation", "synthetic faces", "standard deviation of the photos' coefficients", "trained"], lines


def test_a_finished_run_has_nothing_left_to_do(work, trained):
    checkpoint = (work / "run" / "checkpoints" / "checkpoint").read_text()
    again = train(work, "--hybrid_steps=2")
    assert again.returncode == 0 and "going on from" in again.stderr
    assert (work / "run" / "checkpoints" / "checkpoint").read_text() == checkpoint


@pytest.mark.slow
def test_photos_prepared_beforehand_give_the_same_training(work, trained):
    made = program("prepare", f"--photos={work / 'photos'}", f"--output={work / 'prepared'}")
    assert made.returncode == 0 and f"now morph3d-train --photos={work / 'prepared'}" in made.stderr, made.stderr
    again = train(work, "--hybrid_steps=2", f"--output={work / 'run2'}", photos="prepared")
    assert again.returncode == 0 and not (work / "run2" / "prepared").exists(), again.stderr
    ends = [[line for line in result.stderr.splitlines() if "standard deviation of the photos" in line][0]
            for result in (trained, again)]
    assert ends[0] == ends[1]
    other = train(work, f"--output={work / 'run3'}", f"--encoder=saved_model:{save(work)}", photos="prepared")
    assert ("prepared with another encoder, other weights or another choice of --color_features (dlib) than saved_model:"
            in last_line(other))


def save(work):
    """A recognizer of somebody else."""
    network = recognizer.Recognizer()
    tf.saved_model.save(network, str(work / "recognizer"), {"serving_default": network.encode})
    return work / "recognizer"


def test_a_run_of_another_model_is_refused_and_kept(work, trained):
    before = sorted((path, path.stat().st_mtime_ns) for path in (work / "run" / "checkpoints").iterdir())
    result = train(work, "--hybrid_steps=2", f"--morphable_model={work / 'other.h5'}")
    assert "settings.jsonl: begun with fingerprint = " in last_line(result)
    assert before == sorted((path, path.stat().st_mtime_ns) for path in (work / "run" / "checkpoints").iterdir())


def test_too_few_photos_for_a_batch_are_refused_before_training(work, trained):
    result = train(work, "--hybrid_steps=2", "--hybrid_photo_batch=128", f"--output={work / 'never'}")
    assert last_line(result).endswith("8 faces to train on (mirrored ones counted), fewer than the 128 of a batch; give more "
                                      "photos or a smaller --hybrid_photo_batch")
    assert not (work / "never" / "settings.jsonl").exists()


def test_export_and_reconstruct(work, trained, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(work / "cache"))
    for stage in ("synthetic", "hybrid"):
        exported = program("export", f"--run={work / 'run'}", f"--output={work / stage}",
                           f"--checkpoint={work / 'run' / 'checkpoints' / stage}")
        assert exported.returncode == 0, exported.stderr
    made = program("reconstruct", f"--model={work / 'hybrid'}", f"--output={work / 'faces'}", work / "photos" / "0.png")
    assert made.returncode == 0, made.stderr
    assert made.stderr.startswith("making a texture layout for 1280 triangles, once, into ") and made.stderr.count("\n") == 1
    assert made.stdout.splitlines() == [str(work / "faces" / name) for name in ("0.glb", "0_views.png", "index.html")]


def test_changes_of_rates_and_weights_are_told_and_kept(work, trained):
    changed = train(work, "--hybrid_steps=2", "--hybrid_learning_rate=1e-4", "--identity_weight=3")
    assert changed.returncode == 0
    assert "hybrid_learning_rate: 0.0005 -> 0.0001" in changed.stderr and "identity_weight: 25.0 -> 3.0" in changed.stderr
    assert len((work / "run" / "settings.jsonl").read_text().splitlines()) == 2


def test_another_precision_than_the_run_has_is_refused(work, trained):
    result = train(work, "--hybrid_steps=2", "--precision=mixed_bfloat16")
    assert "settings.jsonl: begun with precision = 'float32', but 'mixed_bfloat16' was asked for" in last_line(result)


def test_a_second_training_in_the_same_folder_is_refused(work, trained):
    with open(work / "run" / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert last_line(train(work, "--hybrid_steps=2")) == f"error: {work / 'run'}: another program is training in this folder"


def test_stray_arguments_are_refused(work):
    result = program("export", f"--run={work}", "b.jpg")
    assert result.returncode != 0 and "unexpected argument 'b.jpg'" in result.stderr + result.stdout
