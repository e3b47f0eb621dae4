"""Turned photos: faces are found in them as in the upright ones, and upright photos are taken as they are."""
import numpy as np
import pytest
import tensorflow as tf

from morph3d import images, morphable, scene
from morph3d.data import sources
from morph3d.morphable import coefficients
from morph3d.morphable.landmarks import five_points
from morph3d.photos import decoding, dense_landmarks, face_detection, mtcnn
from morph3d.renderer import transforms
from morph3d.renderer.render import render
from tests.photos import several_faces


def where_they_come_to_lie(points, shape, quarters):
    """The pixels that hold points [..., 2] of a picture, after the picture has been turned: each is found by its number."""
    numbers = np.arange(shape[0] * shape[1]).reshape(shape[:2])
    columns, rows = np.moveaxis(np.floor(points).astype(int), -1, 0)
    turned = np.rot90(numbers, quarters)
    places = {number: place for place, number in np.ndenumerate(turned)}
    return np.array([places[number][::-1] for number in numbers[rows, columns].ravel()]).reshape(np.shape(points)) + .5


@pytest.mark.parametrize("quarters, degrees", [(0, 0), (1, 270), (2, 180), (3, 90)])
@pytest.mark.parametrize("boxed", [False, True], ids=["whole", "boxed"])
def test_a_turned_photo_gives_the_points_of_the_upright_one(astronaut, points, quarters, degrees, boxed):
    photo = astronaut[:256, 96:400]  # not square
    upright = points - [96., 0.]
    box = np.stack([1.5 * upright.min(0) - .5 * upright.max(0), 1.5 * upright.max(0) - .5 * upright.min(0)])
    turned = where_they_come_to_lie(box, photo.shape, quarters)
    box = (*turned.min(0), *turned.max(0)) if boxed else None
    found = face_detection.detect(np.ascontiguousarray(np.rot90(photo, quarters)), box)
    np.testing.assert_allclose(found, where_they_come_to_lie(upright, photo.shape, quarters), atol=3.)
    assert face_detection.degrees_turned(found) == degrees


@pytest.mark.parametrize("quarters", range(4))
def test_left_and_right_are_those_of_the_upright_photo(quarters):
    photo, faces = several_faces.row(16., 19., 17.)
    found, = face_detection.every_face([np.ascontiguousarray(np.rot90(photo, quarters))])
    expected = where_they_come_to_lie(faces, photo.shape, quarters)
    np.testing.assert_allclose(face_detection.left_to_right(found), expected, atol=2.5)


def test_a_face_on_its_side_is_turned_to_the_nearest_quarter(points):
    five = np.float64(points)
    for angle in range(-180, 180, 10):
        cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        turned = (five - five.mean(0)) @ np.array([[cosine, sine], [-sine, cosine]])  # clockwise, as y points down
        away = (face_detection.degrees_turned(turned) - angle + 180) % 360 - 180
        assert abs(away) <= 46.  # her head is inclined by a degree


@pytest.fixture
def looks(monkeypatch):
    """How many pictures were searched, call by call."""
    counts, search = [], mtcnn.search
    monkeypatch.setattr(mtcnn, "search", lambda pictures: counts.append(len(pictures)) or search(pictures))
    return counts


def test_only_a_photo_without_a_sure_face_is_looked_at_from_other_sides(astronaut, points, looks):
    empty = np.full([200, 200, 3], 127, np.uint8)
    face_detection.detect_all([astronaut, astronaut])
    assert looks == [2]
    face_detection.detect_all([astronaut, empty])
    assert sum(looks) == 2 + 2 + 3


AS_IT_IS, TURNED = "as it is", "turned"


@pytest.mark.parametrize("as_it_is, turned, counts", [
    ((.996, None), (.999, .01), AS_IT_IS), ((.9, .06), (.999, .01), AS_IT_IS),  # sure, agreed: nobody looks further
    ((.9, .1), (.9, .2), AS_IT_IS), ((.9, .2), (.9, .1), TURNED), ((.98, .2), (.9, .1), AS_IT_IS), ((.9, .1), (.98, .2), TURNED),
    ((.99, None), (.9, .3), TURNED), ((.9, .3), (.99, None), AS_IT_IS), ((.9, None), (.99, None), AS_IT_IS)])
def test_of_two_sides_the_one_counts_that_both_networks_see_alike(astronaut, points, monkeypatch, as_it_is, turned, counts):
    """Confidences and how far dense landmarks are apart, as if the networks had given them; None: there are none."""
    sides = iter([as_it_is, (.5, None), (.5, None), turned])
    aparts = {}

    def search(pictures):
        confidences = []
        for picture in pictures:
            confidence, apart = next(sides)
            confidences.append(confidence)
            aparts[len(aparts)] = apart
        return [mtcnn.Faces(np.float64([[0., 0., 9., 9.]]), np.float64(points)[None], np.array([each])) for each in confidences]

    def detect(picture, five):
        apart = aparts[face_detection.degrees_turned(five) // 90]
        if apart is None:
            return None
        landmarks = np.zeros([dense_landmarks.COUNT, 3], np.float32)
        size = dense_landmarks.face_size(five)
        landmarks[np.ravel(dense_landmarks.FIVE_POINTS), :2] = np.repeat(five + [apart * size, 0.], 2, 0)
        return landmarks

    monkeypatch.setattr(mtcnn, "search", search)
    monkeypatch.setattr(dense_landmarks, "detect", detect)
    found = face_detection.detect(astronaut)
    assert (TURNED if face_detection.degrees_turned(found) else AS_IT_IS) == counts


@pytest.mark.parametrize("number", [22, 58, 86, 106])
def test_an_upright_face_that_one_network_takes_for_a_turned_one(number):
    """Random faces that MTCNN is surer of, all looks together, when they lie on their side."""
    model = morphable.load("embedded")
    face_seed, scene_seed = tf.unstack(tf.random.split(tf.constant([0, number]), 2))
    vertices, colors = model.instance(coefficients.sample(model, 1, face_seed))
    setting = scene.sample(1, scene_seed, yaw=np.radians(40.))
    picture = images.to_pixels(render(vertices, colors, model.triangles, setting, 448).image[0].numpy())
    five = five_points(transforms.project(tf.gather(vertices, model.landmarks, axis=1), setting.pose, setting.camera, 448)).numpy()
    found = face_detection.detect(picture)
    assert face_detection.degrees_turned(found) == 0
    assert np.linalg.norm(found - five[0], axis=1).mean() < 20.  # wrong ones are off by 55 and more


@pytest.mark.slow
def test_nearly_every_real_photo_is_taken_upright_however_it_is_turned(data_folder):
    """Without the looks from other sides a third to two fifths of the faces would be found, nearly all of them wrong."""
    read = [decoding.read(photo.location) for photo in sources.find(data_folder / "photos" / "test").photos[::4]]
    upright = face_detection.detect_all(read)
    for quarters in range(4):
        found = face_detection.detect_all([np.ascontiguousarray(np.rot90(photo, quarters)) for photo in read])
        good = [five is not None and np.abs(five - where_they_come_to_lie(truth, photo.shape, quarters)).mean() < 6.
                for five, truth, photo in zip(found, upright, read, strict=True)]
        assert np.mean(good) > .985
