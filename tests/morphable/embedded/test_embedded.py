"""The model that is shipped: what its three meshes are, that its faces look like faces, and who its random people are."""
import re
import subprocess
import sys

import numpy as np
import pytest

from morph3d import morphable
from morph3d.mesh import uv_atlas
from morph3d.morphable import blendshapes, embedded, landmarks
from morph3d.morphable.coefficients import Coefficients
from morph3d.morphable.embedded import storage
from morph3d.morphable.embedded.population import pooled
from tests.morphable.embedded import caliper
from tests.morphable.embedded.test_topology import frontmost


@pytest.fixture(scope="module")
def model():
    return embedded.read()


@pytest.fixture(scope="module")
def small():
    return embedded.read("embedded-7k")


@pytest.fixture(scope="module")
def random_faces(model):
    """[300, V, 3] mm, neutral."""
    shape = np.random.default_rng(5).standard_normal([300, model.shape_size]).astype(np.float32)
    return model.instance(Coefficients(shape, np.zeros([300, 0], np.float32)))[0].numpy()


@pytest.fixture(scope="module")
def sizes(mesh, random_faces):
    found = [caliper.sizes(mesh, face) for face in random_faces]
    return {name: np.array([each[name] for each in found]) for name in found[0]}


def areas(vertices, triangles):
    """Twice the vector area of each triangle, [F, 3]."""
    a, b, c = np.moveaxis(vertices[triangles], 1, 0)
    return np.cross(b - a, c - a)


def test_nothing_is_read_before_it_is_asked_for():
    """Neither by the import of all that names the model nor by its names."""
    code = ("import sys; import morph3d; from morph3d import morphable; "
            "from morph3d.morphable import embedded; assert 'embedded' in embedded.NAMES; "
            "print([name for name in ('numpy', 'tensorflow', 'scipy', embedded.__name__ + '.storage') if name in sys.modules])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_the_finer_mesh_is_the_same_model(model):
    fine = embedded.read("embedded-67k")
    assert len(fine.mean_vertices) == embedded.NAMES["embedded-67k"] and fine.sizes == model.sizes
    same_faces(model, fine)
    assert uv_atlas.serves(fine.uvs, 1024)


def test_sizes_and_names(model, small):
    for each, name in ((model, "embedded"), (small, "embedded-7k")):
        assert each.name == name and len(each.mean_vertices) == embedded.NAMES[name] and each.sizes == (199, 199, 100)
        assert set(each.blendshapes) == set(blendshapes.ARKIT) - {"tongueOut"}
    assert set(embedded.NAMES) == set(str(np.load(storage.PATH)["names"]).split())
    assert model.uvs is not None and uv_atlas.serves(model.uvs)
    assert storage.PATH.stat().st_size < 16e6


def test_models_are_known_by_their_names(small):
    assert morphable.load("embedded-7k").fingerprint == small.fingerprint
    with pytest.raises(ValueError, match='found no embedded model "embedded-53k"; there are embedded, embedded-7k, embedded-67k'):
        morphable.load("embedded-53k")


def test_fingerprints_are_those_of_file_and_mesh(model, small):
    assert re.fullmatch("[0-9a-f]{16}", model.fingerprint) and model.fingerprint != small.fingerprint
    assert storage.read("embedded-7k")[1] == small.fingerprint


def same_faces(one, other):
    """The landmarks of random faces, and their colors, are where they were."""
    coefficients = one.sample(4, seed=2)
    for values, others, largest in zip(one.instance(coefficients), other.instance(coefficients), (1.5, .1), strict=True):
        here, there = values.numpy()[:, one.landmarks.numpy()], others.numpy()[:, other.landmarks.numpy()]
        assert np.abs(here - there).max() < largest


def test_coefficients_mean_the_same_faces_on_the_coarser_mesh(model, small):
    same_faces(model, small)
    for name in ("jawOpen", "mouthSmileLeft"):
        here, there = (each.blendshapes[name][each.landmarks.numpy()] for each in (model, small))
        np.testing.assert_allclose(here, there, atol=.5)


@pytest.mark.parametrize("kind, uneven", [("shape", 1e-4), ("expression", 1e-4), ("texture", 1e-3)])
def test_modes_are_orthogonal_and_ordered(model, kind, uneven):
    basis = getattr(model, f"{kind}_basis").numpy().astype(np.float64)
    products = basis @ basis.T
    energy = np.diag(products)
    assert (np.diff(energy) <= uneven * energy[0]).all() and energy[-1] > 0.
    assert np.abs(products - np.diag(energy)).max() < uneven * energy[0]


def test_few_triangles_turn_over_in_strong_faces(model):
    triangles = model.triangles.numpy()
    neutral = areas(model.mean_vertices.numpy(), triangles)
    for mode in range(8):
        shape = np.zeros([2, mode + 1], np.float32)
        shape[:, mode] = -2., 2.
        for face in model.instance(Coefficients(shape, np.zeros([2, 0], np.float32)))[0].numpy():
            assert np.mean((areas(face, triangles) * neutral).sum(1) < 0.) < .01


def test_few_triangles_turn_over_in_random_faces(model, random_faces):
    triangles = model.triangles.numpy()
    neutral = areas(model.mean_vertices.numpy(), triangles)
    turned = [np.mean((areas(face, triangles) * neutral).sum(1) < 0.) for face in random_faces[:60]]
    assert np.mean(turned) < .002 and max(turned) < .02  # at the corners of mouths and eyes


def test_eyes_stay_behind_lids_and_show_between_them(model, mesh, random_faces):
    eyeballs, triangles = mesh.parts["left_eye"] | mesh.parts["right_eye"], model.triangles.numpy()
    wrong = 0
    for face in random_faces[:20]:
        point = face[model.landmarks.numpy()]
        for eye in (landmarks.RIGHT_EYE, landmarks.LEFT_EYE):
            lids, middle = point[eye], point[eye].mean(0)
            places = middle, *(lids + .25 * (lids - middle))
            seen = [eyeballs[triangles[frontmost(face, triangles, place[:2])]].all() for place in places]
            wrong += not seen[0]
            wrong += sum(seen[1:])
    assert wrong < 4  # of 280


@pytest.mark.parametrize("name", caliper.MEASURES)
def test_random_faces_have_the_surveyed_measures(sizes, name):
    mean, deviation = pooled(name)
    assert abs(sizes[name].mean() - mean) < .5 * deviation
    assert .7 < sizes[name].std() / deviation < 1.3


def test_the_mean_face_is_even_and_in_its_frame(model, mesh):
    vertices = model.mean_vertices.numpy()
    point = vertices[model.landmarks.numpy()]
    np.testing.assert_allclose(point * [-1., 1., 1.], point[landmarks.MIRROR], atol=1e-3)
    assert abs(vertices[mesh.parts["left_eye"] | mesh.parts["right_eye"], 1].mean()) < .01
    assert abs(vertices[mesh.masks["ears"] > .5, 2].mean()) < .01
    np.testing.assert_array_equal(model.triangles.numpy(), mesh.triangles)
    np.testing.assert_array_equal(model.landmarks.numpy(), mesh.landmarks)


def test_blendshapes_close_the_eyes_and_open_the_mouth(model):
    neutral, numbers = model.mean_vertices.numpy(), model.landmarks.numpy()
    blink, jaw = ((neutral + model.blendshapes[name])[numbers] for name in ("eyeBlinkLeft", "jawOpen"))
    assert np.abs(blink[[43, 44], 1] - blink[[47, 46], 1]).max() < 1.5
    assert 20. < jaw[62, 1] - jaw[66, 1] < 45.


def test_colors_are_those_of_skin_lips_and_eyes(model, mesh):
    colors = model.mean_colors.numpy()
    skin, lips = colors[model.landmarks.numpy()[[2, 14, 33, 29]]], colors[mesh.masks["lips"] > .95]
    assert (np.diff(skin, axis=1) < 0.).all() and .3 < skin.mean() < .8  # redder than green than blue
    assert (lips[:, 0] / lips[:, 1]).mean() > 1.1 * (skin[:, 0] / skin[:, 1]).mean()
    assert np.percentile(colors[mesh.parts["upper_teeth"]].mean(1), 90) > .55 > .4 > colors[mesh.parts["mouth"]].mean()


def test_random_people_are_standard_normal_each_with_colors_that_go_with_their_shapes():
    people, together = embedded.sample_people(4000, seed=0), storage.read_correlations()
    assert people.shape.shape == people.texture.shape == (4000, 199) and people.expression is None
    assert people.shape.dtype == people.texture.dtype == np.float32
    for values in (people.shape, people.texture):
        assert np.abs(values.mean(0)).max() < .08 and np.abs(values.std(0) - 1.).max() < .06
        correlations = np.corrcoef(values.T) - np.eye(199)
        assert np.abs(correlations).max() < .1 and correlations.std() < .02
    found = people.shape.T @ people.texture / 4000.
    assert np.abs(found - together).max() < .09 and np.sqrt(np.mean((found - together)**2)) < .02
    assert np.abs(together).max() > .3


def test_random_people_are_the_same_again():
    first, again, other = (embedded.sample_people(5, seed) for seed in (1, 1, 2))
    for one, same, different in zip(first[:2], again[:2], other[:2], strict=True):
        np.testing.assert_array_equal(one, same)
        assert np.abs(one - different).max() > .5


def test_people_with_broad_noses_are_darker(model, mesh):
    """As of the people of the surveys; drawn one by one, shape and color know nothing of each other."""
    def correlation(coefficients):
        vertices, colors = (values.numpy() for values in model.instance(coefficients))
        breadth = np.array([caliper.sizes(mesh, face)["nose_breadth"] for face in vertices])
        return np.corrcoef(breadth, colors[:, model.landmarks.numpy()[2]].mean(1))[0, 1]

    assert correlation(embedded.sample_people(250, seed=0)) < -.2
    alone = embedded.sample_people(250, seed=1).shape
    assert abs(correlation(Coefficients(alone, np.random.default_rng(0).standard_normal([250, 199]).astype(np.float32)))) < .2


def test_what_hides_is_no_part_of_the_face(model, mesh):
    """On it the recovery of shape is judged."""
    hidden = np.any([mesh.parts[name] for name in mesh.parts if name not in ("head", "neck")], axis=0)
    assert not (model.parts["face"] & hidden).any() and not (model.parts["neck"] & hidden).any()
    np.testing.assert_array_equal(model.parts["eyes"] | model.parts["mouth"], hidden)
    assert not (model.parts["eyes"] & model.parts["mouth"]).any()
