"""Every program in examples/ does what it says, on small models."""
import pathlib
import runpy

import numpy as np
import PIL.Image
import pytest
import skimage.data
import trimesh

from morph3d import images
from morph3d.morphable.readers import basel

EXAMPLES = pathlib.Path(__file__).parent.parent / "examples"


def example(name):
    return runpy.run_path(str(EXAMPLES / f"{name}.py"))["main"]


@pytest.fixture(scope="module")
def model(small_embedded, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "small.h5"
    basel.write(small_embedded, path)
    return str(path)


@pytest.fixture(scope="module")
def me(tmp_path_factory):
    path = tmp_path_factory.mktemp("photo") / "me.png"
    images.write_png(path, skimage.data.astronaut())
    return str(path)


def test_all_examples_are_tested():
    assert {path.stem for path in EXAMPLES.glob("*.py")} == {
        "random_faces", "train_on_photos", "reconstruct_a_photo", "fit_by_rendering", "expressions"}


def test_random_faces_are_different_people_in_one_picture(model, tmp_path):
    example("random_faces")(model, str(tmp_path / "faces.png"), count=3)
    faces = np.split(np.asarray(PIL.Image.open(tmp_path / "faces.png"), np.float32), 3, 1)
    assert faces[0].shape == (256, 256, 3)
    assert min(np.abs(faces[i] - faces[j]).mean() for i, j in ((0, 1), (0, 2), (1, 2))) > 1.


def test_a_network_is_trained_exported_and_makes_a_face(model, me, tmp_path, capsys):
    for number, light in enumerate((1., .9, .8, .7)):
        images.write_png(tmp_path / "photos" / f"{number}.png", np.uint8(skimage.data.astronaut() * light))
    example("train_on_photos")(str(tmp_path / "photos"), str(tmp_path / "run"), model, steps=1, batch=8)
    example("reconstruct_a_photo")(str(tmp_path / "run" / "saved_model"), me, str(tmp_path / "face.glb"))
    assert len(trimesh.load(tmp_path / "face.glb", force="mesh").vertices) > 1000
    apart = float(capsys.readouterr().out.split("eyes ")[1].split()[0])
    assert 50. < apart < 140.


def test_descent_through_the_renderer_finds_the_surface(model):
    distances = example("fit_by_rendering")(model, steps=40, size=96)
    assert distances[-1] < .6 * distances[0]


def test_expressions_move_the_face_of_one_person(model, tmp_path):
    example("expressions")(model, str(tmp_path), count=2)
    first, second = (trimesh.load(tmp_path / f"expression_{number}.glb", force="mesh", process=False).vertices for number in (0, 1))
    assert np.linalg.norm(first - second, axis=1).max() > 1e-3  # meters
