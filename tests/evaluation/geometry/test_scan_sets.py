"""Folders of scans and photos: each layout is known, and what is incomplete is left out with words."""
import numpy as np
import pytest
import trimesh

from morph3d.evaluation.geometry import landmark_files, scan_sets
from morph3d.evaluation.geometry.subjects import read_scan
from tests.photos.test_videos import film  # noqa: F401


def touch(folder, *names, content=b""):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def conditions(person, folder):
    return {condition: [str(path.relative_to(folder)) for path in paths] for condition, paths in person.conditions.items()}


def test_micc(tmp_path):
    for number in ("01", "02", "28"):
        touch(tmp_path / f"subject_{number}", "Model/frontal1/obj/110920150452.obj", "Model/frontal1/obj/110920150452.bmp",
              "Model/frontal1/vrml/110920150452.wrl", "Model/frontal2/obj/110920150517.obj", "Model/sidel/obj/1.obj",
              "Videos/PTZ-Indoor.avi", "Videos/Indoor-Cooperative/a.jpg", "Videos/PTZ-Outdoor.avi")
    found = scan_sets.find(tmp_path)
    assert found.name == "MICC Florence"
    assert {person.name: person.radius for person in found.people} == {"subject_01": 95., "subject_02": 95., "subject_28": 60.}
    assert found.people[1].scan == tmp_path / "subject_02/Model/frontal1/obj/110920150452.obj"
    assert conditions(found.people[0], tmp_path) == {
        "cooperative": ["subject_01/Videos/Indoor-Cooperative/a.jpg"], "indoor": ["subject_01/Videos/PTZ-Indoor.avi"],
        "outdoor": ["subject_01/Videos/PTZ-Outdoor.avi"]}


def test_micc_with_vrml_only_and_frames_in_another_folder(tmp_path):
    touch(tmp_path, "scans/subject_01/Model/frontal1/vrml/1.wrl", "images/subject_01/PTZ-Outdoor/1.jpg",
          "images/subject_01/PTZ-Outdoor/2.jpg", "scans/subject_02/Model/sidel/obj/1.obj")
    found = scan_sets.find(tmp_path)
    assert found.people[0].scan.suffix == ".wrl" and len(found.people[0].conditions["outdoor"]) == 2
    assert found.left_out == [("subject_02", "no scan in Model/frontal1")]


def test_now(tmp_path):
    touch(tmp_path, "scans/FaMoS_1/natural.000001.obj", "scans_lmks_onlypp/FaMoS_1/natural.000001_picked_points.pp",
          "scans/FaMoS_2/natural.000001.obj", "scans/FaMoS_3/readme.txt",
          "final_release_version/iphone_pictures/FaMoS_1/selfie/IMG_1.jpg",
          "final_release_version/iphone_pictures/FaMoS_1/multiview_neutral/IMG_1.jpg")
    found = scan_sets.find(tmp_path)
    assert found.name == "NoW" and len(found.people) == 1
    assert found.people[0].landmarks.name == "natural.000001_picked_points.pp"
    assert set(found.people[0].conditions) == {"selfie", "multiview_neutral"}
    assert [name for name, _ in found.left_out] == ["FaMoS_2", "FaMoS_3"] and found.left_out[0][1] == "no photos or videos"


def test_a_folder_for_each_person(tmp_path):
    touch(tmp_path, "ann/head.ply", "ann/head_landmarks.csv", "ann/1.jpg", "ann/2.PNG", "ann/glasses/3.jpg",
          "ann/glasses/4.jfif", "bob/head.obj", "bob/head.jpg", "bob/skin.png", "bob/film.mov", "cy/1.obj", "cy/2.ply", "cy/1.jpg",
          "dee/1.jpg", "ed/head.obj", "ed/head.mtl")
    touch(tmp_path, "bob/head.mtl", content=b"newmtl a\nmap_Kd skin.png\n")
    found = scan_sets.find(tmp_path)
    ann, bob = found.people
    assert found.name == "scan + photos" and (ann.name, bob.name) == ("ann", "bob")
    assert ann.landmarks == tmp_path / "ann/head_landmarks.csv" and bob.landmarks is None
    assert conditions(ann, tmp_path) == {"photos": ["ann/1.jpg", "ann/2.PNG"],
                                         "glasses": ["ann/glasses/3.jpg", "ann/glasses/4.jfif"]}
    assert conditions(bob, tmp_path) == {"photos": ["bob/film.mov"]}  # its textures are no photos
    assert {name: why.partition(" in ")[0] for name, why in found.left_out} == {
        "cy": "found 2 scans", "dee": "found 0 scans", "ed": "no photos or videos"}


def test_scans_beside_folders_of_photos(tmp_path):
    touch(tmp_path, "ann.obj", "ann.pp", "ann/1.jpg", "ann/side/2.jpg", "bob.obj")
    found = scan_sets.find(tmp_path)
    assert [person.name for person in found.people] == ["ann"] and found.people[0].landmarks == tmp_path / "ann.pp"
    assert set(found.people[0].conditions) == {"photos", "side"}
    assert found.left_out == [("bob", "no photos or videos")]


def test_a_folder_without_anybody_is_told(tmp_path):
    with pytest.raises(ValueError, match="none: no such folder of scans"):
        scan_sets.find(tmp_path / "none")
    with pytest.raises(ValueError, match="nobody with a scan"):
        scan_sets.find(tmp_path)
    touch(tmp_path, "ann/head.obj")
    with pytest.raises(ValueError, match=r"nobody with a scan .* and photos; expected NAME/ .*ann: no photos or videos"):
        scan_sets.find(tmp_path)


def test_photos_and_frames_are_read_evenly(tmp_path, film):  # noqa: F811
    touch(tmp_path, "ann/head.obj", "ann/film/film.avi", content=b"")
    (tmp_path / "ann/film/film.avi").write_bytes(film.read_bytes())
    for number in range(10):
        touch(tmp_path, f"ann/{number}.jpg", content=bytes([number]))
    subject, = scan_sets.subjects(scan_sets.find(tmp_path), "mm", 4)
    assert list(subject.photos["photos"]()) == [bytes([number]) for number in (1, 3, 6, 8)]
    assert [frame.shape for frame in subject.photos["film"]()] == [(48, 64, 3)] * 4


def test_a_broken_video_is_one_reason(tmp_path):
    touch(tmp_path, "ann/head.obj", "ann/film.avi", content=b"nothing")
    reason, = scan_sets.subjects(scan_sets.find(tmp_path), "mm", 4)[0].photos["photos"]()
    assert isinstance(reason, ValueError) and "film.avi: no frame can be read" in str(reason)


EYES = np.array([[-32., 0., 60.], [32., 0., 60.], [0., -35., 90.], [-25., -70., 65.], [25., -70., 65.]])


@pytest.fixture
def scan(tmp_path):
    """Writes a scan and landmarks, scaled, and gives their paths."""
    def write(scale, name="head.obj", eyes=EYES):
        ball = trimesh.creation.icosphere(3, radius=90. * scale)
        ball.export(tmp_path / name)
        np.save(tmp_path / "head.npy", scale * eyes)
        return tmp_path / name, landmark_files.beside(tmp_path / name)
    return write


@pytest.mark.parametrize("unit, scale", [("mm", 1.), ("cm", .1), ("m", .001)])
def test_scans_are_brought_to_millimeters(scan, unit, scale):
    made = read_scan("ann", *scan(scale), unit)
    assert made.name == "ann" and np.linalg.norm(made.mesh.vertices, axis=1) == pytest.approx(90., rel=1e-4)
    np.testing.assert_allclose(list(made.landmarks.values()), EYES, rtol=1e-6)


def test_a_scan_of_unknown_unit_becomes_as_large_as_an_average_face(scan):
    small, large = (read_scan("ann", *scan(scale), "unknown") for scale in (.01, 7.))
    np.testing.assert_allclose(small.mesh.vertices, large.mesh.vertices, rtol=1e-4, atol=1e-3)
    right, left, *_ = small.landmarks.values()
    assert 60. < np.linalg.norm(right - left) < 70.


@pytest.mark.parametrize("scale, unit, words", [
    (.001, "mm", "eyes 0.064 mm apart, expected 45 to 85 mm: meters. give --unit=m$"),
    (.1, "mm", "eyes 6.4 mm apart, expected 45 to 85 mm: centimeters. give --unit=cm$"),
    (1., "m", "eyes 64 m apart, expected 45 to 85 mm: millimeters. give --unit=mm$"),
    (.5, "mm", "eyes 32 mm apart, .*: see whether its landmarks are the points that they are taken for, or give --unit=unknown$")])
def test_another_unit_is_told(scan, scale, unit, words):
    with pytest.raises(ValueError, match=f"head.obj: {words}"):
        read_scan("ann", *scan(scale), unit)


def test_without_eyes_the_size_of_the_rest_counts(scan, tmp_path):
    path, _ = scan(.001)
    (tmp_path / "head.csv").write_text("center.nose.tip,0,-.030,.039\ncenter.chin.tip,0,-.11,.012\n"
                                       "right.lips.corner,-.025,-.069,.01\n")
    with pytest.raises(ValueError, match="eyes 0.065[0-9]* mm apart, .*meters. give --unit=m"):
        read_scan("ann", path, tmp_path / "head.csv")


def test_a_scan_that_is_no_good_is_named(scan, tmp_path):
    path, points = scan(1.)
    lines = path.read_text().splitlines()
    path.write_text("\n".join(line for line in lines if not line.startswith("f ")))
    with pytest.raises(ValueError, match="head.obj"):
        read_scan("ann", path, points)
    path.write_text("\n".join(["v nan 0 0" if line.startswith("v ") else line for line in lines]))
    with pytest.raises(ValueError, match="head.obj"):
        read_scan("ann", path, points)


def test_a_scan_without_landmarks_in_which_no_face_is_found_is_named(scan):
    path, points = scan(1.)
    points.unlink()
    with pytest.raises(ValueError, match="head.obj: no face is found in the scan; give its landmarks"):
        read_scan("ann", path)


def test_landmarks_that_are_not_on_the_scan_are_refused(tmp_path):
    """The right unit by themselves, but of another one than the mesh."""
    ball = trimesh.creation.icosphere(3, radius=9.)
    ball.export(tmp_path / "head.ply")
    np.save(tmp_path / "head.npy", EYES)
    with pytest.raises(ValueError, match="head.npy: its points lie .* mm from the scan; both must have the same unit and frame"):
        read_scan("ann", tmp_path / "head.ply", tmp_path / "head.npy")


def test_the_folders_above_name_nothing(tmp_path):
    folder = tmp_path / "Model" / "indoor"
    touch(folder / "subject_01", "Model/frontal1/obj/1.obj", "Videos/PTZ-Outdoor.avi", "Videos/1.jpg")
    person, = scan_sets.find(folder).people
    assert person.scan == folder / "subject_01/Model/frontal1/obj/1.obj" and sorted(person.conditions) == ["Videos", "outdoor"]


def test_a_scan_in_two_kinds_of_files_is_one_person(tmp_path):
    touch(tmp_path, "ann.obj", "ann.ply", "ann/1.jpg", "bob/head.obj", "bob/head.ply", "bob/1.jpg")
    found = scan_sets.find(tmp_path)
    assert [(person.name, person.scan.name) for person in found.people] == [("ann", "ann.obj"), ("bob", "head.obj")]
    assert not found.left_out


def test_textures_in_other_folders_are_no_photos(tmp_path):
    touch(tmp_path, "ann/head.obj", "ann/textures/skin.png", "ann/1.jpg")
    (tmp_path / "ann/head.mtl").write_text("map_Kd textures/skin.png")
    person, = scan_sets.find(tmp_path).people
    assert list(person.conditions) == ["photos"]
