"""The model made anew, of few people: its modes, its frame, and that the same recipe gives the same model."""
import numpy as np
import pytest
from scipy.spatial import cKDTree

from morph3d.morphable import embedded
from morph3d.morphable.embedded import build, storage
from morph3d.morphable.embedded.people import People
from morph3d.morphable.model import MorphableModel

RECIPE = build.Recipe(heads=24, shapes=8, acts=20, expressions=6, painted=20, textures=9)


@pytest.fixture(scope="module")
def made():
    return build.shapes(RECIPE)


@pytest.fixture(scope="module")
def contents():
    return build.contents(RECIPE)


def on_the_mesh(modes, mesh):
    """[K, 3 V] of modes [K, C, 3]."""
    return np.stack([(mesh.matrix @ mode).ravel() for mode in modes])


@pytest.mark.parametrize("kind, count", [("shape_modes", 8), ("expression_modes", 6)])
def test_modes_are_orthogonal_on_the_mesh_and_ordered(made, mesh, kind, count):
    """Not on the cage, whose vertices are many where little is seen."""
    flat = on_the_mesh(getattr(made, kind), mesh)
    products = flat @ flat.T
    energy = np.diag(products)
    assert len(energy) == count and (np.diff(energy) < 0.).all() and energy.min() > 0.
    assert np.abs(products - np.diag(energy)).max() < 1e-4 * energy[0]
    cage = getattr(made, kind).reshape(count, -1)
    assert np.abs(cage @ cage.T - np.diag((cage**2).sum(1))).max() > 1e-3 * (cage**2).sum(1)[0]


def test_coefficients_of_the_people_are_standard_and_uncorrelated(made):
    assert made.coefficients.shape == (24, 8)
    np.testing.assert_allclose(made.coefficients.mean(0), 0., atol=.3)  # relief has no mean only in the long run
    covariance = made.coefficients.T @ made.coefficients / 23.
    np.testing.assert_allclose(covariance, np.eye(8), atol=1e-3)


def test_modes_follow_their_people(made, mesh):
    """With all the modes a person is the mean and the own modes; with few, nearer than the mean."""
    whole = build.shapes(RECIPE._replace(heads=6, shapes=5, acts=4, expressions=3))
    flat = on_the_mesh(whole.shape_modes, mesh)
    assert len(flat) == 5
    people_apart = whole.coefficients @ flat
    energy = (flat**2).sum()
    assert (people_apart**2).sum() / 5. == pytest.approx(energy, rel=1e-3)


def test_the_mean_face_is_even_and_in_its_frame(made, mesh):
    vertices = mesh.matrix @ made.mean
    assert cKDTree(vertices).query(vertices * [-1., 1., 1.])[0].max() < 1e-9
    eyes = vertices[mesh.parts["left_eye"] | mesh.parts["right_eye"]]
    assert eyes[:, 1].mean() == pytest.approx(0., abs=1e-9)
    assert vertices[mesh.masks["ears"] > .5, 2].mean() == pytest.approx(0., abs=1e-9)
    assert vertices[mesh.landmarks[30], 2] > 90.


def test_blendshapes_are_in_the_size_of_the_head(made, head):
    assert len(made.blendshapes) == 51
    moved, displacements = head.targets["faceunits/jawOpen"]
    np.testing.assert_allclose(made.blendshapes["jawOpen"][moved], 1.06 * displacements)


def test_people_are_laid_on_their_mean_without_scale(mesh, head):
    random = np.random.default_rng(0)
    cages = head.vertices + random.normal(0., .01, [4, *head.vertices.shape])
    turns = np.linalg.qr(random.normal(size=[4, 3, 3]) * .02 + np.eye(3))[0]
    turns *= np.sign(np.linalg.det(turns))[:, None, None]
    sizes = np.array([1., 1., 1.02, .98])
    aligned = build._aligned(sizes[:, None, None] * cages @ turns + random.normal(0., 30., [4, 1, 3]), mesh)
    for cage, original, size in zip(aligned, cages, sizes, strict=True):
        assert np.linalg.norm(cage - cage.mean(0)) == pytest.approx(size * np.linalg.norm(original - original.mean(0)))
    assert np.sqrt(((aligned[0] - aligned[1])**2).sum(1).mean()) < .3


def test_the_file_of_a_small_recipe_is_a_model(contents, tmp_path):
    storage.write(contents, tmp_path / "embedded.npz")
    for name, count in embedded.NAMES.items():
        arrays, _ = storage.read(name, tmp_path / "embedded.npz")
        model = MorphableModel.from_arrays(name, **arrays)
        assert model.sizes == (8, 9, 6) and len(model.mean_vertices) == count and len(model.blendshapes) == 51
        assert .2 < model.mean_colors.numpy().mean() < .8


def test_the_coarser_and_the_finer_mesh_are_the_same_face(contents):
    """Landmarks of all three, and the colors there."""
    place, color = [], []
    for mesh in contents.meshes.values():
        onto = mesh.color_matrix if mesh.color_matrix is not None else np.eye(1)
        place.append((mesh.matrix @ contents.mean)[mesh.landmarks])
        color.append((contents.mean_colors if mesh.color_matrix is None else onto @ contents.mean_colors)[mesh.landmarks])
    for other in (1, 2):
        assert np.linalg.norm(place[other] - place[0], axis=1).max() < 1.
        np.testing.assert_allclose(color[other], color[0], atol=1e-9)


def test_shape_and_color_go_together_by_traits_alone(contents):
    """A correlation is at most 1, and no more directions of shape and color are tied than there are traits: tone, age and sex."""
    values = np.linalg.svd(contents.correlations, compute_uv=False)
    assert contents.correlations.shape == (8, 9) and .05 < values[0] and (values[3:] < 1e-6 * values[0]).all()


def test_the_correlation_is_what_traits_explain():
    random = np.random.default_rng(0)
    trait, rest = random.standard_normal([2, 20000])
    shape = np.stack([trait, random.standard_normal(20000)], 1)
    texture = np.stack([.6 * trait + .8 * rest, random.standard_normal(20000), rest], 1)
    found = build._correlations(shape, texture, {"tone": trait})
    np.testing.assert_allclose(found, [[.6, 0., 0.], [0., 0., 0.]], atol=.03)
    assert np.linalg.matrix_rank(found) == 1


def test_the_same_recipe_gives_the_same_model(contents, made):
    again = build.contents(RECIPE)
    for name in ("mean", "shape_modes", "expression_modes", "mean_colors", "texture_modes", "correlations"):
        np.testing.assert_allclose(getattr(again, name), getattr(contents, name), atol=1e-5, err_msg=name)  # but for the last bits
    other = build.shapes(RECIPE._replace(seed=1))
    assert np.abs(other.mean - made.mean).max() > .1 and np.abs(other.shape_modes - made.shape_modes).max() > .1


def test_relief_and_acts_go_with_the_seed_too(made, monkeypatch):
    """Of the same people."""
    monkeypatch.setattr(build.people, "draw", lambda *_: made.people)
    other = build.shapes(RECIPE._replace(seed=1))
    np.testing.assert_allclose(other.mean, made.mean, atol=1e-6)
    for name in ("shape_modes", "expression_modes"):
        assert np.abs(getattr(other, name) - getattr(made, name)).max() > .1


def test_traits_of_the_painter_are_those_of_the_people(made):
    traits = build._traits(made.people, RECIPE)
    assert {name: len(values) for name, values in traits.items()} == dict(tone=20, age=20, sex=20)
    np.testing.assert_array_equal(traits["sex"] > 0., made.people.male[:20] == 1)
    np.testing.assert_array_equal(np.argsort(traits["age"]), np.argsort(made.people.old[:20]))
    number = np.arange(3000)
    many = People(None, number % 2, np.eye(3)[number % 3], number / 3333., None)
    tone = build._traits(many, build.Recipe(painted=3000))["tone"]
    dark, middle, light = (tone[first::3].mean() for first in range(3))
    assert dark > middle + .8 > light + .9 and tone.std() == pytest.approx(1., abs=.02)
