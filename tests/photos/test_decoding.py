"""Decoding: what is in a file, whatever its name says, as upright RGB; and why not, in words."""
import io
import os
import pathlib
import subprocess
import sys
import zlib

import cv2
import numpy as np
import PIL.Image
import PIL.ImageFile
import pytest

from morph3d.photos import decoding
from tests.photos import bad_photos


def test_every_kind_of_file_has_its_outcome(tmp_path):
    for path, reason in bad_photos.make(tmp_path, 3 * len(bad_photos.KINDS)).items():
        if reason in (None, bad_photos.NO_FACE):
            photo = decoding.read(tmp_path / path)
            assert photo.dtype == np.uint8 and photo.ndim == 3 and photo.shape[2] == 3
            assert reason or photo.shape == (bad_photos.SIDE, bad_photos.SIDE, 3), path
        else:
            with pytest.raises(ValueError) as error:
                decoding.read(tmp_path / path)
            name = os.fsencode(tmp_path / path).decode(errors="replace")
            assert str(error.value).startswith(f"{name}: {reason}"), error.value
            assert str(error.value)[len(name) + len(reason) + 2:][:1] in ("", ":", ";")


@pytest.fixture
def face():
    return bad_photos.portrait(np.random.default_rng(5))


def difference(data, pixels):
    return np.abs(decoding.decode(data).astype(int) - pixels).mean()


def test_without_loss_the_pixels_are_the_same(face):
    for kind, options in [("PNG", {}), ("WEBP", {"lossless": True}), ("BMP", {}), ("TIFF", {}), ("PPM", {}), ("JPEG2000", {})]:
        np.testing.assert_array_equal(decoding.decode(bad_photos.encoded(face, kind, **options)), face, kind)
    gray = bad_photos.encoded(face[..., 0], "PNG")
    np.testing.assert_array_equal(decoding.decode(gray), np.repeat(face[..., :1], 3, -1))


def test_decodes_jpeg_as_opencv_does(face):
    data = bad_photos.encoded(face, "JPEG", quality=90)
    other = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    assert np.abs(decoding.decode(data).astype(int) - other).max() <= 3


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF"])
def test_every_orientation_is_turned_upright(face, kind, orientation):
    tall = face[:, 20:80]
    data = bad_photos.with_orientation(tall, kind, orientation)
    assert decoding.decode(data).shape == tall.shape
    assert difference(data, tall) < 6.


@pytest.mark.parametrize("kind", decoding.FORMATS)
def test_names_and_contents_agree(face, kind):
    """The names are Pillow's own for each format."""
    PIL.Image.init()
    assert {suffix for suffix, of in PIL.Image.registered_extensions().items() if of == kind} <= decoding.SUFFIXES
    assert decoding.recognizes(bad_photos.encoded(face, kind)[:16])
    assert {PIL.Image.registered_extensions()[suffix] for suffix in decoding.SUFFIXES} == {*decoding.FORMATS, "MPO"}


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
@pytest.mark.parametrize("brand", [b"mif1", b"msf1"])
def test_a_brand_that_two_formats_share_is_read_by_the_right_one(face, kind, brand):
    data = bad_photos.encoded(face, kind)
    assert difference(data[:8] + brand + data[12:], face) < 8.


def test_opencv_agrees_on_the_orientations(face):
    for orientation in range(1, 9):
        data = bad_photos.with_orientation(face[:, 20:80], "JPEG", orientation)
        other = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
        assert difference(data, other) < 1., orientation


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_a_damaged_orientation_turns_nothing(face):
    data = bad_photos.with_orientation(face, "PNG", 6)
    start = data.index(b"eXIf") + 4
    end = start + int.from_bytes(data[start - 8:start - 4], "big")
    for content in b"MM\0*" + b"\xff" * (end - start - 4), b"?" * (end - start):
        checksum = zlib.crc32(b"eXIf" + content).to_bytes(4, "big")
        assert difference(data[:start] + content + checksum + data[end + 4:], np.rot90(face)) == 0.


def test_sixteen_bits_are_scaled(face):
    np.testing.assert_array_equal(decoding.decode(bad_photos.sixteen_bits(face)), face)
    np.testing.assert_array_equal(decoding.decode(bad_photos.sixteen_bits(face[..., :1])), np.repeat(face[..., :1], 3, -1))


def test_cmyk_has_the_right_colors(face):
    cmyk = PIL.Image.fromarray(face).convert("CMYK")
    for kind, options in [("JPEG", {"quality": 97}), ("TIFF", {})]:
        assert difference(bad_photos.encoded(cmyk, kind, **options), face) < 3., kind


def test_what_is_transparent_is_white(face):
    clear = np.concatenate([face, np.full_like(face[..., :1], 255)], -1)
    clear[:10] = [9, 200, 9, 0]
    clear[10:20, :, 3] = 128
    photo = decoding.decode(bad_photos.encoded(clear, "PNG"))
    assert (photo[:10] == 255).all()
    np.testing.assert_allclose(photo[10:20], (face[10:20] * 128. + 255. * 127.) / 255., atol=1.)
    np.testing.assert_array_equal(photo[20:], face[20:])
    palette = PIL.Image.fromarray(face).quantize(16)
    hidden = np.asarray(palette) == np.asarray(palette)[60, 60]
    photo = decoding.decode(bad_photos.encoded(palette, "PNG", transparency=int(np.asarray(palette)[60, 60])))
    assert (photo[hidden] == 255).all() and (photo[~hidden] < 255).any(-1).all()


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "MPO", "HEIF", "AVIF"])
def test_an_animation_gives_its_first_picture(face, kind):
    frames = [PIL.Image.fromarray(face), PIL.Image.new("RGB", face.shape[1::-1])]
    data = bad_photos.encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=50)
    assert PIL.Image.open(io.BytesIO(data)).n_frames == 2
    assert difference(data, face) < 8.


@pytest.mark.parametrize("huge", [bad_photos.huge_png, bad_photos.huge_jpeg])
def test_huge_pictures_are_refused_by_their_header(monkeypatch, huge):
    data = huge(np.random.default_rng(0))
    assert len(data) < 1e5
    monkeypatch.setattr(PIL.ImageFile.ImageFile, "load", lambda _: pytest.fail("decodes the picture"))
    with pytest.raises(ValueError, match="^too many pixels: "):
        decoding.decode(data)


def test_the_limit_of_pixels_is_the_stated_one(monkeypatch, face):
    data = bad_photos.encoded(face[:50], "PNG")
    monkeypatch.setattr(decoding, "LARGEST", face[:50].size // 3)
    assert decoding.decode(data).shape == face[:50].shape
    monkeypatch.setattr(decoding, "LARGEST", face[:50].size // 3 - 1)
    with pytest.raises(ValueError, match="^too many pixels: 112 x 50, more than 5599$"):
        decoding.decode(data)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("orientation", [1, 6])
def test_a_large_jpeg_is_halved_in_place(monkeypatch, orientation, progressive):
    """A ramp's halves are the means of two by two: half a pixel off would show."""
    y, x = np.mgrid[:104, :80]
    ramp = np.uint8(np.stack([2 * x, 2 * y, x + y], -1))
    data = bad_photos.with_orientation(ramp, "JPEG", orientation, quality=100, subsampling=0, progressive=progressive)
    monkeypatch.setattr(decoding, "LARGEST", 104 * 80 - 1)
    photo, scale = decoding.decode_scaled(data)
    assert photo.shape == (52, 40, 3) and scale == .5
    off = photo - ramp.reshape(52, 2, 40, 2, 3).mean((1, 3))
    assert np.abs(off).max() <= 3. and np.abs(off.mean((0, 1))).max() < .6
    monkeypatch.setattr(decoding, "LARGEST", 104 * 80)
    photo, scale = decoding.decode_scaled(data)
    assert photo.shape == (104, 80, 3) and scale == 1.


def test_a_jpeg_four_times_too_large_is_refused(monkeypatch, face):
    monkeypatch.setattr(decoding, "LARGEST", face[..., 0].size // 4 - 1)
    with pytest.raises(ValueError, match="^too many pixels: 112 x 112, more than 12540$"):
        decoding.decode(bad_photos.encoded(face, "JPEG"))


@pytest.mark.slow
def test_a_photo_of_200_megapixels_is_read_without_a_warning(recwarn):
    picture = PIL.Image.new("L", (16320, 12240), 90)
    picture.paste(250, (4000, 2000, 5000, 3000))
    photo = decoding.decode(bad_photos.encoded(picture, "JPEG"))
    assert photo.shape == (6120, 8160, 3) and not recwarn
    y, x = np.nonzero(photo[..., 0] > 170)
    assert (x.min(), x.max(), y.min(), y.max()) == (2000, 2499, 1000, 1499)


@pytest.mark.slow
def test_bad_files_do_not_fill_the_memory(tmp_path):
    bad_photos.make(tmp_path, len(bad_photos.KINDS))
    code = """
import os, resource, sys
from morph3d.photos import decoding
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for folder, _, names in os.walk(sys.argv[1]):
    for name in names:
        try:
            decoding.read(os.path.join(folder, name))
        except ValueError:
            pass
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""
    run = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, timeout=120, check=True)
    assert float(run.stdout) < 60.  # MiB; one huge picture alone would take 400


def test_pixels_without_a_range_are_unsupported(face):
    with pytest.raises(ValueError, match="^unsupported pixels: floating point"):
        decoding.decode(bad_photos.encoded(np.float32(face[..., 0]), "TIFF"))


def test_only_files_are_opened(tmp_path):
    (tmp_path / "folder.jpg").mkdir()
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "dangling.jpg").symlink_to("nowhere.jpg")
    for name in "folder.jpg", "pipe.jpg", "dangling.jpg", "missing.jpg":
        with pytest.raises(ValueError, match=f"{name}: not a file$"):
            decoding.read(tmp_path / name)


def test_a_name_may_be_any_bytes(tmp_path, face):
    path = os.path.join(tmp_path, os.fsdecode(b"\xff\xfe.jpg"))
    pathlib.Path(path).write_bytes(bad_photos.encoded(face, "PNG"))
    np.testing.assert_array_equal(decoding.read(path), face)
    pathlib.Path(path).write_bytes(b"text")
    with pytest.raises(ValueError) as error:
        decoding.read(path)
    assert str(error.value) == f"{tmp_path}/\ufffd\ufffd.jpg: not an image; give another photo"
    str(error.value).encode()  # can be printed


def test_a_file_that_cannot_be_opened_says_why(tmp_path, monkeypatch):
    def refuse(_):
        raise PermissionError(13, "Permission denied")

    (tmp_path / "secret.png").touch()
    monkeypatch.setattr(pathlib.Path, "read_bytes", refuse)
    with pytest.raises(ValueError, match="secret.png: cannot be opened: Permission denied"):
        decoding.read(tmp_path / "secret.png")


def test_without_its_package_heic_is_named_and_all_else_is_read(face, tmp_path):
    for kind in "HEIF", "AVIF", "JPEG":
        (tmp_path / kind).write_bytes(bad_photos.encoded(face, kind))
    code = ("import sys; sys.modules['pillow_heif'] = None\nfrom morph3d.photos import decoding\n"
            "print(decoding.read(sys.argv[2]).shape == decoding.read(sys.argv[3]).shape)\ndecoding.read(sys.argv[1])")
    done = subprocess.run([sys.executable, "-c", code, *(str(tmp_path / kind) for kind in ("HEIF", "AVIF", "JPEG"))],
                          capture_output=True, text=True)
    assert done.stdout == "True\n" and done.stderr.strip().endswith(
        f"{tmp_path / 'HEIF'}: not an image that can be read here: HEIC needs the extra 'heic', `pip install '.[heic]'`; "
        "give another photo")
