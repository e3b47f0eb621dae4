"""Preparation that is stopped, refused or hindered: nothing is lost, half-written or overwritten."""
import errno
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import textwrap

import pytest
import tensorflow as tf

from morph3d.data import sources
from morph3d.data.prepared import dataset, ledger, pipeline, shards
from tests.data.prepared.making import count_work, prepare, save, shard_files


def test_a_folder_begun_otherwise_is_refused_and_kept(photos, encoder):
    before = shard_files(index := prepare(photos, encoder))
    fewer = shutil.copytree(photos, photos.parent / "fewer")
    (fewer / "Bob" / "1.png").unlink()
    save(shutil.copytree(photos, photos.parent / "changed") / "Bob" / "0.png", .1)
    for source, settings, name in (("fewer", {}, "source"), ("changed", {}, "source"), ("photos", {"kinds": ["crops"]}, "kinds")):
        with pytest.raises(ValueError, match=f"settings.jsonl: begun with {name} = .*another folder"):
            prepare(photos.parent / source, encoder, index.folder, **settings)
    assert shard_files(index) == before and dataset.read_index(index.folder) == index


def test_a_folder_begun_by_another_version_is_refused(photos, encoder, monkeypatch):
    before = shard_files(index := prepare(photos, encoder))
    monkeypatch.setattr(dataset, "FORMAT", dataset.FORMAT + 1)
    with pytest.raises(ValueError, match="settings.jsonl: begun with format = 2, but 3 was asked for; .* another folder"):
        prepare(photos, encoder)
    assert shard_files(index) == before


def run(code, photos, encoder):
    """Prepares in another process, after `code` with `make` (of shards) and `number` (of the shard)."""
    script = f"""
        import os, resource, signal
        from morph3d.data.prepared import pipeline, shards
        pipeline.PHOTOS_IN_SHARD = 3
        make = shards.make
        def hurt(folder, number, *rest):
            {code}
            return make(folder, number, *rest)
        shards.make = hurt
        pipeline.prepare({str(photos)!r}, {str(photos.parent / "prepared")!r}, {encoder!r})"""
    return subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True,
                          env=os.environ | {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"})


def test_a_killed_run_goes_on_and_ends_as_an_uninterrupted_one(photos, encoder, monkeypatch):
    uninterrupted = shard_files(prepare(photos, encoder, photos.parent / "whole"))
    # In the middle of the third shard: its files are open, and one record is written.
    killed = run("""if number == 2:
                shards._examples = lambda *_: (b'x' if i == 0 else os.kill(os.getpid(), signal.SIGKILL) for i in range(2))""",
                 photos, encoder)
    assert killed.returncode == -signal.SIGKILL
    folder = photos.parent / "prepared"
    assert sorted(path.name for path in (folder / "crops").iterdir() if path.name[0] != ".") == ["00000.tfrecord", "00001.tfrecord"]
    assert any(path.name[0] == "." for path in (folder / "crops").iterdir()) and not (folder / dataset.INDEX).exists()
    made = count_work(monkeypatch)
    assert shard_files(prepare(photos, encoder)) == uninterrupted and made == [2]


def test_a_lost_worker_costs_no_finished_shard_and_leaves_nothing_behind(photos, encoder, monkeypatch):
    """Seen with Dask: the tasks of a killed worker are given out again, finished or not."""
    half_written = photos.parent / "prepared" / "crops" / f".{'0' * 32}.00001.tfrecord"

    def everywhere(_, work, tasks, __):
        for task in 2 * tasks:
            work(*task)
        half_written.parent.mkdir(exist_ok=True)
        half_written.touch()

    made = count_work(monkeypatch)
    monkeypatch.setattr(pipeline, "_everywhere", everywhere)
    assert prepare(photos, encoder).records == 9 and made == [0, 1, 2]
    assert not half_written.exists()


def test_a_full_disk_stops_with_one_line_and_keeps_what_is_finished(photos, encoder, monkeypatch):
    full = run("""if number == 1:
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (500, -1))""", photos, encoder)
    assert full.returncode == 1
    assert "00001.tfrecord: cannot be written" in full.stderr
    assert "make room and start again: what is finished is kept" in full.stderr
    assert [path.name for path in (photos.parent / "prepared" / "crops").iterdir()] == ["00000.tfrecord"]
    made = count_work(monkeypatch)
    assert prepare(photos, encoder).records == 9 and made == [1, 2]


def test_what_cannot_be_read_at_the_moment_is_not_left_out_but_waited_for(photos, encoder, monkeypatch):
    contents = sources.contents

    def failing(listed):
        for photo, data in zip(listed, contents(listed)):
            yield OSError(errno.EIO, "Input/output error") if photo.key == "Bob/2.png" else data

    monkeypatch.setattr(sources, "contents", failing)
    with pytest.raises(OSError, match="^Bob/2.png: cannot be read at the moment .Input/output error.; start again when it can"):
        prepare(photos, encoder)
    monkeypatch.setattr(sources, "contents", contents)
    assert prepare(photos, encoder).records == 9


def test_files_that_are_not_ours_stay(photos, encoder):
    theirs = [photos.parent / "prepared" / "crops" / name for name in ("10001.jpg", ".hidden", "00099.tfrecord")]
    theirs[0].parent.mkdir(parents=True)
    for path in theirs:
        path.touch()
    prepare(photos, encoder)
    assert all(path.exists() for path in theirs)


def test_a_folder_within_the_source_is_refused(photos, encoder):
    with pytest.raises(ValueError, match="lies in the folder of the photos, .*photos; give one outside it"):
        prepare(photos, encoder, photos / "prepared")
    assert not (photos / "prepared").exists()


def test_two_programs_do_not_prepare_one_folder_at_once(photos, encoder):
    plan = photos.parent / "prepared" / "plan"
    plan.mkdir(parents=True)
    with open(plan / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ValueError, match="prepared: another program is preparing photos in this folder"):
            prepare(photos, encoder)
    assert prepare(photos, encoder).records == 9


def test_workers_that_do_not_share_the_folder_are_named(photos, encoder, monkeypatch):
    monkeypatch.setattr(pipeline, "PATIENCE", 0.)
    monkeypatch.setattr(pipeline, "_take_digests", lambda *_: None)
    with pytest.raises(OSError, match="prepared: 3 shards are not there although they were made; do all workers share this folder"):
        prepare(photos, encoder)
    with pytest.raises(OSError, match="00007.list.json: not found, but it was written before; do all workers see this folder"):
        ledger.Notes(photos.parent).listed(7)


def test_notes_that_cannot_be_written_say_what_to_do(tmp_path):
    (tmp_path / "plan").touch()
    with pytest.raises(OSError, match="00000.made.json: cannot be written .*; make room and start again"):
        ledger.Notes(tmp_path).write(0, ledger.MADE, "", {})


def test_an_error_of_the_encoder_is_not_blamed_on_the_disk(photos, encoder, monkeypatch):
    def fail(*_):
        raise tf.errors.ResourceExhaustedError(None, None, "no memory for the encoder")

    monkeypatch.setattr(shards, "encode", fail)
    with pytest.raises(Exception, match="no memory for the encoder") as caught:
        prepare(photos, encoder)
    assert "cannot be written" not in str(caught.value)
