"""The head is cut out of a package by what it looks like: a small one is written here in the published layout."""
import gzip
import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from experiments import cut_human_head

OBJ = """# a strip of three squares
v 0 0 0
v 1 0 0
v 1 1 0
v 0 1 0
v 2 0 .5
v 2 1 .5
v 3 0 1
v 3 1 1
vt 0 0
vt 1 0
vt 1 1
vt 0 1
g body
f 1/1 2/2 3/3 4/4
f 2/1 5/2 6/3 3/4
f 5/1 7/2 8/3 6/4
"""


@pytest.fixture
def wheel():
    """A function that makes a ZipFile of {path: bytes}."""
    def make(files):
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as file:
            for path, data in files.items():
                file.writestr(path, data)
        return zipfile.ZipFile(content)

    return make


def test_the_base_is_read_in_millimeters_from_zero():
    vertices, uvs, quads, uv_quads = cut_human_head.read_base(OBJ)
    np.testing.assert_array_equal(vertices[[1, 7]], [[100., 0., 0.], [300., 100., 100.]])
    np.testing.assert_array_equal(quads, [[0, 1, 2, 3], [1, 4, 5, 2], [4, 6, 7, 5]])
    np.testing.assert_array_equal(uv_quads, np.tile([0, 1, 2, 3], [3, 1]))
    assert uvs.shape == (4, 2)


def test_targets_of_adults_details_and_face_units_are_taken(wheel):
    line = gzip.compress(b"# a comment\n\n3 .1 -.002 0\n7 0 0 1.5\n")
    inside = {cut_human_head.TARGETS + path + ".target.gz": line for path in (
        "macrodetails/african-female-old", "macrodetails/african-female-child", "macrodetails/height/x-y-z", "nose/nose-trans-up",
        "head/head-age-incr", "asym/asymm-trunk-in", "arms/r-upperarm-fat-incr")}
    inside |= {cut_human_head.UNITS + f"{name}.target": gzip.decompress(line) for name in ("jawOpen", "tongueOut")}
    found = {name: (moved, displacements) for name, moved, displacements in cut_human_head.targets(wheel(inside))}
    assert set(found) == {"macrodetails/african-female-old", "nose/nose-trans-up", "faceunits/jawOpen"}
    for moved, displacements in found.values():
        np.testing.assert_array_equal(moved, [3, 7])
        np.testing.assert_allclose(displacements, [[10., -.2, 0.], [0., 0., 150.]])


def test_charts_keep_their_form_in_places_of_their_own():
    uvs = np.array([[0., 0.], [.4, 0.], [.4, .2], [0., .2], [.9, .9], [.92, .9], [.92, .92], [.9, .92]])
    uv_quads = np.arange(8).reshape(2, 4)
    parts = {"head": np.array([True, False]), "left_eye": np.array([False, True])}
    placed = cut_human_head.packed(uvs, uv_quads, parts)
    for part, quad in zip(parts, uv_quads, strict=True):
        scale, *corner = cut_human_head.CHARTS[part]
        sides, old = (np.linalg.norm(each[quad] - np.roll(each[quad], 1, 0), axis=1) for each in (placed, uvs))
        np.testing.assert_allclose(sides, scale * old)
        np.testing.assert_allclose([placed[quad, 1].max(), placed[quad, 0].min()], [1. - corner[0], corner[1]])
        a, b, c = placed[quad[:3]]
        assert np.cross(b - a, c - b) > 0.  # turned, not mirrored


def test_a_chart_too_large_for_its_place_is_refused():
    uvs = np.array([[0., 0.], [.9, 0.], [.9, .9], [0., .9]])
    with pytest.raises(ValueError, match=r"the chart head reaches up to \[1.331 1.331\], expected 1"):
        cut_human_head.packed(uvs, np.array([[0, 1, 2, 3]]), {"head": np.array([True])})


def test_the_rim_is_the_first_rings_behind_the_border():
    """Of a strip of squares, the first two behind the outside."""
    first = 2 * np.arange(6)
    quads = np.stack([first, first + 2, first + 3, first + 1], 1)
    outside = np.arange(6) == 0
    np.testing.assert_array_equal(cut_human_head._rim(quads, outside, ~outside), [False, True, True, False, False, False])


def test_masks_are_sampled_where_the_uvs_are(wheel):
    """Row 0 of the picture is at v = 1."""
    picture = np.zeros([64, 64], np.uint8)
    picture[:16, 48:] = 255  # u above 3/4, v above 3/4
    content = io.BytesIO()
    Image.fromarray(picture).save(content, "png")
    found = cut_human_head.masks(wheel({cut_human_head.TEXTURES.format(name): content.getvalue() for name in cut_human_head.MASKS}),
                                 np.array([[.9, .9], [.9, .1], [.1, .9]]))
    assert set(found) == {"lips", "ears", "eyelids"}
    for mask in found.values():
        np.testing.assert_allclose(mask, [1., 0., 0.], atol=.02)
