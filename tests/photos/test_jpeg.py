"""JPEG files without an end: read where all pixels are there, and refused where one bit of them is not."""
import re

import cv2
import numpy as np
import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from morph3d.photos import decoding, jpeg
from tests.photos import bad_photos


def picture(seed, width, height, kind):
    """[H, W, 3] uint8: a face, noise, one color, or a face with a white border below."""
    rng = np.random.default_rng(seed)
    if kind == "noise":
        return rng.integers(0, 256, [height, width, 3], np.uint8)
    pixels = cv2.resize(bad_photos.portrait(rng), (width, height), interpolation=cv2.INTER_AREA)
    pixels[{"face": height, "flat": 0, "border": height // 2}[kind]:] = 255
    return pixels


files = st.builds(
    lambda mode, options, *shown: bad_photos.encoded(PIL.Image.fromarray(picture(*shown)).convert(mode), "JPEG", **options),
    st.sampled_from(["RGB", "L"]),
    st.fixed_dictionaries({"progressive": st.booleans(), "optimize": st.booleans(),
                           "quality": st.sampled_from([5, 50, 75, 95, 100]), "subsampling": st.sampled_from([0, 1, 2]),
                           "restart_marker_rows": st.sampled_from([0, 1])}),
    st.integers(0, 99), st.integers(1, 120), st.integers(1, 120), st.sampled_from(["face", "noise", "flat", "border"]))


@settings(max_examples=30)
@given(files, st.integers(1, 2))
def test_a_file_without_its_end_mark_has_the_pixels_of_the_whole_one(whole, cut):
    np.testing.assert_array_equal(decoding.decode(whole[:-cut]), decoding.decode(whole))


@settings(max_examples=30)
@given(files, st.lists(st.integers(3, 2000), max_size=8))
def test_a_file_that_is_cut_shorter_gives_the_right_pixels_or_none(whole, cuts):
    pixels = decoding.decode(whole)
    for cut in {*cuts, 3, 10, 100, 1000, len(whole) // 2}:
        if cut < len(whole):
            try:
                found = decoding.decode(whole[:-cut])
            except ValueError as error:
                assert str(error).startswith(("damaged image: ", "not an image"))
            else:
                np.testing.assert_array_equal(found, pixels)


def test_a_progressive_file_that_is_cut_between_scans_is_damaged():
    """With an end mark it would be a proper file of a coarser picture."""
    whole = bad_photos.encoded(picture(0, 112, 112, "face"), "JPEG", progressive=True, quality=90)
    starts = [found.start() for found in re.finditer(rb"\xff\xc4|\xff\xda", whole)]  # tables and scans
    assert len(starts) > 10
    for start in starts:
        assert not jpeg.lacks_only_its_end(whole[:start])
        with pytest.raises(ValueError, match="^damaged image: "):
            decoding.decode(whole[:start])
    assert jpeg.lacks_only_its_end(whole[:-2])


def test_one_lost_bit_is_noticed():
    """The last byte of noise holds the end of its last code, before at most seven bits of padding."""
    whole = bad_photos.encoded(picture(3, 64, 64, "noise"), "JPEG", quality=100)
    assert jpeg.lacks_only_its_end(whole[:-2]) and not jpeg.lacks_only_its_end(whole[:-3])


@pytest.mark.parametrize("progressive", [False, True])
def test_cmyk_without_its_end_mark_is_read(progressive):
    cmyk = PIL.Image.fromarray(picture(0, 90, 70, "face")).convert("CMYK")
    whole = bad_photos.encoded(cmyk, "JPEG", progressive=progressive, subsampling=0)
    np.testing.assert_array_equal(decoding.decode(whole[:-2]), decoding.decode(whole))
    assert not jpeg.lacks_only_its_end(whole[:-5])


def test_a_whole_file_lacks_nothing():
    assert not jpeg.lacks_only_its_end(bad_photos.encoded(picture(0, 32, 32, "face"), "JPEG"))


@pytest.mark.parametrize("whole", [b"", b"\xff\xd8\xff", b"text", bytes(100)])
def test_what_is_no_jpeg_lacks_more_than_its_end(whole):
    assert not jpeg.lacks_only_its_end(whole)
