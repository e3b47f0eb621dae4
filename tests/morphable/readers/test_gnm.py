"""GNM Head's published layout, written here with few modes; its bases are 130 MB in the real file."""
import numpy as np
import pytest

from morph3d import morphable
from morph3d.morphable.coefficients import Coefficients
from morph3d.morphable.landmarks import AVERAGE_FACE, MIRROR
from morph3d.morphable.readers import gnm
from tests.morphable.readers.face_files import front

pytestmark = pytest.mark.usefixtures("painted")

FACE = (AVERAGE_FACE - AVERAGE_FACE[30]) / 1e3  # meters
ELSEWHERE = np.array([0., 1.6, .02])
IDENTITIES = "head_000 head_001 eyes_000 teeth_000".split()
EXPRESSIONS = "left_eye_region_000 right_eye_region_000 lower_face_region_000 tongue_mean tongue_000 pupils_000".split()
# Vertices without landmarks: those of the parts, which one triangle each holds together.
PLACES = {"mouth_sock": 13000, "left_shell": 13100, "left_inside": 13110, "right_shell": 13200, "right_inside": 13210,
          "upper_gums": 13300, "upper_teeth": 13310, "lower_teeth": 13400, "tongue": 13500}


def _members(*places):
    chosen = np.zeros(17821, np.float32)
    for place in places:
        chosen[PLACES[place]:PLACES[place] + 3] = 1.
    return chosen


def _groups():
    skin = np.ones(17821, np.float32)
    for place in set(PLACES) - {"mouth_sock"}:
        skin -= _members(place)
    return {
        "hockey_mask": skin, "skin": skin, "mouth_sock": _members("mouth_sock"), "left_eye": _members("left_shell", "left_inside"),
        "right_eye": _members("right_shell", "right_inside"), "eye_exteriors": _members("left_shell", "right_shell"),
        "eye_interiors": _members("left_inside", "right_inside"), "upper_teeth_and_gums": _members("upper_gums", "upper_teeth"),
        "lower_teeth_and_gums": _members("lower_teeth"), "teeth": _members("upper_teeth", "lower_teeth"),
        "gums": _members("upper_gums"), "tongue": _members("tongue")}


@pytest.fixture(scope="module")
def arrays():
    random = np.random.default_rng(0)
    vertices = random.normal(scale=.03, size=(17821, 3)) + [0., 0., -.3]
    vertices[gnm.LANDMARKS] = FACE
    for side, eye in (("left", FACE[42:48]), ("right", FACE[36:42])):
        for part in "shell", "inside":
            vertices[PLACES[f"{side}_{part}"] + np.arange(3)] = eye.mean(0) + random.normal(scale=.005, size=(3, 3)) - [0., 0., .01]
    parts = np.array([start + np.arange(3) for start in PLACES.values()])
    mixed = [[gnm.LANDMARKS[60], PLACES["tongue"], PLACES["mouth_sock"]]]
    triangles = np.concatenate([gnm.LANDMARKS[front(FACE)], parts, mixed])
    # Every part has the whole square; corners of one vertex share their place, for none of these is cut.
    flat = (FACE[:, :2] - FACE[:, :2].min(0)) / np.ptp(FACE[:, :2], axis=0)
    uvs = np.concatenate([flat[front(FACE)], np.tile([[[0., 0.], [1., 0.], [0., 1.]]], [len(PLACES) + 1, 1, 1])])
    uvs[len(front(FACE)) + np.array([0, 6])] += [2., 0.]  # but what is beside others in one part, the mouth and the upper teeth
    uvs[:, :, 0] /= 3.
    groups = _groups()
    return {
        "version": "3.0", "variant": "head", "template_vertex_positions": np.float32(vertices + ELSEWHERE),
        "template_joint_positions": np.zeros((4, 3), np.float32), "joint_identity_basis": np.zeros((4, 4, 3), np.float32),
        "vertex_identity_basis": np.float32(random.normal(scale=1e-3, size=(len(IDENTITIES), 17821, 3))),
        "expression_basis": np.float32(random.normal(scale=1e-3, size=(len(EXPRESSIONS), 17821, 3))),
        "identity_names": np.array(IDENTITIES), "joint_names": np.array(["neck", "head", "left_eye", "right_eye"]),
        "expression_names": np.array(EXPRESSIONS), "triangles": triangles.astype(np.int32), "triangle_uvs": np.float32(uvs),
        "vertex_groups": np.array(list(groups.values())), "vertex_group_names": np.array(list(groups))}


def write(path, arrays, **changes):
    with open(path, "wb") as file:  # or NumPy appends .npz
        np.savez(file, **{name: value for name, value in {**arrays, **changes}.items() if value is not None})
    return path


def kept():
    left_out = _members("left_inside", "right_inside", "tongue")
    return np.flatnonzero(left_out == 0.)


def test_what_is_seen_is_kept_in_millimeters(arrays, tmp_path):
    model = morphable.load(write(tmp_path / "gnm_head.model", arrays))
    assert model.name == "gnm_head" and model.sizes == (3, 2, 3) and len(model.mean_vertices) == 17821 - 9
    vertices, _ = model.instance(Coefficients([[0., 2., 0.]], [[0.]], [[0., 0., -1.]]))
    expected = 1e3 * (arrays["template_vertex_positions"] + 2. * arrays["vertex_identity_basis"][1]
                      - arrays["expression_basis"][2])[kept()]
    shift = np.mean(vertices[0] - expected, axis=0)
    np.testing.assert_allclose(vertices[0] - expected, np.broadcast_to(shift, expected.shape), atol=2e-3)
    points = model.mean_vertices.numpy()[model.landmarks.numpy()]
    np.testing.assert_allclose(points - points[30], 1e3 * (FACE - FACE[30]), atol=1e-3)
    np.testing.assert_allclose(points[30], [0., 2., 132.], atol=1e-3)  # the origin lies between the ears


def test_triangles_of_what_is_left_out_are_gone(arrays, tmp_path):
    model = gnm.read(write(tmp_path / "a.npz", arrays))
    expected = [triangle for triangle in arrays["triangles"] if np.isin(triangle, kept()).all()]
    assert len(expected) == len(arrays["triangles"]) - 4
    np.testing.assert_array_equal(kept()[model.triangles.numpy()], expected)


def test_the_painter_is_told_of_eyeballs_teeth_and_the_mouth(arrays, painted, tmp_path):
    gnm.read(write(tmp_path / "a.npz", arrays))
    (_, _, _, parts), = painted
    for name, places in {"eyeballs": ["left_shell", "right_shell"], "teeth": ["upper_teeth", "lower_teeth"],
                         "mouth_inside": ["mouth_sock", "upper_gums"]}.items():
        np.testing.assert_array_equal(getattr(parts, name), _members(*places)[kept()] > 0., err_msg=name)


def test_the_parts_share_no_place_of_the_texture(arrays, tmp_path):
    model = gnm.read(write(tmp_path / "a.npz", arrays))
    uvs = model.uvs.uvs[model.uvs.corners]
    last = len(uvs) - 6  # mouth, two eyes, two parts of the upper teeth, the lower ones
    assert uvs[:last + 1].max() < .75 and 0. < uvs.min() and uvs.max() < 1.
    corners = uvs[last + 1:] // .25
    np.testing.assert_array_equal(corners[:, 0], [[0., 3.], [1., 3.], [2., 3.], [2., 3.], [3., 3.]])
    # The skin is shrunk as a whole: distances within it keep their proportion.
    was = arrays["triangle_uvs"][:last]
    np.testing.assert_allclose(np.diff(uvs[:last], axis=1), .98 * .75 * np.diff(was, axis=1), atol=1e-5)


def test_texture_coordinates_may_be_missing_or_not_serve(arrays, tmp_path):
    for change in (lambda uvs: uvs * 0. + .5 * uvs[:1], lambda uvs: uvs + 3.):  # all on one place, and on other tiles
        assert gnm.read(write(tmp_path / "a.npz", arrays, triangle_uvs=change(arrays["triangle_uvs"]))).uvs is None
    expected = gnm.read(write(tmp_path / "a.npz", arrays)).fingerprint
    without = gnm.read(write(tmp_path / "a.npz", arrays, triangle_uvs=None))
    assert without.uvs is None and without.fingerprint == expected


def test_older_files_have_other_names(arrays, tmp_path):
    renamed = {"eye_exteriors": "eyeball_exterior", "upper_teeth_and_gums": "upper_teeth", "lower_teeth_and_gums": "lower_teeth",
               "teeth": "x", "mouth_sock": "y"}
    older = gnm.read(write(
        tmp_path / "a.npz", arrays, vertex_group_names=np.array([renamed.get(name, name) for name in arrays["vertex_group_names"]]),
        identity_names=np.array("head_000 head_001 eyeballs_000 teeth_000".split()),
        expression_names=np.array("left_eye_000 right_eye_000 mouth_000 tongue_mean tongue_000 eyeballs_000".split())))
    assert older.fingerprint == gnm.read(write(tmp_path / "b.npz", arrays)).fingerprint


def test_landmarks_are_mirror_images_of_each_other():
    """Vertices of the right half of GNM's face are numbered as those of the left, 6128 later."""
    right = np.flatnonzero(gnm.LANDMARKS[MIRROR] < gnm.LANDMARKS)
    later = (gnm.LANDMARKS - gnm.LANDMARKS[MIRROR])[right]
    # But for a nostril's, which are blended of vertices on both sides of the place.
    assert len(right) == 29 and set(later[right != 32]) == {6128}
    assert len(set(gnm.LANDMARKS)) == 68


BROKEN = {
    "another number": (lambda a: {"template_vertex_positions": np.ones((5023, 3))},
                       r"template_vertex_positions \(5023, 3\), expected \(17821, 3\) as in GNM Head 3, .* but 0; get gnm_head"),
    "no expressions": (lambda _: {"expression_basis": None}, r"expression_basis missing, expected \(None, 17821, 3\)"),
    "no names": (lambda _: {"identity_names": np.arange(4)}, "identity_names of type int64 that is no numbers, not finite, or"),
    "not a number": (lambda a: {"vertex_groups": a["vertex_groups"] * np.nan}, "vertex_groups of type float32 that is .* not fin"),
    "beyond the last": (lambda a: {"triangles": a["triangles"] + 9000}, "triangles of type int32 that is .* beyond the vertices"),
    "fewer names": (lambda a: {"identity_names": a["identity_names"][:3]}, "4 modes in vertex_identity_basis and 3 identity_names"),
    "other names": (lambda a: {"expression_names": np.array(["pc"] * 6)}, "of which 0 begin with left_eye or right_eye or lower_f"),
    "no skin": (lambda a: {"vertex_group_names": np.array([f"x{n}" for n in range(12)])}, "no vertex group eye_exteriors among x0"),
    "fewer groups": (lambda a: {"vertex_group_names": a["vertex_group_names"][1:]}, "11 vertex_group_names for 12 vertex_groups"),
    "bald": (lambda a: {"vertex_groups": a["vertex_groups"] * (a["vertex_group_names"] != "skin")[:, None]}, "outside of the skin"),
    "no triangles": (lambda a: {"triangles": a["triangles"][:0], "triangle_uvs": a["triangle_uvs"][:0]},
                     r"triangles \(0, 3\), expected \(None, 3\) as in .*; get gnm_head.npz .* from huggingface.co/google/gnm"),
    "fewer uvs": (lambda a: {"triangle_uvs": a["triangle_uvs"][1:]}, "122 triangle_uvs for 123 triangles, expected one each; get"),
    "no modes": (lambda a: {"expression_basis": a["expression_basis"][:0], "expression_names": a["expression_names"][:0]},
                 r"expression_basis \(0, 17821, 3\), expected \(None, 17821, 3\) as in GNM"),
    "the tongue alone": (lambda a: {"triangles": np.full_like(a["triangles"], PLACES["tongue"])}, "face inward at the nose's tip"),
    "another order": (lambda a: {"template_vertex_positions": np.roll(a["template_vertex_positions"], 7, 0)},
                      "eye corners .* apart|where a face has them"),
    "millimeters": (lambda a: {"template_vertex_positions": 1e3 * a["template_vertex_positions"]}, "eye corners 9e.04 apart"),
    "inside out": (lambda a: {"triangles": a["triangles"][:, ::-1]}, "face inward at the nose's tip"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_refused_in_one_line(arrays, tmp_path, case):
    change, message = BROKEN[case]
    with pytest.raises(ValueError, match="a.npz: found .*" + message) as error:
        gnm.read(write(tmp_path / "a.npz", arrays, **change(arrays)))
    assert "\n" not in str(error.value)


def test_a_missing_or_damaged_file_is_named(arrays, tmp_path):
    with pytest.raises(ValueError, match="b.npz: no such file; expected gnm_head.npz"):
        gnm.read(tmp_path / "b.npz")
    path = write(tmp_path / "a.npz", arrays)
    content = bytearray(path.read_bytes())
    content[len(content) // 2:len(content) // 2 + 3000] = bytes(3000)
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"a.npz: found a damaged .npz \(.*expected a whole one with plain arrays; get gnm_head"):
        morphable.load(path)
