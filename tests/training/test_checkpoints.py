"""Checkpoints: found in every folder, and the newest whole one is taken where others are cut short or gone."""
import pathlib
import shutil
import tempfile

import hypothesis
import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import strategies

from morph3d import decoder
from morph3d.training import checkpoints


def run(folder, hidden=5, optimizer=None):
    """A small decoder, and the Checkpoints of its training."""
    network = decoder.build(4, 3, 2, hidden=(hidden,))
    return network, checkpoints.Checkpoints(folder, network, optimizer or keras.optimizers.Adam())


def save(folder, *steps):
    """Saves a checkpoint of each step; all its weights are the step's number."""
    optimizer = keras.optimizers.Adam()
    network, saved = run(folder, optimizer=optimizer)
    for step in steps:
        fill(network, step)
        optimizer.iterations.assign(step)
        saved.save()


def fill(network, value):
    for variable in network.variables:
        variable.assign(tf.fill(variable.shape, tf.cast(value, variable.dtype)))


def value(network):
    """What all weights are."""
    values = {float(number) for variable in network.variables for number in np.ravel(variable)}
    assert len(values) == 1
    return values.pop()


def newest(folder, way):
    """What is restored from the folder in one of the two ways, as a step."""
    network, saved = run(folder)
    if way == "training":
        step = saved.restore()
        assert saved.latest == str(folder / f"ckpt-{step}") and value(network) == step
    else:
        checkpoints.restore_decoder(folder, network)
    return value(network)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A folder with checkpoints 1, 2 and 3, to be copied."""
    folder = tmp_path_factory.mktemp("saved")
    save(folder, 1, 2, 3)
    return folder


@pytest.fixture
def folder(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "a[b]")


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


both_ways = pytest.mark.parametrize("way", ["training", "decoder"])


@pytest.mark.parametrize("name", ["plain", "a[b]", "a*", "a?", "a b", "größe 日本", "back\\slash", "100%s", "{x}", "-"])
def test_a_folder_may_have_any_name(tmp_path, name):
    folder, sibling = tmp_path / name, tmp_path / "ab"  # the sibling's name is what some of these are patterns of
    save(sibling, 1)
    before = content(sibling)
    save(folder, 1, 2, 3, 4)
    assert content(sibling) == before
    assert sorted(path.stem for path in folder.glob("*.index")) == ["ckpt-2", "ckpt-3", "ckpt-4"]
    assert newest(folder, "training") == newest(folder, "decoder") == 4
    network, saved = run(folder)
    fill(network, 7)
    saved.save_stage("synthetic")
    for path, expected in ((folder / "ckpt-2", 2), (str(folder / "synthetic"), 7)):
        checkpoints.restore_decoder(folder, network, path)
        assert value(network) == expected


def test_tensorflow_finds_the_newest_too(tmp_path):
    save(tmp_path, 1, 2, 3, 4)
    assert tf.train.latest_checkpoint(str(tmp_path)) == str(tmp_path / "ckpt-4")
    assert tf.train.get_checkpoint_state(str(tmp_path)).all_model_checkpoint_paths == [
        str(tmp_path / f"ckpt-{step}") for step in (2, 3, 4)]


def test_what_is_saved_already_is_not_written_again(tmp_path):
    save(tmp_path, 1)
    written = [path.stat().st_mtime_ns for path in sorted(tmp_path.iterdir())]
    network, saved = run(tmp_path)
    saved.restore()
    assert saved.save() == saved.latest == str(tmp_path / "ckpt-1")
    assert [path.stat().st_mtime_ns for path in sorted(tmp_path.iterdir())] == written


def test_who_does_not_write_knows_what_the_chief_has_saved(tmp_path):
    network = decoder.build(4, 3, 2, hidden=(5,))
    saved = checkpoints.Checkpoints(tmp_path / "run", network, keras.optimizers.Adam(), writes=False)
    saved.save_stage("synthetic")
    saved.save_best({"top1": 1.})
    assert saved.best is None
    assert saved.save() == saved.latest == str(tmp_path / "run" / "ckpt-0") and not (tmp_path / "run").exists()


def test_without_checkpoints_training_begins_and_nothing_can_be_exported(tmp_path):
    network, saved = run(tmp_path / "new")
    assert saved.restore() == 0 and saved.latest is None
    for path in None, tmp_path / "ckpt-3":
        with pytest.raises(ValueError, match=f"{path or tmp_path}: no checkpoint found; train first"):
            checkpoints.restore_decoder(tmp_path, network, path)


def cut(path, length):
    path.write_bytes(path.read_bytes()[:length])


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


DATA, INDEX = ".data-00000-of-00001", ".index"
damages = pytest.mark.parametrize("ending, damage", [
    pytest.param(DATA, lambda path: cut(path, -10), id="data cut"), pytest.param(DATA, lambda path: cut(path, 0), id="data empty"),
    pytest.param(DATA, pathlib.Path.unlink, id="data gone"), pytest.param(DATA, flip, id="data changed"),
    pytest.param(INDEX, lambda path: cut(path, -10), id="index cut"),
    pytest.param(INDEX, lambda path: cut(path, 0), id="index empty"), pytest.param(INDEX, pathlib.Path.unlink, id="index gone")])


@damages
@both_ways
def test_the_newest_whole_checkpoint_is_taken_and_one_line_says_so(folder, caplog, ending, damage, way):
    damage(folder / f"ckpt-3{ending}")
    before = content(folder)
    assert newest(folder, way) == 2
    told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(told) == 1 and told[0].startswith(f"{folder / 'ckpt-3'}: damaged (") and "\n" not in told[0]
    assert told[0].endswith(f"); taking {folder / 'ckpt-2'}") and "/proc" not in told[0]
    assert content(folder) == before


@hypothesis.given(strategies.sampled_from([DATA, INDEX]), strategies.floats(0., 1., exclude_max=True))
@hypothesis.settings(max_examples=40)
def test_wherever_a_checkpoint_is_cut_the_one_before_is_taken(saved, ending, share):
    with tempfile.TemporaryDirectory() as name:
        folder = shutil.copytree(saved, pathlib.Path(name, "run"))
        path = folder / f"ckpt-3{ending}"
        cut(path, int(share * path.stat().st_size))
        assert newest(folder, "decoder") == 2


@both_ways
@pytest.mark.parametrize("state", [None, "", 'model_checkpoint_path: "ckpt-', 'model_checkpoint_path: "ckpt-9"\n', "\0\0"])
def test_the_list_that_tensorflow_keeps_does_not_matter(folder, way, state):
    (folder / "checkpoint").unlink()
    if state is not None:
        (folder / "checkpoint").write_text(state)
    assert newest(folder, way) == 3


@both_ways
def test_where_none_is_whole_one_line_says_what_to_do_and_nothing_is_lost(folder, way):
    cut(folder / "ckpt-1.index", 5)
    cut(folder / f"ckpt-2{DATA}", 5)
    (folder / f"ckpt-3{DATA}").unlink()
    before = content(folder)
    with pytest.raises(ValueError) as error:
        newest(folder, way)
    message = str(error.value)
    assert message.startswith(f"{folder}: no checkpoint is whole ({folder / 'ckpt-3'}: damaged (")
    assert "ckpt-2: damaged (" in message and "ckpt-1: damaged (" in message
    assert message.endswith(")); put back a copy of one of them, or give another folder to begin anew") and "\n" not in message
    assert content(folder) == before


@damages
def test_a_damaged_checkpoint_that_was_asked_for_is_refused(folder, ending, damage):
    damage(folder / f"ckpt-3{ending}")
    network, _ = run(folder)
    fill(network, 7)
    with pytest.raises(ValueError, match="ckpt-3: damaged .*; give another"):
        checkpoints.restore_decoder(folder, network, folder / "ckpt-3")
    assert value(network) == 7


def test_a_damaged_checkpoint_ahead_of_the_run_does_not_push_out_whole_ones(tmp_path):
    save(tmp_path, 1, 2, 30)
    cut(tmp_path / f"ckpt-30{DATA}", 5)
    optimizer = keras.optimizers.Adam()
    _, saved = run(tmp_path, optimizer=optimizer)
    for step in (saved.restore() + 1, 4, 5):
        optimizer.iterations.assign(step)
        saved.save()
    assert sorted(path.stem for path in tmp_path.glob("*.index")) == ["ckpt-3", "ckpt-30", "ckpt-4", "ckpt-5"]


@both_ways
def test_a_checkpoint_of_another_model_is_refused(folder, way):
    network, saved = run(folder, hidden=6)
    with pytest.raises(ValueError, match="ckpt-3: of another model .*; give the run it belongs to"):
        saved.restore() if way == "training" else checkpoints.restore_decoder(folder, network)
