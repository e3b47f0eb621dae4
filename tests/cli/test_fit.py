"""morph3d-fit from outside, with the network that comes along: what it writes, and that it is morph3d-reconstruct --fit."""
import json

import numpy as np
import pytest
import skimage.data
import trimesh
from PIL import Image

from morph3d import images
from tests.cli.test_programs import last_line, program

ASTRONAUT = skimage.data.astronaut()


def fit(name, output, *arguments):
    result = program(name, *arguments, f"--output={output}", "--formats=glb,json,png,npz", "--texture_size=1024")
    assert result.returncode == 0, result.stderr
    return result


def nose(path):
    """Pixels of the photo, where the fitted face of a .npz has the tip of its nose."""
    with np.load(path) as file:
        x, y, w = file["fitted_camera"] @ np.append(file["landmarks"][30], 1.)
    return np.array([x, y]) / w


@pytest.mark.slow  # measures the network, where it has not been measured yet, which takes half a minute
def test_a_fit_is_what_reconstruct_makes_with_a_flag_and_each_of_two_faces_is_fitted_to_itself(tmp_path):
    for name, photo in {"me": ASTRONAUT, "two": np.hstack([ASTRONAUT, ASTRONAUT[:, ::-1]])}.items():
        images.write_png(tmp_path / f"{name}.png", photo)
    fit("fit", tmp_path / "a", tmp_path / "me.png")
    fit("reconstruct", tmp_path / "b", tmp_path / "me.png", "--fit")
    for folder in "a", "b":
        assert sorted(path.name for path in (tmp_path / folder).iterdir()) == ["me.glb", "me.json", "me.npz", "me_views.png"]
    one, other = (json.loads((tmp_path / folder / "me.json").read_text())["fitted"] for folder in ("a", "b"))
    np.testing.assert_allclose(one["camera"], other["camera"], rtol=1e-3)
    assert b'"targetNames": ["neutral", "fitted", ' in (tmp_path / "a" / "me.glb").read_bytes()
    scene = trimesh.load(tmp_path / "a" / "me.glb")
    assert {geometry.visual.material.baseColorTexture.size for geometry in scene.geometry.values()} == {(1024, 1024)}
    photo, neutral, mesh, albedo = np.split(np.float32(Image.open(tmp_path / "a" / "me_views.png")), 4, 1)
    for over in mesh, albedo:
        share = (np.abs(over - photo).max(2) > 3.).mean()
        assert .1 < share < .7, "the face lies over a part of the photo"
    assert np.ptp(mesh[200:240, 200:240], axis=2).max() < 4. < np.abs(neutral - photo).mean()

    main = fit("fit", tmp_path / "c", tmp_path / "two.png", "--nophotometric")
    assert "two: 2 faces were seen: the main one is taken" in main.stderr and (tmp_path / "c" / "two.npz").exists()
    every = fit("fit", tmp_path / "d", tmp_path / "two.png", "--nophotometric", "--faces=all")
    assert "not fitted" not in every.stderr + main.stderr
    seen = nose(tmp_path / "a" / "me.npz")
    assert np.linalg.norm(nose(tmp_path / "d" / "two_1.npz") - seen) < 15.
    assert np.linalg.norm(nose(tmp_path / "d" / "two_2.npz") - [1024. - seen[0], seen[1]]) < 15.


def test_a_face_of_several_photos_is_refused_in_one_line(tmp_path):
    images.write_png(tmp_path / "me.png", ASTRONAUT)
    result = program("fit", tmp_path / "me.png", "--average", f"--output={tmp_path / 'faces'}")
    assert "--average: found a fit asked for too" in last_line(result) and not (tmp_path / "faces").exists()
