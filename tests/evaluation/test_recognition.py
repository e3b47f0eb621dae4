"""The likeness protocol."""
import numpy as np
import pytest

from morph3d.evaluation import recognition


def unit(array):
    return array / np.linalg.norm(array, axis=-1, keepdims=True)


def test_score_counts_right_persons_among_the_nearest():
    """The oracle sorts every row."""
    rng = np.random.default_rng(0)
    photos = unit(rng.normal(size=[40, 8]))
    renderings = unit(photos + rng.normal(size=[40, 8]))
    result = recognition.score(photos, renderings)
    order = np.argsort(-(renderings @ photos.T), 1)
    assert result.top1 == pytest.approx(np.mean([i == order[i, 0] for i in range(40)]))
    assert result.top5 == pytest.approx(np.mean([i in order[i, :5] for i in range(40)]))
    assert 0. < result.top1 < result.top5 < 1.
    cosine = renderings @ photos.T
    assert result.right_cosine == pytest.approx(np.trace(cosine) / 40)
    assert result.wrong_cosine == pytest.approx((cosine.sum() - np.trace(cosine)) / (40 * 39))


def test_perfect_renderings_score_one_and_opposite_ones_zero():
    photos = unit(np.random.default_rng(1).normal(size=[10, 6]))
    assert recognition.score(photos, photos).top1 == 1.
    assert recognition.score(photos, -photos).top5 == 0.


def test_first_photos_takes_the_first_of_each_person_in_order(tmp_path):
    for person in "bac":
        (tmp_path / person).mkdir()
        for name in ("2.jpg", "1.jpg"):
            (tmp_path / person / name).write_bytes(b"")
    (tmp_path / "list.txt").write_text("no person")
    assert recognition.first_photos(tmp_path, 2) == [tmp_path / "a" / "1.jpg", tmp_path / "b" / "1.jpg"]
    with pytest.raises(ValueError, match="3 folders of people, 4 are needed"):
        recognition.first_photos(tmp_path, 4)


def test_contact_sheet_shows_each_face_below_its_photo():
    crops, faces = (np.stack([np.full([size, size, 3], value, np.uint8) for value in values])
                    for size, values in ((20, (10, 20, 30)), (16, (110, 120, 130))))
    result = recognition.Likeness(0., 0., 0., 0., crops, faces, None)
    sheet = recognition.contact_sheet(result, 3, columns=2)
    assert sheet[8::16, 8::16, 0].tolist() == [[10, 20], [110, 120], [30, 255], [130, 255]]
    assert recognition.contact_sheet(result, 2, with_photos=False, columns=2)[8::16, 8::16, 0].tolist() == [[110, 120]]


def test_the_protocol_finds_people_by_their_other_photo(data_folder):
    """A second photo in place of the rendering: reported as 0.95 / 1.00 for 84 people; 20 people are easier."""
    from morph3d import alignment
    from morph3d.data import sources
    from morph3d.encoders import registry
    from morph3d.photos import decoding, face_detection
    recognizer = registry.load(f"saved_model:{data_folder / 'recognizer'}", differentiable=False)
    people = sorted((data_folder / "photos" / "test").iterdir())[:20]

    def identities(number):
        crops = [alignment.crop(photo, face_detection.detect(photo), recognizer.template, 112)
                 for photo in (decoding.read(sources.find(person).photos[number].location) for person in people)]
        return recognizer(np.stack(crops) / 255.).identity.numpy()

    result = recognition.score(identities(0), identities(1))
    assert result.top1 >= .9 and result.right_cosine > .5 > .2 > result.wrong_cosine
