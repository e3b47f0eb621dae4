"""Which pictures are averaged."""
import cv2
import numpy as np
import pytest
import skimage.data

from morph3d.inference import averaging

FACE = skimage.data.astronaut()[40:190, 150:300]


@pytest.fixture
def people():
    """A function from numbers of people to coefficients of pictures of them, alike as those of photos are."""
    rng = np.random.default_rng(0)
    base = rng.normal(size=[5, 200])
    return lambda *who: base[list(who)] + .4 * rng.normal(size=[len(who), 200])


def test_all_pictures_of_one_person_are_taken(people):
    choice = averaging.choose([FACE] * 6, people(*[0] * 6))
    assert choice.kept.all() and (choice.blurred, choice.of_others) == (0, 0)


def test_blurred_pictures_and_other_people_are_left_out_and_counted(people):
    blurred = cv2.GaussianBlur(FACE, (0, 0), 4.)
    pictures = [blurred, FACE, FACE, FACE, blurred, FACE, blurred, FACE]
    choice = averaging.choose(pictures, people(0, 0, 1, 0, 1, 0, 0, 2))
    np.testing.assert_array_equal(choice.kept, [False, True, False, True, False, True, False, False])
    assert (choice.blurred, choice.of_others) == (3, 2)


def test_of_two_people_the_one_seen_more_is_taken_whatever_the_order(people):
    for who in ([1, 1, 0, 0, 0], [0, 1, 0, 1, 0]):
        np.testing.assert_array_equal(averaging.choose([FACE] * 5, people(*who)).kept, np.equal(who, 0))


def test_a_single_picture_is_taken_whatever_it_is(people):
    for picture in FACE, np.zeros_like(FACE):
        assert averaging.choose([picture], people(0)).kept.tolist() == [True]
    assert averaging.choose([FACE], np.zeros([1, 200])).kept.tolist() == [True]
