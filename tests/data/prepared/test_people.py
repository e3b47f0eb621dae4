"""People held out of training: always the same, none of them in a training batch, and everybody else once an epoch."""
import itertools

import numpy as np
import pytest

from morph3d.data.prepared import dataset, people
from tests.data.prepared import folders

NAMED, UNNAMED = 600, 50
NAMES = [f"person {i // 2}" for i in range(NAMED)] + [""] * UNNAMED  # 300 people with two photos each, and 50 photos of nobody's
COUNT, PEOPLE = NAMED + UNNAMED, NAMED // 2 + UNNAMED


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    """Photo i has features and identity [i, side], and a crop whose red is i // 3 and whose green is i % 3 times 80."""
    numbers = np.stack([np.stack([np.arange(COUNT), np.full(COUNT, side)], 1) for side in range(2)], 1)
    colors = np.stack([np.arange(COUNT) // 3, np.arange(COUNT) % 3 * 80, np.zeros(COUNT)], 1)
    crops = np.tile(colors[:, None, None], [1, 8, 8, 1])
    return folders.write(tmp_path_factory.mktemp("prepared"), numbers, numbers, np.uint8(crops), 40, NAMES)


def person(photo):
    return NAMES[photo] or photo


def photos(index, batch=1, steps=None, start=0, seed=0):
    """The photos in the batches of an Index, by default of one epoch of photos and mirror images."""
    batches = itertools.islice(dataset.encodings(index, batch, seed, start), steps or 2 * index.records)
    return [int(number) for encoding in batches for number in encoding.features[:, 0]]


def test_each_photo_is_either_trained_on_or_held_out_and_no_person_both(index):
    trained, held_out = map(photos, people.hold_out(index, 30))
    for seen in trained, held_out:  # each photo and its mirror image, once an epoch
        assert sorted(seen) == sorted(2 * list(set(seen)))
    assert set(trained) | set(held_out) == set(range(COUNT))
    assert not {*map(person, trained)} & {*map(person, held_out)}
    assert len({*map(person, held_out)}) == 30
    assert any(photo >= NAMED for photo in held_out)  # a photo of nobody's name is a person like others


def test_two_starts_hold_out_the_same_and_agree_on_every_batch(index):
    first, again = (people.hold_out(index, 30)[0] for _ in range(2))
    assert first == again
    steps = 2 * first.records // 16 + 5  # into the second epoch
    whole = photos(first, 16, steps)
    assert photos(again, 16, steps) == whole
    for start in 3, steps - 2:
        assert photos(again, 16, steps - start, start) == whole[16 * start:]


def test_others_that_are_held_out_come_with_more_people_and_stay_with_more_photos(index, tmp_path):
    few, more = ({*map(person, photos(people.hold_out(index, count)[1]))} for count in (20, 30))
    assert few < more
    numbers = np.zeros([COUNT + 2, 2, 2])
    grown = folders.write(tmp_path, numbers, numbers, None, 40, [*NAMES, "person 0", "person 1"])
    assert people.hold_out(grown, 30)[1].people == people.hold_out(index, 30)[1].people


@pytest.mark.parametrize("wanted, held_out", [(0, None), (19, None), (20, 20), (34, 34), (84, PEOPLE // 10)])
def test_at_most_a_tenth_is_held_out_and_nobody_where_that_is_too_few(index, wanted, held_out):
    trained, rest = people.hold_out(index, wanted)
    if held_out is None:
        assert rest is None and trained is index
    else:
        assert len(people.gallery(rest).others) == held_out


def test_of_few_people_nobody_is_held_out(tmp_path):
    index = folders.write(tmp_path, np.ones([8, 2, 3]), np.ones([8, 2, 2]))
    assert people.hold_out(index, 84) == (index, None)


def test_the_gallery_has_two_photos_of_each_and_one_twice_where_there_is_one(index):
    gallery = people.gallery(people.hold_out(index, 30)[1])
    first, second = np.int64(gallery.photos.features[:, 0]), np.int64(gallery.others[:, 0])
    assert not gallery.photos.features[:, 1].any() and not gallery.others[:, 1].any()  # no mirror images
    assert len({*map(person, first)}) == 30 and list(map(person, first)) == list(map(person, second))
    np.testing.assert_array_equal(first == second, first >= NAMED)
    assert gallery.pairs == np.sum(first < NAMED)
    for crops, photo in (gallery.crops, first), (gallery.other_crops, second):
        red, green, _ = np.rint(crops.mean((1, 2))).T
        np.testing.assert_allclose(3 * np.rint(red) + np.rint(green / 80), photo, atol=6)  # JPEG is off by a little
        assert crops.shape == (30, 8, 8, 3) and crops.dtype == np.uint8


def test_shown_and_sampled_photos_are_of_those_people_alone(index):
    for part in people.hold_out(index, 30):
        own = set(photos(part))
        _, shown = dataset.shown(part, 8)
        sampled = dataset.sample(part, 900, 0)
        assert len(shown.features) == 8 and {int(number) for number in shown.features[:, 0]} <= own
        assert {int(number) for number in sampled.features[:, 0]} == own


def test_without_stored_crops_the_gallery_shows_none(tmp_path):
    numbers = np.random.default_rng(0).random([200, 2, 3])
    index = folders.write(tmp_path, numbers, numbers, people=[str(i) for i in range(200)])
    gallery = people.gallery(people.hold_out(index, 20)[1])
    assert gallery.crops.shape == (0, 32, 32, 3) and gallery.pairs == 0 and len(gallery.photos.features) == 20


def test_crops_alone_are_refused(index):
    alone = index._replace(settings=index.settings | {"kinds": [dataset.CROPS]})
    with pytest.raises(ValueError, match="holds crops but no encodings"):
        people.hold_out(alone, 30)
