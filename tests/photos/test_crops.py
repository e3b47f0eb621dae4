"""Crops: where the warp puts pixels, and why there is none."""
import cv2
import numpy as np
import pytest
import skimage.data
import skimage.transform
import tensorflow as tf

from morph3d import images
from morph3d.encoders import dlib_resnet, facenet, nn2
from morph3d.encoders.base import Framing
from morph3d.photos import crops, face_detection
from tests.photos import bad_photos

TEMPLATE = np.float32([(50, 50), (100, 50), (75, 80), (55, 105), (95, 105)])
FRAME = Framing(150, TEMPLATE)


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, [height, width, 3], dtype=np.uint8)


def test_crop_of_points_on_the_template_is_the_photo():
    photo = noise(150, 150)
    np.testing.assert_array_equal(crops.crop(photo, TEMPLATE, FRAME), photo)


def test_crop_shifts_by_whole_pixels_exactly():
    photo = noise(200, 220)
    np.testing.assert_array_equal(crops.crop(photo, TEMPLATE + [30., 20.], FRAME), photo[20:170, 30:180])


def test_crop_turns_by_right_angles_exactly():
    photo = noise(150, 150)
    turned = np.stack([150. - TEMPLATE[:, 1], TEMPLATE[:, 0]], -1)  # a quarter turn clockwise about the picture's center
    np.testing.assert_array_equal(crops.crop(np.rot90(photo, -1).copy(), turned, FRAME), photo)


def test_crop_shrinks_by_averaging_exactly():
    photo = noise(600, 600)
    expected = photo.reshape(150, 4, 150, 4, 3).mean((1, 3))
    assert np.abs(crops.crop(photo, 4. * TEMPLATE, FRAME) - expected).max() <= .51  # rounding to whole numbers


def test_crop_enlarges_a_ramp_exactly():
    """A linear picture stays linear, so a shift of half a pixel would show everywhere."""
    y, x = np.mgrid[:100, :100] + .5
    photo = np.stack([2. * x, 2. * y, x + y], -1)
    out = crops.crop(photo.round().astype(np.uint8), TEMPLATE / 2. + 10., FRAME)
    y, x = (np.mgrid[:150, :150] + .5) / 2. + 10.
    assert np.abs(out - np.stack([2. * x, 2. * y, x + y], -1)).max() <= 1.1
    assert np.abs((out - np.stack([2. * x, 2. * y, x + y], -1)).mean((0, 1))).max() < .3  # half a pixel would be 0.5 to 1


@pytest.mark.parametrize("scale", [.4, 1., 2.3, 9.7])
def test_crop_moves_a_blob_where_the_similarity_says(scale):
    into_photo = skimage.transform.SimilarityTransform(scale=scale, rotation=.4, translation=(50. * scale, 40. * scale))
    place = np.array([80.25, 60.5])  # in the crop
    center = into_photo(place)[0]
    size = int(250. * scale) + 60
    y, x = np.mgrid[:size, :size] + .5
    blob = np.exp(-((x - center[0])**2 + (y - center[1])**2) / (2. * (6. * scale)**2))
    photo = np.repeat((255. * blob).round().astype(np.uint8)[..., None], 3, -1)
    out = crops.crop(photo, into_photo(TEMPLATE), FRAME)[..., 0].astype(np.float64)
    y, x = np.mgrid[:150, :150] + .5
    np.testing.assert_allclose([(out * x).sum() / out.sum(), (out * y).sum() / out.sum()], place, atol=.05)


def test_crop_of_a_much_larger_photo_does_not_alias():
    checkers = np.repeat((np.indices([1100, 1100]).sum(0) % 2 * 255).astype(np.uint8)[..., None], 3, -1)
    out = crops.crop(checkers, 7.3 * TEMPLATE, FRAME)
    assert out.std() < 6. and abs(out.mean() - 127.5) < 2.


def test_crop_mirrors_beyond_the_edges():
    photo = noise(150, 150)
    out = crops.crop(photo, TEMPLATE - [0., 30.], FRAME)  # the photo begins at row 30 of the crop
    np.testing.assert_array_equal(out[30:], photo[:120])
    np.testing.assert_array_equal(out[:30], photo[:30][::-1])


def test_a_frame_may_hold_variables_as_an_exported_model_does():
    frame = Framing(tf.Variable(150), tf.Variable(TEMPLATE))
    photo = noise(200, 200)
    np.testing.assert_array_equal(crops.crop(photo, TEMPLATE + 3., frame), crops.crop(photo, TEMPLATE + 3., FRAME))


@pytest.mark.parametrize("points, reason", [
    (None, "no face found"), (TEMPLATE * .2599, "face too small: eyes 12 pixels apart, expected 13 or more"),
    (np.ones([5, 2]), "face too small: eyes 0 pixels apart, expected 13 or more")])
def test_what_is_no_face_or_too_small_has_no_crop(points, reason):
    with pytest.raises(ValueError, match=f"^{reason}$"):
        crops.crop(noise(50, 50), points, FRAME)


@pytest.mark.parametrize("size", [32, 150, 600])
def test_the_smallest_face_is_the_same_whatever_it_is_cropped_for(size):
    frame = Framing(size, TEMPLATE * size / 150.)
    assert crops.crop(noise(50, 50), TEMPLATE * .2601, frame).shape == (size, size, 3)
    with pytest.raises(ValueError, match="face too small"):
        crops.crop(noise(50, 50), TEMPLATE * .2599, frame)


def astronaut():
    return skimage.data.astronaut()[:256, 96:352]


def test_many_photos_give_the_crops_of_each_alone_or_the_reason_why_not():
    wall = np.full([80, 80, 3], 127, np.uint8)
    contents = [bad_photos.encoded(astronaut(), "PNG"), FileNotFoundError(2, "No such file"), bad_photos.encoded(wall, "PNG"),
                b"no photo", bad_photos.encoded(cv2.resize(astronaut(), (90, 80)), "PNG")]
    ((face, _), _), gone, faceless, text, ((small, _), _) = crops.crop_all(iter(contents), [None] * 5, FRAME)
    for crop, photo in (face, astronaut()), (small, cv2.resize(astronaut(), (90, 80))):
        alone = crops.crop(photo, face_detection.detect(photo), FRAME)
        assert np.abs(crop.astype(int) - alone).max() <= 3  # the detector's points differ by hundredths of a pixel
    assert [str(error) for error in (gone, faceless, text)] == ["cannot be opened: No such file", "no face found", "not an image"]
    assert all(type(error) is ValueError for error in (gone, faceless, text))
    assert crops.crop_all([b""], [None], FRAME)[0].args == ("empty",)


def test_a_box_is_given_in_pixels_of_the_photo_and_a_large_photo_is_shrunk_with_it(monkeypatch):
    monkeypatch.setattr(crops, "LONGEST_SIDE", 300)
    two = np.concatenate([astronaut(), astronaut()[:, ::-1]], 1)  # 512 pixels wide
    ((crop, _), _), = crops.crop_all([bad_photos.encoded(two, "PNG")], [(340., 40., 440., 170.)], FRAME)
    ((expected, _), _), = crops.crop_all([bad_photos.encoded(astronaut()[:, ::-1], "PNG")], [None], FRAME)
    assert np.abs(crop.astype(float) - expected).mean() < 8.


def test_a_box_is_in_pixels_of_the_file_also_where_its_photo_is_shrunk_while_it_is_read(monkeypatch):
    """Of two faces beside each other the box is the right one's; half as large it would be the left one's."""
    turned = bad_photos.with_orientation(np.concatenate([astronaut(), astronaut()[:, ::-1]], 1), "JPEG", 6, quality=97)
    box = (340., 40., 440., 170.)
    (whole, _), = crops.crop_all([turned], [box], FRAME)
    monkeypatch.setattr(crops.decoding, "LARGEST", 256 * 512 - 1)
    assert crops.decoding.decode(turned).shape == (128, 256, 3)
    (halved, _), = crops.crop_all([turned], [box], FRAME)
    assert np.abs(whole.astype(float) - halved).mean() < 8.


def test_crops_show_upright_faces_with_their_points_on_the_template(tmp_path):
    """Whatever the orientation that a photo's EXIF block says."""
    paths = [tmp_path / path for path, reason in bad_photos.make(tmp_path, 160).items() if reason is None]
    frame = Framing(96, np.float32([(30, 30), (66, 30), (48, 52), (33, 70), (63, 70)]))
    cropped = crops.crop_all([path.read_bytes() for path in paths], [None] * len(paths), frame)
    found = face_detection.detect_all([cv2.resize(face, (192, 192)) for pair, _ in cropped for face in pair])
    assert len(found) > 160 and all(points is not None for points in found)
    assert max(np.abs(points / 2. - frame.template).mean() for points in found) < 5.


@pytest.mark.parametrize("quarters, degrees", [(1, 270), (2, 180), (3, 90)])
def test_a_turned_photo_has_the_crops_of_the_upright_one_and_says_so(quarters, degrees):
    upright, turned = crops.crop_all([bad_photos.encoded(np.rot90(astronaut(), quarter), "PNG") for quarter in (0, quarters)],
                                     [None] * 2, FRAME)
    assert (upright.degrees, turned.degrees) == (0, degrees)
    assert np.abs(turned.pair.astype(float) - upright.pair).mean() < 12.
    assert np.abs(turned.pair[:, ::-1].astype(float) - upright.pair).mean() > 40.  # what another side up would give


DLIB = Framing(dlib_resnet.IMAGE_SIZE, dlib_resnet.TEMPLATE)


@pytest.mark.parametrize("frame", [FRAME, DLIB], ids=["symmetric", "dlib"])
def test_the_crop_of_a_mirrored_photo_has_its_points_on_the_template(frame):
    """Five discs of different colors, which tell where each point has gone."""
    colors = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255)]
    points = frame.template + np.float32([[30., 20.]])
    photo = np.zeros([200, 260, 3], np.uint8)
    for (x, y), color in zip(points, colors):
        cv2.circle(photo, (round(float(x) - .5), round(float(y) - .5)), 4, color, -1)
    out = crops.crop(*crops.mirrored(photo, points), frame)
    y, x = np.mgrid[:frame.image_size, :frame.image_size] + .5
    for place, color in zip(frame.template, np.array(colors)[crops.MIRRORED]):
        there = (np.abs(out.astype(int) - color) < 100).all(-1)
        np.testing.assert_allclose([x[there].mean(), y[there].mean()], place, atol=1.)


@pytest.mark.parametrize("frame, off", [(FRAME, 0), (DLIB, 1)], ids=["symmetric", "dlib"])
def test_only_on_a_symmetric_template_is_it_the_mirrored_crop(frame, off):
    """The blurred photo makes half a pixel plain."""
    photo, points = cv2.GaussianBlur(noise(300, 320), None, 3.), frame.template * 1.3 + np.float32([[31.7, 22.2]])
    difference = np.abs(crops.crop(*crops.mirrored(photo, points), frame) - crops.crop(photo, points, frame)[:, ::-1].astype(float))
    assert (difference.max() > 10.) == off


@pytest.mark.parametrize("module", [nn2, facenet], ids=["nn2", "facenet"])
def test_crops_for_triplets_may_be_mirrored_as_they_are(module):
    """training/triplets.py does so: on these templates it comes to the same as mirroring the photos."""
    template = module.TEMPLATE[crops.MIRRORED] * [-1., 1.] + [module.IMAGE_SIZE, 0.]
    np.testing.assert_allclose(template, module.TEMPLATE, atol=1e-4)


def test_read_all_gives_in_order_what_crop_gives_and_names_what_is_wrong(monkeypatch):
    monkeypatch.setattr(crops, "AT_A_TIME", 2)
    photo = skimage.data.astronaut()
    face, nobody = images.png(photo), images.png(np.zeros([100, 100, 3], np.uint8))
    small = Framing(75, TEMPLATE / 2.)
    found = list(crops.read_all(iter([face, OSError(13, "Permission denied"), nobody, b"no picture", face]), FRAME, small))
    points = face_detection.detect(photo)
    for pair in found[0], found[4]:
        np.testing.assert_array_equal(pair[0], crops.crop(photo, points, FRAME))
        np.testing.assert_array_equal(pair[1], crops.crop(photo, points, small))
    assert str(found[1]) == "cannot be opened: Permission denied" and str(found[2]) == "no face found"
    assert isinstance(found[3], ValueError)
    pixels, points_again = next(crops.read_all([face]))
    np.testing.assert_array_equal(pixels, photo)
    np.testing.assert_allclose(points_again, points, atol=1e-3)
