"""A small kit with few modes, written here, and some files of the real one."""
import tarfile

import numpy as np
import pytest

from morph3d import morphable
from morph3d.morphable import blendshapes, landmarks
from morph3d.morphable.coefficients import Coefficients
from morph3d.morphable.readers import ict_facekit

FACES = ["1/1 2/2 3/3 4/4", "11/1 11249/2 9410/3", "21452/1 21453/2 21454/3", "24591/9 24590/9 24589/9",
         "13294/1 13293/1 1/1", "13295/1 13296/2 13297/3", "17050/1 17051/1 17052/1 17053/1", "25352/1 25353/1 1/1"]
KEPT = [[0, 1, 2], [0, 2, 3], [10, 11248, 9409], [13294, 13295, 13296], [16433, 16432, 16431], [13293, 13292, 0]]
NAMES = ("generic_neutral_mesh", "identity000", "identity001", "jawOpen")


def _write_obj(path, centimeters):
    lines = ["# a comment", "mtllib x.mtl", *("v {:.6f} {:.6f} {:.6f}".format(*row) for row in centimeters.tolist()),
             "vt 0.25 0.75", "vn 0 0 1", "usemtl M_Face", *("f " + face for face in FACES)]
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def positions():
    """Centimeters: the landmarks and, around the nose's tip, the first quad make a face; all else lies behind it."""
    random = np.random.default_rng(0)
    neutral = random.normal(scale=8., size=(26719, 3)) - [0., 0., 40.]
    neutral[ict_facekit.LANDMARKS] = landmarks.AVERAGE_FACE / 10.
    neutral[[1, 2, 3]] = landmarks.AVERAGE_FACE[30] / 10. + [[1., 0., 0.], [0., 1., 0.], [-1., 0., 0.]]
    return {NAMES[0]: neutral, **{name: neutral + random.normal(size=(26719, 3)) for name in NAMES[1:]}}


@pytest.fixture
def kit(tmp_path, positions, monkeypatch):
    """A folder with FaceXModel in it; the colors are stubs that keep what they were asked for in `kit.painted`."""
    folder = tmp_path / "FaceXModel"
    folder.mkdir()
    for name in NAMES:
        _write_obj(folder / f"{name}.obj", positions[name])
    monkeypatch.setattr(ict_facekit, "IDENTITIES", NAMES[1:3])
    monkeypatch.setattr(ict_facekit, "EXPRESSIONS", NAMES[3:])
    return folder


def test_parts_are_kept_and_renumbered(kit, painted, positions):
    model = ict_facekit.read(kit)
    assert model.name == "ICT-FaceKit" and model.sizes == (2, 2, 1)
    np.testing.assert_array_equal(model.triangles, KEPT)
    neutral = 10. * positions["generic_neutral_mesh"]
    expected = np.concatenate([neutral[:13294], neutral[21451:24591]])
    np.testing.assert_allclose(model.mean_vertices, expected, atol=1e-4)
    np.testing.assert_array_equal(model.landmarks.numpy()[[0, 8, 30, 67]], [1225, 966, 4857, 5966])


def test_modes_are_millimeters_from_the_neutral_face(kit, painted, positions):
    model = ict_facekit.read(kit)
    neutral = positions["generic_neutral_mesh"]
    vertices, _ = model.instance(Coefficients([[0., 2.]], [[0.]], [[0.]]))
    expected = 10. * (neutral + 2. * (positions["identity001"] - neutral))
    np.testing.assert_allclose(vertices[0, 5], expected[5], atol=1e-3)
    # Five standard deviations of 0.2 are the whole blend shape.
    vertices, _ = model.instance(Coefficients([[0.]], [[0.]], [[5.]]))
    np.testing.assert_allclose(vertices[0, -1], 10. * positions["jawOpen"][24590], atol=1e-3)


def test_the_albedo_is_told_where_the_eyes_and_the_mouth_are(kit, painted):
    model = ict_facekit.read(kit)
    (vertices, points, facing, parts), = painted
    np.testing.assert_allclose(vertices, model.mean_vertices, atol=1e-4)
    np.testing.assert_allclose(points, vertices[model.landmarks.numpy()])
    np.testing.assert_allclose(np.linalg.norm(facing, axis=1), 1.)
    np.testing.assert_array_equal(np.flatnonzero(parts.eyeballs), np.arange(13294, 16434))
    np.testing.assert_array_equal(np.flatnonzero(parts.mouth_inside), np.arange(11248, 13294))
    np.testing.assert_allclose(model.mean_colors, .5)


def test_blendshapes_are_at_full_weight_in_the_names_of_arkit(kit, painted, positions, monkeypatch):
    """What ARKit moves as a whole is the sum of both halves; what it does not know is left out."""
    random = np.random.default_rng(3)
    names = "browInnerUp_R", "eyeBlink_L", "jawOpen", "browInnerUp_L", "PupilDilate_L", "cheekRaiser_R"
    moved = {name: positions["generic_neutral_mesh"] + random.normal(size=(26719, 3)) for name in names}
    for name in names:
        _write_obj(kit / f"{name}.obj", moved[name])
    monkeypatch.setattr(ict_facekit, "EXPRESSIONS", names)
    model = ict_facekit.read(kit)
    assert list(model.blendshapes) == ["eyeBlinkLeft", "jawOpen", "browInnerUp"] and model.sizes[2] == 6
    change = {name: 10. * (shape - positions["generic_neutral_mesh"])[:13294] for name, shape in moved.items()}
    np.testing.assert_allclose(model.blendshapes["eyeBlinkLeft"][:13294], change["eyeBlink_L"], atol=1e-3)
    both = change["browInnerUp_L"] + change["browInnerUp_R"]
    np.testing.assert_allclose(model.blendshapes["browInnerUp"][:13294], both, atol=1e-3)


def test_the_whole_kit_has_51_of_arkits_52():
    """All but the tongue, which is left out as a part."""
    named = ict_facekit._named(np.zeros([len(ict_facekit.EXPRESSIONS), 1, 3]))
    assert list(named) == [name for name in blendshapes.ARKIT if name != "tongueOut"]


def test_the_folder_or_the_one_that_holds_it(kit, painted):
    assert morphable.load(kit).fingerprint == morphable.load(str(kit.parent)).fingerprint


def test_what_is_not_the_kit_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"found no generic_neutral_mesh.obj in it nor in its FaceXModel.*get it from"):
        ict_facekit.read(tmp_path)
    archive = tmp_path / "FaceXModel.tar.xz"
    archive.write_bytes(b"\xfd7zXZ\0")
    with pytest.raises(ValueError, match=r"found a file, expected .* folder FaceXModel; unpack .*tar -xf FaceX"):
        ict_facekit.read(archive)


def test_a_missing_file_is_named(kit, painted):
    (kit / "jawOpen.obj").unlink()
    with pytest.raises(ValueError, match=r"jawOpen.obj: found no such file, expected .* 2 identities and 1"):
        ict_facekit.read(kit)


@pytest.mark.parametrize("damage, message", [
    (lambda text: text[:len(text) // 2], r"found unreadable or missing vertices \(cannot reshape.*expected 26719"),
    (lambda text: text.replace("\nv ", "\nv x", 1), "found unreadable or missing vertices"),
    (lambda text: "", r"found unreadable or missing vertices.*unpack ICT-FaceKit again"),
], ids=["truncated", "not a number", "empty"])
def test_a_damaged_file_is_named(kit, painted, damage, message):
    path = kit / "identity001.obj"
    path.write_text(damage(path.read_text()))
    with pytest.raises(ValueError, match="identity001.obj: " + message):
        ict_facekit.read(kit)


@pytest.mark.parametrize("change, message", [
    (lambda face: face[:, [0, 2, 1]], "found the direction from the mouth to the eyes .*, expected .x the subject's left"),
    (lambda face: face * [-1., 1., 1.], r"found the direction from the right eye to the left \(-1.00, "),
    (lambda face: np.roll(face, 1, axis=0), "found the direction"),
], ids=["z up", "mirrored", "another order"])
def test_what_is_no_face_in_our_conventions_is_refused(kit, painted, positions, change, message):
    for name in NAMES:
        _write_obj(kit / f"{name}.obj", change(positions[name]))
    with pytest.raises(ValueError, match="generic_neutral_mesh.obj: " + message):
        ict_facekit.read(kit)


def test_faces_that_are_inside_out_are_refused(kit, painted, monkeypatch, positions):
    monkeypatch.setattr(f"{__name__}.FACES", [" ".join(face.split()[::-1]) for face in FACES])
    _write_obj(kit / "generic_neutral_mesh.obj", positions["generic_neutral_mesh"])
    with pytest.raises(ValueError, match="generic_neutral_mesh.obj: found triangles that face inward at the nose's tip"):
        ict_facekit.read(kit)


def test_faces_of_another_topology_are_refused(kit, painted):
    path = kit / "generic_neutral_mesh.obj"
    path.write_text(path.read_text() + "f 26718 26719 26720\n")
    with pytest.raises(ValueError, match="found 9 faces, with indices up to 26720, expected faces of 26719 vertices"):
        ict_facekit.read(kit)


@pytest.fixture(scope="module")
def real(data_folder, tmp_path_factory):
    """Some files of the real kit."""
    folder = tmp_path_factory.mktemp("kit")
    wanted = {f"FaceXModel/{name}.obj" for name in NAMES}
    with tarfile.open(data_folder / "ict_facekit" / "FaceXModel.tar.xz") as archive:
        for member in archive:
            if member.name.removeprefix("./") in wanted:
                archive.extract(member, folder, filter="data")
    return folder


def test_the_real_kit_is_a_head_in_our_conventions(real, painted, monkeypatch):
    monkeypatch.setattr(ict_facekit, "IDENTITIES", NAMES[1:3])
    monkeypatch.setattr(ict_facekit, "EXPRESSIONS", NAMES[3:])
    model = morphable.load(real)
    vertices, triangles = model.mean_vertices.numpy(), model.triangles.numpy()
    right_eye, left_eye, nose, *_ = landmarks.five_points(vertices[model.landmarks.numpy()]).numpy()
    # Mean interpupillary distances: 62 mm of women, 64 of men (ANSUR, 1988).
    assert 60. < left_eye[0] - right_eye[0] < 67.
    assert nose[2] > left_eye[2] + 20. and left_eye[1] > nose[1] + 15. and abs(nose[0]) < 1.
    # Between the ears: the origin is the pivot of a head.
    assert vertices[:9409, 2].min() < 0. < nose[2] and np.abs(vertices[:, 0].min() + vertices[:, 0].max()) < 1.

    eyeball = triangles[(triangles >= 13294).all(1) & (triangles < 14064).all(1)]
    a, b, c = np.moveaxis(vertices[eyeball], 1, 0)
    volume = np.sum(a * np.cross(b, c)) / 6.  # positive for a closed surface that is counter-clockwise from outside
    assert 9000. < volume < 20000.  # mm^3, a ball of 26 to 34 mm: the kit's is bigger than life
    front = triangles[(np.linalg.norm(vertices - nose, axis=1) < 20.)[triangles].all(1)]
    a, b, c = np.moveaxis(vertices[front], 1, 0)
    assert np.cross(b - a, c - a)[:, 2].sum() > 0.

    jaw = model.expression_basis.numpy().reshape(-1, 3)
    assert -12. < jaw[model.landmarks.numpy()[8], 1] < -4.  # the chin drops, a fifth of the way
    assert np.linalg.norm(jaw[:13294], axis=1).max() < 15.
    assert -60. < model.blendshapes["jawOpen"][model.landmarks.numpy()[8], 1] < -20.  # the whole way
