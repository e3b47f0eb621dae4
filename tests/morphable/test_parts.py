"""The parts of a face: they share out the vertices, lie where the landmarks say, and move when expressions move them."""
import numpy as np
import pytest
import trimesh

from morph3d.morphable import landmarks, parts
from morph3d.morphable.model import MorphableModel
from morph3d.morphable.readers import ict_facekit
from tests.models import ICT_EXPRESSIONS

PARTS = {"eyes", "mouth", "ears", "scalp", "neck", "forehead", "brows", "eyelids", "nose", "cheeks", "lips", "chin"}
MODELS = ("tiny_model", "basel_model", "small_embedded", "ict_model")


def of(model, **changes):
    arrays = {"vertices": model.mean_vertices, "triangles": model.triangles, "landmarks": model.landmarks}
    return parts.find(**{name: np.array(changes.get(name, array)) for name, array in arrays.items()}, known=model.known_parts)


def share_that_differs(parts, others):
    return {name: np.mean(parts[name] != others[name]) for name in parts}


@pytest.mark.parametrize("name", MODELS)
def test_every_vertex_is_of_one_part(name, request):
    model = request.getfixturevalue(name)
    parts = dict(model.parts)
    face = parts.pop("face")
    assert set(parts) == PARTS
    assert all(mask.shape == (len(model.mean_vertices),) and mask.dtype == bool for mask in parts.values())
    np.testing.assert_array_equal(np.sum(list(parts.values()), axis=0), 1)
    outside = np.any([parts[part] for part in ("eyes", "mouth", "ears", "scalp", "neck")], axis=0)
    np.testing.assert_array_equal(face, ~outside)


@pytest.mark.parametrize("name", MODELS[2:])
def test_landmarks_lie_in_their_parts(name, request):
    model = request.getfixturevalue(name)
    part_of = {point: {part for part in PARTS if model.parts[part][vertex]} for point, vertex in enumerate(model.landmarks)}
    expected = [((landmarks.RIGHT_BROW, landmarks.LEFT_BROW), {"brows"}), ((landmarks.NOSE_BRIDGE, landmarks.NOSE_BASE), {"nose"}),
                ((landmarks.RIGHT_EYE, landmarks.LEFT_EYE), {"eyes", "eyelids"}), ((slice(7, 10),), {"chin"}),
                ((landmarks.OUTER_LIPS,), {"lips", "cheeks", "chin"}), ((landmarks.INNER_LIPS,), {"lips", "mouth"})]
    for groups, allowed in expected:
        for group in groups:
            points = range(68)[group]
            inside = [part_of[point] <= allowed for point in points]
            assert np.mean(inside) >= .8, f"{[(point, part_of[point]) for point in points]} are not of {allowed}"
    assert model.parts["face"][model.landmarks.numpy()[17:48]].mean() > .95


@pytest.mark.parametrize("name", MODELS)
def test_a_mirrored_face_has_mirrored_parts(name, request):
    model = request.getfixturevalue(name)
    mirrored = of(model, vertices=model.mean_vertices * [-1., 1., 1.], triangles=model.triangles.numpy()[:, ::-1],
                  landmarks=model.landmarks.numpy()[landmarks.MIRROR])
    assert max(share_that_differs(model.parts, mirrored).values()) < .002


def test_a_turned_and_moved_face_has_the_same_parts(ict_model):
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    turn *= np.sign(np.linalg.det(turn))
    elsewhere = of(ict_model, vertices=ict_model.mean_vertices @ turn.astype(np.float32) + [100., -50., 30.])
    assert max(share_that_differs(ict_model.parts, elsewhere).values()) < .002


def test_parts_of_the_kit_are_found_from_geometry_alone(ict_model):
    # ict_facekit.py lays the kit's parts one after the other.
    face_and_head, neck, mouth, eyeballs = np.split(np.arange(16434), [9409, 11248, 13294])
    assert len(mouth) == len(ict_facekit.MOUTH_INSIDE) and len(eyeballs) == len(ict_facekit.EYEBALLS)
    parts = ict_model.parts
    assert parts["mouth"][mouth].all() and parts["eyes"][eyeballs].all()
    assert not parts["face"][np.concatenate([neck, mouth, eyeballs])].any()
    # Whatever else is called mouth are the backs of the lips.
    back = np.setdiff1d(np.flatnonzero(parts["mouth"]), mouth)
    lips = ict_model.mean_vertices.numpy()[ict_model.landmarks.numpy()[48:]]
    nearest = np.linalg.norm(ict_model.mean_vertices.numpy()[back, None] - lips, axis=-1).min(1)
    assert np.percentile(nearest, 95) < 15.


@pytest.mark.parametrize("name", MODELS[2:])
def test_the_mouth_is_one_piece_beside_the_teeth(name, request):
    """And so not a fold of the chin or of the neck."""
    model = request.getfixturevalue(name)
    mouth = model.parts["mouth"]
    inside = trimesh.Trimesh(model.mean_vertices, model.triangles.numpy()[mouth[model.triangles.numpy()].all(1)], process=False)
    inside.remove_unreferenced_vertices()
    assert inside.body_count == (3 if name == "small_embedded" else 1) and len(inside.vertices) > .95 * mouth.sum() > 50


@pytest.mark.parametrize("expression, moved, still", [
    ("jawOpen", ("chin",), ("forehead", "brows", "nose", "scalp")), ("eyeBlink_L", ("eyelids",), ("chin", "lips", "ears", "neck")),
    ("mouthSmile_L", ("lips", "cheeks"), ("scalp", "brows", "neck")), ("browInnerUp_L", ("brows",), ("cheeks", "chin", "lips")),
    ("noseSneer_R", ("nose",), ("chin", "ears", "scalp"))])
def test_expressions_move_the_parts_that_they_are_named_after(ict_model, expression, moved, still):
    number = ICT_EXPRESSIONS.index(expression)
    motion = np.linalg.norm(ict_model.expression_basis[number].numpy().reshape(-1, 3), axis=1)
    mean = {part: motion[ict_model.parts[part]].mean() for part in PARTS}
    assert min(mean[part] for part in moved) > 4. * max(mean[part] for part in still), mean


def test_areas_are_those_of_a_face(ict_model):
    a, b, c = np.moveaxis(ict_model.mean_vertices.numpy()[ict_model.triangles.numpy()], 1, 0)
    areas = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 200.  # cm^2
    area = {name: areas[mask[ict_model.triangles.numpy()].all(1)].sum() for name, mask in ict_model.parts.items()}
    assert 250. < area["face"] < 450.
    assert 3. < area["lips"] < 20. and 15. < area["nose"] < 45. and 5. < area["brows"] < 25. and 50. < area["forehead"] < 120.


def test_a_face_without_ears_has_none(ict_model):
    """As in the files of Basel that are cropped to the face."""
    skin = ict_model.parts["face"]
    triangles = ict_model.triangles.numpy()[skin[ict_model.triangles.numpy()].all(1)]
    lost = np.setdiff1d(ict_model.landmarks, np.flatnonzero(skin))
    assert len(lost) < 12
    kept = np.sort(np.concatenate([np.flatnonzero(skin), lost]))
    found = parts.find(ict_model.mean_vertices.numpy()[kept], np.searchsorted(kept, triangles),
                       np.searchsorted(kept, ict_model.landmarks.numpy()))
    assert not found["ears"].any() and not found["scalp"].any()
    assert found["face"].mean() > .95


def test_masks_are_found_once_and_cannot_be_changed(tiny_model):
    model = MorphableModel.from_arrays("copy", tiny_model.mean_vertices, np.zeros([1, 642, 3]), tiny_model.mean_colors,
                                       np.zeros([1, 642, 3]), None, tiny_model.triangles, tiny_model.landmarks)
    assert model.parts is model.parts
    with pytest.raises(TypeError, match="does not support item assignment"):
        model.parts["face"] = None
