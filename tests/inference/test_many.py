"""Many photos and videos: each comes to the same as alone, and errors stay where they are."""
import dataclasses

import cv2
import numpy as np
import pytest
import skimage.data

from morph3d import images
from morph3d.inference import many
from morph3d.inference.inputs import Input

ASTRONAUT = skimage.data.astronaut()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Photos, a broken one, one without a face, and a film of which every third frame shows nothing."""
    folder = tmp_path_factory.mktemp("inputs")
    wall = np.full_like(ASTRONAUT, 90)
    for name, photo in {"a": ASTRONAUT, "b": ASTRONAUT[:, ::-1], "c": np.uint8(.7 * ASTRONAUT), "wall": wall}.items():
        images.write_png(folder / f"{name}.png", photo)
    (folder / "broken.jpg").write_text("no photo")
    writer = cv2.VideoWriter(str(folder / "film.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 25., (512, 512))
    for number in range(6):
        writer.write(ASTRONAUT[..., ::-1] if number % 3 else wall)
    writer.release()
    (folder / "empty.avi").write_bytes(b"")
    return folder


def taken(folder, *names):
    return [Input(str(folder / name), name.split(".")[0], name.endswith(".avi")) for name in names]


def test_each_face_is_that_of_its_photo_alone(folder, tiny_reconstructor, monkeypatch):
    monkeypatch.setattr(many, "AT_A_TIME", 2)
    inputs = taken(folder, "a.png", "b.png", "c.png")
    found = list(many.reconstruct(tiny_reconstructor, inputs))
    assert [each for each, _ in found] == inputs
    for each, made in found:
        face, = made.faces
        alone = tiny_reconstructor.reconstruct(each.path)
        np.testing.assert_allclose(face.vertices, alone.vertices, atol=1e-4)
        np.testing.assert_array_equal(face.crop, alone.crop)
        np.testing.assert_array_equal(face.framing.matrix, alone.framing.matrix)
        assert made.error is None and made.notes == []


def test_one_that_is_bad_does_not_stop_the_others(folder, tiny_reconstructor):
    inputs = taken(folder, "broken.jpg", "a.png", "empty.avi", "wall.png", "gone.jpg", "film.avi", "b.png")
    found = [made for _, made in many.reconstruct(tiny_reconstructor, inputs)]
    assert [len(made.faces) for made in found] == [0, 1, 0, 0, 0, 1, 1]
    words = [str(made.error).removeprefix(f"{folder}/") for made in found if made.error]
    for line, begins in zip(words, ["broken.jpg: not an image", "empty.avi: no frame can be read; give a video",
                                    "wall.png: no face found; give a photo with", "gone.jpg: not a file"], strict=True):
        assert line.startswith(begins)


def test_a_video_is_one_face_of_its_frames_that_show_one(folder, tiny_reconstructor):
    (_, made), = many.reconstruct(tiny_reconstructor, taken(folder, "film.avi"))
    face, = made.faces
    alone = tiny_reconstructor.reconstruct(ASTRONAUT)
    from_mean = np.abs(alone.vertices - tiny_reconstructor.mean_face.vertices).mean()
    assert np.abs(face.vertices - alone.vertices).mean() < .1 * from_mean
    assert made.notes == ["made of 4 of 6 pictures, without 2 without a face or unreadable"]


def test_of_photos_and_videos_each_is_fitted_or_says_why_not(folder, tiny_reconstructor):
    def fit(each, photo, face):
        if each.name == "b":
            raise ValueError("seen from behind")
        assert (photo is None) == each.is_video
        return dataclasses.replace(face, fitted=each.name), ["well done"]

    found = list(many.reconstruct(tiny_reconstructor, taken(folder, "a.png", "b.png", "film.avi", "empty.avi"), fit=fit))
    assert [[face.fitted for face in made.faces] for _, made in found] == [["a"], [None], ["film"], []]
    assert [made.notes[-1:] for _, made in found] == [["well done"], ["not fitted: seen from behind"], ["well done"], []]


def test_of_several_faces_each_is_fitted_and_one_that_cannot_be_is_named(folder, tiny_reconstructor):
    fitted = []

    def fit(_, photo, face):
        fitted.append(face)
        if len(fitted) == 2:
            raise ValueError("seen from behind")
        return dataclasses.replace(face, fitted="well"), []

    images.write_png(folder / "two.png", np.hstack([ASTRONAUT, ASTRONAUT]))
    (_, made), = many.reconstruct(tiny_reconstructor, taken(folder, "two.png"), everybody=True, fit=fit)
    assert [face.fitted for face in made.faces] == ["well", None] and made.notes == ["face 2, not fitted: seen from behind"]
    assert made.faces[1] is fitted[1], "the neutral face as it was"


def test_the_average_is_that_of_the_encodings(folder, tiny_reconstructor):
    made = many.average(tiny_reconstructor, taken(folder, "a.png", "c.png", "broken.jpg"))
    face, = made.faces
    expected = tiny_reconstructor.average([folder / "a.png", folder / "c.png"])
    np.testing.assert_allclose(face.vertices, expected.vertices, atol=1e-3)
    assert made.notes == ["made of 2 of 3 pictures, without 1 without a face or unreadable"]


def test_where_nothing_can_be_averaged_the_first_reason_is_told(folder, tiny_reconstructor):
    made = many.average(tiny_reconstructor, taken(folder, "wall.png", "broken.jpg"))
    assert made.faces == [] and "wall.png: no face found" in str(made.error)
