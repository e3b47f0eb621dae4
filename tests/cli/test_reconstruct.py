"""morph3d-reconstruct from outside: what it takes, what it writes, and what it says of what cannot be done."""
import csv
import json
import os
import subprocess
import sys

import cv2
import numpy as np
import pytest
import skimage.data
import trimesh

from morph3d import images
from morph3d.cli import program as programs
from morph3d.inference import export
from morph3d.morphable.model import MorphableModel
from tests.cli.test_programs import ROOT, last_line, program

ASTRONAUT = skimage.data.astronaut()


@pytest.fixture(scope="module")
def work(tiny_reconstructor, tmp_path_factory):
    """A folder with a network, whose faces have a blendshape, photos, and what is none."""
    folder = tmp_path_factory.mktemp("work")
    encoder, decoder, tiny = tiny_reconstructor.network._parts()
    blendshapes = {"jawOpen": np.full(tiny.mean_vertices.shape, 5., np.float32)}
    model = MorphableModel(tiny.name, tiny.mean_vertices, tiny.mean_colors, tiny.shape_basis, tiny.texture_basis,
                           tiny.expression_basis, tiny.triangles, tiny.landmarks, blendshapes)
    export.save(export.ReconstructionNetwork(encoder, decoder, model), folder / "network")
    for name, photo in {"0": ASTRONAUT, "1": ASTRONAUT[:, ::-1], "old/0": ASTRONAUT, "wall": np.full_like(ASTRONAUT, 90)}.items():
        images.write_png(folder / "photos" / f"{name}.png", photo)
    (folder / "photos" / "notes.txt").write_text("dear diary")
    (folder / "bad.jpg").write_bytes(b"PK\x03\x04 a zip")
    (folder / "film.mp4").write_bytes(b"no frames")
    images.write_png(folder / "two.png", np.hstack([ASTRONAUT, ASTRONAUT]))
    return folder


@pytest.fixture(autouse=True)
def cache(work, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(work / "cache"))


def reconstruct(work, output, *arguments):
    return program("reconstruct", f"--model={work / 'network'}", f"--output={work / output}", *arguments)


def written(work, output):
    return sorted(str(path.relative_to(work / output)) for path in (work / output).rglob("*") if path.is_file())


def test_of_a_folder_every_photo_is_taken_and_one_without_a_face_does_not_stop_the_others(work):
    result = reconstruct(work, "all", work / "photos", work / "bad.jpg", "--formats=glb,json,html", "--noblendshapes")
    assert last_line(result) == "error: 2 of 5 photos gave no face, see above"
    assert written(work, "all") == ["0.glb", "0.json", "1.glb", "1.json", "index.html", "old/0.glb", "old/0.json"]
    assert result.stdout.splitlines() == [str(work / "all" / name) for name in (
        "0.glb", "0.json", "1.glb", "1.json", "old/0.glb", "old/0.json", "index.html")]
    for words in (f"left out 1 files: {work / 'photos' / 'notes.txt'}: neither a photo nor a video", "3 faces of 3 photos in ",
                  f"{work / 'photos' / 'wall.png'}: no face found; give a photo", f"{work / 'bad.jpg'}: not an image"):
        assert words in result.stderr
    assert trimesh.load(work / "all" / "old" / "0.glb", force="mesh").visual.kind == "texture"
    assert b"jawOpen" not in (work / "all" / "0.glb").read_bytes()


def test_all_faces_are_numbered_from_left_to_right_and_else_counted(work):
    every = reconstruct(work, "every", work / "two.png", "--faces=all", "--formats=ply")
    assert every.returncode == 0 and written(work, "every") == ["two_1.ply", "two_2.ply"]
    one = reconstruct(work, "one", work / "two.png", "--formats=ply")
    assert one.returncode == 0 and written(work, "one") == ["two.ply"]
    assert "two: 2 faces were seen: the main one is taken; ask for all to have each" in one.stderr


def test_one_face_is_made_of_many_photos(work):
    result = reconstruct(work, "together", work / "photos", "--average", "--formats=json")
    assert result.returncode == 0 and written(work, "together") == ["average.json"]
    assert "average: made of 3 of 4 pictures, without 1 without a face or unreadable" in result.stderr
    assert len(json.loads((work / "together" / "average.json").read_text())["landmarks"]) == 68


def test_paths_are_taken_from_standard_input(work):
    command = [sys.executable, "-m", "morph3d", "reconstruct", f"--model={work / 'network'}", f"--output={work / 'listed'}",
               "--formats=json", "-"]
    listed = f"{work / 'photos' / '0.png'}\n{work / 'photos' / '1.png'}\n"
    result = subprocess.run(command, cwd=ROOT, input=listed, capture_output=True, text=True)
    assert result.returncode == 0 and written(work, "listed") == ["0.json", "1.json"]


def test_the_users_own_files_stay_and_the_face_gets_another_name(work):
    (work / "mine").mkdir()
    for name in "0.glb", "index.html":
        (work / "mine" / name).write_text("mine")
    for _ in range(2):  # the second time over what the first has written
        result = reconstruct(work, "mine", work / "photos" / "0.png", "--formats=glb,html")
        assert result.returncode == 0
        assert "0: another face or a file that is not morph3d's has that name; this face is 0_2" in result.stderr
        assert written(work, "mine") == ["0.glb", "0_2.glb", "index.html", "index_2.html"]
        assert b"jawOpen" in (work / "mine" / "0_2.glb").read_bytes()
    assert all((work / "mine" / name).read_text() == "mine" for name in ("0.glb", "index.html"))


def test_a_file_of_any_name_gives_a_face(work):
    name = os.fsdecode(b"\xff\xfe face")
    (work / f"{name}.png").write_bytes((work / "photos" / "0.png").read_bytes())
    result = reconstruct(work, "bytes", work / f"{name}.png", "--formats=glb,obj,html")
    assert result.returncode == 0, result.stderr
    assert f"{name}.glb" in written(work, "bytes")


@pytest.mark.parametrize("arguments, words", [
    (["nowhere.jpg"], "error: nowhere.jpg: no such photo, video or folder"),
    (["--average", "--fit", "photos"], "error: --average: found a fit asked for too, expected one of the two"),
    (["--formats=stl", "photos/0.png"], "error: --formats: found stl, expected some of glb, obj, ply, npz, json, png, csv, html"),
    (["photos/wall.png"], "photos/wall.png: no face found; give a photo with "),
    (["bad.jpg"], "bad.jpg: not an image; give another photo"),
    (["film.mp4"], "film.mp4: no frame can be read; give a video that OpenCV reads")])
def test_what_cannot_be_done_is_one_line(work, arguments, words):
    arguments = [work / part if (work / part).exists() else part for part in arguments]
    result = reconstruct(work, "never", *arguments)
    assert words in last_line(result) and result.stderr.count("\n") == 1 and not (work / "never").exists()


def test_each_of_many_bad_ones_is_one_line_with_a_remedy_and_the_others_go_on(work, tmp_path):
    drawing = np.full_like(ASTRONAUT, 255)
    for center, radius in ((256, 256), 150), ((200, 220), 15), ((312, 220), 15), ((256, 330), 40):
        cv2.circle(drawing, center, radius, (0, 0, 0), 3)
    images.write_png(tmp_path / "drawing.png", drawing)
    images.write_png(tmp_path / "black.png", np.zeros_like(ASTRONAUT))
    (tmp_path / "cut.png").write_bytes(images.png(ASTRONAUT)[:-5000])
    (tmp_path / "me.png").write_bytes(images.png(ASTRONAUT))
    for name in "film.mp4", "film.avi":
        (tmp_path / name).write_bytes(b"no frames")
    (tmp_path / "zip.jpg").write_bytes(b"PK\x03\x04 a zip")
    (tmp_path / "no photos").mkdir()
    result = reconstruct(work, "bad", tmp_path, "--formats=json")
    assert last_line(result) == "error: 6 of 7 photos gave no face, see above" and written(work, "bad") == ["me.json"]
    told = [line for line in result.stderr.splitlines() if line.strip() and "photos/s]" not in line]
    face, film = "no face found; give a photo with ", "no frame can be read; give a video that OpenCV reads"
    for line, words in zip(told, [f"black.png: {face}", "cut.png: damaged image: image file is truncated; give another photo",
                                  f"drawing.png: {face}", f"film.avi: {film}", f"film.mp4: {film}",
                                  "zip.jpg: not an image; give another photo", "1 faces of 1 photos in ", "error: "], strict=True):
        assert words in line


def test_an_output_that_cannot_be_written_is_one_line(work):
    (work / "file").write_text("mine")
    result = reconstruct(work, "file/faces", work / "photos" / "0.png", "--formats=glb")
    assert last_line(result) == (f"error: {work / 'file' / 'faces'}: cannot be written (Not a directory); make room there, or give "
                                 "another --output")
    assert (work / "file").read_text() == "mine"


def test_who_reads_nothing_of_what_is_written_stops_nothing(work):
    command = f"'{sys.executable}' -m morph3d reconstruct --model={work / 'network'} --output={work / 'unread'} --formats=json " \
              f"{work / 'photos' / '0.png'} {work / 'photos' / '1.png'} | true"
    result = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True)
    assert written(work, "unread") == ["0.json", "1.json"] and "2 faces of 2 photos" in result.stderr.splitlines()[-1]


def test_a_folder_without_photos_is_named(work, tmp_path):
    assert last_line(reconstruct(work, "never", tmp_path)) == f"error: {tmp_path}: found no photo and no video"


def test_nothing_given_is_told_with_what_is_expected(work):
    result = reconstruct(work, "never")
    assert result.returncode != 0 and "nothing given, expected photos, videos or folders of them" in result.stderr + result.stdout


def test_what_keras_would_import_for_itself_is_there_for_others():
    code = ("import sys\nfrom morph3d.cli import program\nwith program._hidden('sklearn', 'os'):\n    import tensorflow\n"
            "assert 'sklearn' not in sys.modules and 'os' in sys.modules\nimport sklearn, keras")
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
    with pytest.raises(ImportError), programs._hidden("this"):
        import this  # noqa: F401


@pytest.mark.slow  # measures the network that comes along, which takes half a minute
def test_a_video_is_fitted_frame_by_frame(work):
    """The astronaut, moved to the right by 3 pixels a frame, and a photo, which has no track."""
    writer = cv2.VideoWriter(str(work / "moving.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 25., (512, 512))
    for number in range(10):
        writer.write(cv2.warpAffine(ASTRONAUT, np.float64([[1., 0., 3. * number], [0., 1., 0.]]), (512, 512))[..., ::-1])
    writer.release()
    result = program("fit", work / "moving.mp4", work / "photos" / "0.png", "--nophotometric", "--formats=glb,csv,png",
                     f"--output={work / 'tracks'}", XDG_CACHE_HOME=str(work / "cache"))
    assert result.returncode == 0, result.stderr
    assert written(work, "tracks") == ["0.glb", "0_views.png", "moving.csv", "moving.glb", "moving_views.png"]
    assert "moving: a track of 10 frames" in result.stderr
    with open(work / "tracks" / "moving.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    places, yaws = (np.array([float(row[name]) for row in rows]) for name in ("x_mm", "yaw_degrees"))
    assert len(rows) == 10 and len(rows[0]) == 7 + 51 + 1 and (np.diff(places) > 0.).all() and np.ptp(yaws) < 3.
    assert b'"animations"' in (work / "tracks" / "moving.glb").read_bytes()
    assert b'"animations"' not in (work / "tracks" / "0.glb").read_bytes()
