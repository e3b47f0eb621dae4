"""How much fitted faces look like their photos: on pictures whose difference from the rendering is known."""
import dataclasses
import types

import numpy as np
import pytest
import skimage.data

from morph3d import images, scene
from morph3d.data import sources
from morph3d.evaluation.color import face_patches
from morph3d.evaluation.fitting import photos
from morph3d.fitting import drawing
from morph3d.inference.faces import Fitted
from morph3d.mesh.uv_atlas import Atlas
from morph3d.photos import crops, face_detection
from tests.evaluation.fitting.conftest import fit_of

ASTRONAUT = skimage.data.astronaut()
OFF = .08


@pytest.fixture
def pictured(fitter_that):
    """The Fit of a face before a wall that is nothing like it, whose picture is by OFF brighter than its rendering."""
    model = fitter_that(None).model
    expression, shape, texture = (.3 * np.ones(size) for size in model.sizes)
    fit = fit_of(scene.studio(), 448, expression, shape, texture)
    drawn = drawing.draw(model, fit.state, fit.center, len(fit.picture))
    return fit._replace(picture=np.where(drawn.mask[..., None], drawn.image + np.float32(OFF), np.float32(5.)))


@pytest.fixture
def folder(tmp_path):
    images.write_png(tmp_path / "ann" / "0.png", ASTRONAUT)
    images.write_png(tmp_path / "bob" / "0.png", np.full_like(ASTRONAUT, 90))
    images.write_png(tmp_path / "eve" / "0.png", ASTRONAUT[:, ::-1])
    return tmp_path


def refuse_every_other(pictured):
    calls = []

    def solve(photo, face):
        calls.append(photo)
        if len(calls) == 2:
            raise ValueError("a profile")
        return pictured

    return solve


def test_the_difference_is_that_inside_the_face(fitter_that, pictured):
    model = fitter_that(None).model
    assert photos.difference(model, pictured) == pytest.approx(OFF, abs=1e-5)
    darker = pictured._replace(picture=pictured.picture - np.float32(2. * OFF))
    assert photos.difference(model, darker) == pytest.approx(OFF, abs=1e-5), "either way"


def test_photos_that_show_no_face_or_cannot_be_fitted_are_left_out_and_told(fitter_that, pictured, folder):
    found, left_out = photos.measure(fitter_that(refuse_every_other(pictured)), sources.find(folder).photos)
    like, = found
    assert (like.key, like.person, like.textured, like.model) == ("ann/0.png", "ann", None, None)
    assert like.difference == pytest.approx(OFF, abs=1e-5)
    assert left_out["eve/0.png"] == "a profile" and "bob/0.png: no face found" in left_out["bob/0.png"]


def test_where_no_photo_can_be_fitted_the_first_reason_is_told(fitter_that, folder):
    def solve(photo, face):
        raise ValueError("a profile")

    with pytest.raises(ValueError, match="none of 1 photos could be fitted; the first: a profile"):
        photos.measure(fitter_that(solve), sources.find(folder / "ann").photos)


def test_the_judge_compares_the_photo_with_both_renderings(fitter_that, pictured, folder, tiny_encoder, reader):
    fitter, shown = fitter_that(lambda photo, face: pictured), []
    red = np.zeros([64, 64, 3], np.uint8) + np.uint8([255, 0, 0])
    atlas = Atlas(np.full([len(reader.mean_face.vertices), 2], .5, np.float32), reader.mean_face.triangles)
    fitted = Fitted(reader.mean_face.vertices, np.eye(3), np.eye(3, 4), {}, np.zeros(0), {}, red)
    fitter.made = lambda face, fit, photo: dataclasses.replace(face, colors=0. * face.colors, uvs=atlas, fitted=fitted)

    def judge(pictures):
        shown.extend(pictures)
        return types.SimpleNamespace(identity=types.SimpleNamespace(numpy=lambda: np.array([[1., 0.], [.6, .8], [0., 1.]])))

    judge.image_size, judge.template = tiny_encoder.image_size, tiny_encoder.template
    (like,), _ = photos.measure(fitter, sources.find(folder / "ann").photos, judge)
    assert (like.textured, like.model) == (pytest.approx(.6), 0.)
    own, network, fitted = like.skin
    views = crops.crop(ASTRONAUT, face_detection.detect(ASTRONAUT), face_patches.frame())
    np.testing.assert_allclose(own, face_patches.measure(views[None] / 255.)[0, 0], atol=1e-4)
    assert network[0] < fitted[0] and np.abs(fitted[1:]).max() < 3., "the fitted face is white"
    photo, textured, model = shown
    seen = crops.crop(ASTRONAUT, face_detection.detect(ASTRONAUT), tiny_encoder)
    np.testing.assert_allclose(photo, seen / 255., atol=1e-6)
    (red, green, blue), middle = textured[14:18, 14:18].mean((0, 1)), model[14:18, 14:18]
    assert red > 3. * max(green, blue) and np.ptp(middle, axis=2).max() < .05, "the texture, and the black of the colors"
