"""A face's files, read by other programs."""
import csv
import dataclasses
import json
import pathlib

import numpy as np
import PIL.Image
import pytest
import skimage.data
import trimesh
from scipy.spatial.transform import Rotation

from morph3d.inference import face_files
from morph3d.inference.faces import Fitted, Followed
from morph3d.mesh import gltf, uv_atlas

NAMES = {"glb": ["me.glb"], "obj": ["me.obj", "me.mtl", "me_texture.png"], "ply": ["me.ply"], "npz": ["me.npz"],
         "json": ["me.json"], "png": ["me_views.png"], "csv": ["me.csv"]}


@pytest.fixture(scope="module")
def face(tiny_reconstructor):
    return tiny_reconstructor.reconstruct(skimage.data.astronaut())


@pytest.fixture(scope="module")
def filmed(face):
    """The face as it is fitted to a video of three frames, in the second of which it was not seen; with two blendshapes."""
    turns = Rotation.from_euler("yxz", [[20., 10., -5.], [0., 0., 0.], [-70., -30., 15.]], degrees=True)  # turned by yaw first
    track = gltf.Track(np.array([0., .04, .1]), np.array([[0., 1.], [.25, .5], [1., 0.]]), turns.as_matrix(),
                       np.array([[1., 2., 3.], [0., 0., 0.], [-4., -5., -6.5]]))
    picture = np.zeros([8, 8, 3], np.uint8)
    fitted = Fitted(face.vertices, np.eye(3), np.eye(3, 4), {}, np.zeros(2), dict.fromkeys(["photo", "mesh", "albedo"], picture),
                    followed=Followed(track, np.array([True, False, True])))
    bump = np.float32(face.vertices[:, 2:] > 60.) * [0., -20., 0.]
    return dataclasses.replace(face, blendshapes={"jawOpen": bump, "jawLeft": bump[:, ::-1]}, fitted=fitted)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.parametrize("ending, scale", [(".glb", 1000.), (".obj", 1.), (".ply", 1.), (".PLY", 1.)])
def test_a_mesh_is_saved_by_the_ending_of_its_file(face, tmp_path, ending, scale):
    face.save(tmp_path / f"me{ending}")
    mesh = trimesh.load(tmp_path / f"me{ending}", process=False, force="mesh")
    np.testing.assert_allclose(scale * mesh.triangles, face.vertices[face.triangles], atol=1e-3)


@pytest.mark.parametrize("form", ["glb", "obj"])
def test_a_texture_shows_the_colors_of_the_face(face, tmp_path, form):
    face.save(tmp_path / f"me.{form}")
    mesh = trimesh.load(tmp_path / f"me.{form}", process=False, force="mesh")
    material = mesh.visual.material
    picture = material.baseColorTexture if form == "glb" else material.image
    middles = trimesh.visual.color.uv_to_color(mesh.visual.uv[mesh.faces].mean(1), picture)[:, :3] / 255.
    np.testing.assert_allclose(middles, face.colors[face.triangles].mean(1), atol=.02)


def test_a_glb_has_the_blendshapes_of_the_face(face, tmp_path):
    moving = dataclasses.replace(face, blendshapes={"jawOpen": np.float32(face.vertices[:, 2:] > 60.) * [0., -20., 0.]})
    for name, each in ("still", face), ("moving", moving):
        each.save(tmp_path / f"{name}.glb")
    assert b"targetNames" not in (tmp_path / "still.glb").read_bytes()
    assert b'"targetNames": ["jawOpen"]' in (tmp_path / "moving.glb").read_bytes()


def test_a_glb_plays_the_track_of_a_video(filmed, tmp_path):
    for name, each, paths in (("all", filmed, {"rotation", "translation", "weights"}),
                              ("rigid", dataclasses.replace(filmed, blendshapes={}), {"rotation", "translation"})):
        each.save(tmp_path / f"{name}.glb")
        content = (tmp_path / f"{name}.glb").read_bytes()
        scene = json.loads(content[20:20 + int.from_bytes(content[12:16], "little")])
        animation, = scene["animations"]
        assert {channel["target"]["path"] for channel in animation["channels"]} == paths
        assert scene["meshes"][0].get("extras", {}).get("targetNames", []) == list(each.blendshapes)


def test_a_csv_has_the_track_of_a_video_frame_by_frame(filmed, tmp_path):
    filmed.save(tmp_path / "me.csv")
    with open(tmp_path / "me.csv", newline="") as file:
        head, *rows = csv.reader(file)
    assert head == ["time_s", "pitch_degrees", "yaw_degrees", "roll_degrees", "x_mm", "y_mm", "z_mm", "jawOpen", "jawLeft",
                    "seen_by_morph3d"]
    np.testing.assert_allclose(np.array(rows, float), [[0., 10., 20., -5., 1., 2., 3., 0., 1., 1.],
                                                       [.04, 0., 0., 0., 0., 0., 0., .25, .5, 0.],
                                                       [.1, -30., -70., 15., -4., -5., -6.5, 1., 0., 1.]], atol=1e-6)


def test_a_photo_has_no_track(face, filmed, tmp_path):
    assert face_files.offered(face, ["glb", "csv"]) == ["glb"] and face_files.offered(filmed, ["glb", "csv"]) == ["glb", "csv"]
    with pytest.raises(ValueError, match="me.csv: found a face without a track, expected one that was fitted to a video; choose"):
        face.save(tmp_path / "me.csv")


def test_numbers_come_back(face, tmp_path):
    for ending in "npz", "json":
        face.save(tmp_path / f"me.{ending}")
    text = json.loads((tmp_path / "me.json").read_text())
    with np.load(tmp_path / "me.npz") as arrays:
        for name in "shape", "texture", "landmarks":
            np.testing.assert_array_equal(arrays[name], getattr(face, name))
            np.testing.assert_allclose(text[name], getattr(face, name), rtol=1e-6)
        for name in "vertices", "colors", "triangles", "crop":
            np.testing.assert_array_equal(arrays[name], getattr(face, name))


def test_another_ending_is_refused(face, tmp_path):
    expected = ", ".join([".glb", ".obj", ".npz", ".json", ".csv", ".ply", ".png"])
    with pytest.raises(ValueError, match=f'me.stl: found extension ".stl", expected {expected}; rename'):
        face.save(tmp_path / "me.stl")


def test_all_formats_are_written_under_one_name_and_replaced(filmed, tmp_path):
    for each in dataclasses.replace(filmed, vertices=filmed.vertices * 2.), filmed:
        paths = face_files.save_all(each, tmp_path / "faces", "me", NAMES)
        assert [path.name for path in paths] == sum(NAMES.values(), []) and sorted((tmp_path / "faces").iterdir()) == sorted(paths)
    mesh = trimesh.load(tmp_path / "faces" / "me.ply", process=False)
    np.testing.assert_allclose(mesh.vertices, filmed.vertices, atol=1e-3)
    assert PIL.Image.open(tmp_path / "faces" / "me_views.png").size == (4 * 448, 448)
    assert set(NAMES) == set(face_files.FORMATS)


def test_a_face_with_uvs_of_its_own_is_textured_by_these(face, tmp_path, monkeypatch):
    own = uv_atlas.build(face.mesh)
    monkeypatch.setattr(uv_atlas, "read", None)  # which would lay out another
    dataclasses.replace(face, uvs=own).save(tmp_path / "me.obj")
    written = [line.split()[1:] for line in (tmp_path / "me.obj").read_text().splitlines() if line.startswith("vt ")]
    np.testing.assert_allclose(np.array(written, float), own.uvs, atol=1e-6)


@pytest.mark.parametrize("form, name", [(form, name) for form, names in NAMES.items() for name in names])
def test_a_name_that_a_file_of_somebody_else_has_gets_a_number(face, tmp_path, form, name):
    assert face_files.free_name(tmp_path, "me", NAMES) == "me"
    (tmp_path / name).write_text("mine")
    assert face_files.free_name(tmp_path, "me", [form]) == "me_2"
    assert all(face_files.free_name(tmp_path, "me", [other]) == "me" for other in NAMES if other != form)
    (tmp_path / name.replace("me", "me_2")).mkdir()
    assert face_files.free_name(tmp_path, "me", [form]) == "me_3"


def test_files_of_an_earlier_call_do_not_take_the_name(filmed, tmp_path):
    face_files.save_all(filmed, tmp_path, "me", NAMES)
    assert face_files.free_name(tmp_path, "me", NAMES) == "me"


def test_a_full_disk_leaves_nothing_half_written(face, tmp_path, monkeypatch):
    face.save(tmp_path / "me.glb")
    before = (tmp_path / "me.glb").read_bytes()

    def fail(path, content):
        path.touch()
        raise OSError("disk full")

    monkeypatch.setattr(pathlib.Path, "write_bytes", fail)
    for form in "glb", "npz", "json":
        with pytest.raises(OSError, match="disk full"):
            face.save(tmp_path / f"me.{form}")
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["me.glb"]
    assert (tmp_path / "me.glb").read_bytes() == before


def test_a_file_that_cannot_be_read_is_not_replaced(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    (tmp_path / "me.glb").write_text("morph3d")
    assert face_files.free_name(tmp_path, "me", ["glb"]) == "me"
    monkeypatch.setattr(face_files, "open", refuse, raising=False)
    assert face_files.free_name(tmp_path, "me", ["glb"]) == "me_2"
