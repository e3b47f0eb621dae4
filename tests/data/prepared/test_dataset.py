"""Prepared folders: every photo once an epoch, in a new order, exactly resumable; damage is named."""
import itertools
import json

import numpy as np
import pytest
import tensorflow as tf

from morph3d.data.prepared import dataset
from tests.data.prepared import folders

COUNT = 23


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    """Features [i, 0] of photo i and [i, 1] of its mirror image."""
    features = np.stack([np.stack([np.arange(COUNT), np.full(COUNT, side)], 1) for side in range(2)], 1)
    crops = np.repeat(np.arange(COUNT, dtype=np.uint8)[:, None, None, None] * 10, 3, -1) * np.ones([8, 8, 1], np.uint8)
    return folders.write(tmp_path_factory.mktemp("prepared"), features, 2. * features, crops)


def take(dataset, count):
    return list(itertools.islice(dataset, count))


def faces(batches):
    """The photos and mirror images in batches, as pairs."""
    return [tuple(map(int, row)) for batch in batches for row in batch.features.numpy()]


def test_shapes_are_static(index):
    spec = dataset.encodings(index, 4, 0).element_spec
    assert spec.features.shape == spec.identity.shape == (4, 2)


def test_an_epoch_visits_each_photo_and_each_mirror_image_once(index):
    epochs = [faces(take(dataset.encodings(index, 5, 0, start), 9)) for start in (0, 9)]
    for epoch in epochs:
        assert len(set(epoch)) == 45 and set(epoch) <= {(i, side) for i in range(COUNT) for side in range(2)}
    assert epochs[0] != epochs[1]
    assert faces(take(dataset.encodings(index, 5, 0), 18)) == epochs[0] + epochs[1]


def test_without_mirror_images_there_are_none(index):
    epoch = faces(take(dataset.encodings(index, 4, 0, mirror=False), 5))
    assert len(set(epoch)) == 20 and all(side == 0 for _, side in epoch)


def test_features_and_identity_stay_together(index):
    for batch in take(dataset.encodings(index, 4, 3), 20):
        np.testing.assert_array_equal(2. * batch.features, batch.identity)


@pytest.mark.parametrize("start", [1, 8, 9, 31])
def test_starting_late_gives_what_would_have_come(index, start):
    assert faces(take(dataset.encodings(index, 5, 7, start), 6)) == faces(take(dataset.encodings(index, 5, 7), start + 6)[start:])


def test_another_seed_gives_another_order(index):
    assert faces(take(dataset.encodings(index, 5, 0), 9)) != faces(take(dataset.encodings(index, 5, 1), 9))


def test_the_global_seed_changes_nothing(index):
    order = faces(take(dataset.encodings(index, 5, 0), 9))
    tf.random.set_seed(3)
    try:
        assert faces(take(dataset.encodings(index, 5, 0), 9)) == order
    finally:
        tf.random.set_seed(None)


def test_records_of_several_blocks_come_once(index, monkeypatch):
    monkeypatch.setattr(dataset, "SHUFFLED", 4)
    epoch = faces(take(dataset.encodings(index, 5, 0), 9))
    assert len(set(epoch)) == 45 and epoch[:8] != sorted(epoch[:8]) and epoch[8:16] != sorted(epoch[8:16])


def test_neighbors_in_a_shard_do_not_come_together(tmp_path):
    features = np.stack([np.stack([np.arange(40), np.full(40, side)], 1) for side in range(2)], 1)
    one_shard = folders.write(tmp_path, features, features, in_shard=40)
    photos = [photo for photo, _ in faces(take(dataset.encodings(one_shard, 8, 0), 10))]
    assert abs(np.corrcoef(photos, range(80))[0, 1]) < .4
    assert np.mean(np.diff(photos) == 0) < .1  # a photo and its mirror image


def test_the_order_mixes_shards(index):
    first = [photo for photo, _ in faces(take(dataset.encodings(index, 4, 0), 3))]
    assert len({photo // 5 for photo in first}) >= 3


def test_too_few_photos_are_refused(index):
    with pytest.raises(ValueError, match=r"46 faces to train on \(mirrored ones counted\), fewer than the 47 of a batch"):
        dataset.encodings(index, 47, 0)


def test_crops_come_once_an_epoch_with_their_people(index):
    epoch = [dict(photo, crop=dataset.decode(photo["image"], 8)) for photo in take(dataset.crops(index, 0), COUNT)]
    shown = [int(round(element["crop"].numpy().mean() / 10.)) for element in epoch]
    assert sorted(shown) == list(range(COUNT)) and shown != sorted(shown)
    assert [int(element["person"].numpy()) for element in epoch] == [photo // 10 for photo in shown]
    again = [dict(crop=dataset.decode(photo["image"], 8)) for photo in take(dataset.crops(index, 0, start=7), 3)]
    assert [int(round(element["crop"].numpy().mean() / 10.)) for element in again] == shown[7:10]


def test_shown_photos_are_of_different_shards_and_match_their_encodings(index):
    crops, encoding = dataset.shown(index, 4)
    assert crops.shape == (4, 8, 8, 3) and crops.dtype == np.uint8
    np.testing.assert_allclose(crops.mean((1, 2, 3)) / 10., encoding.features[:, 0], atol=.1)
    assert len({int(photo) // 5 for photo in encoding.features[:, 0]}) == 4


def test_without_stored_crops_none_are_shown_and_reading_them_is_refused(tmp_path):
    index = folders.write(tmp_path, np.ones([6, 2, 3]), np.ones([6, 2, 2]))
    crops, encoding = dataset.shown(index, 4)
    assert crops.shape == (0, 32, 32, 3) and encoding.features.shape == (0, 3)
    with pytest.raises(ValueError, match="holds encodings but no crops; .* into another folder, with --store=crops"):
        dataset.crops(index, 0)


def test_a_sample_is_of_the_set_and_no_larger(index):
    drawn = faces([dataset.sample(index, 9, 0)])
    assert len(set(drawn)) == 9 and all(side == 0 for _, side in drawn)
    assert len(dataset.sample(index, 900, 0).features) == COUNT


def test_a_shard_cut_short_or_lost_is_named(tmp_path):
    index = folders.write(tmp_path, np.ones([6, 2, 3]), np.ones([6, 2, 2]))
    assert dataset.is_prepared(tmp_path) and index.records == 6
    shard = tmp_path / "encodings" / "00001.tfrecord"
    whole = shard.read_bytes()
    shard.write_bytes(whole[:-7])
    with pytest.raises(ValueError, match=f"00001.tfrecord: found {len(whole) - 7} bytes, expected {len(whole)}; run morph3d-p"):
        dataset.read_index(tmp_path)
    shard.unlink()
    with pytest.raises(ValueError, match="00001.tfrecord: found no bytes"):
        dataset.read_index(tmp_path)


@pytest.mark.parametrize("content, message", [(None, "not found; expected a folder that morph3d-prepare has finished"),
                                              ("{", "not the index of prepared photos"), ('{"photos": 3}', "not the index"),
                                              ('{"settings": {}, "photos": 1, "rejected": {}, "shards": [{}]}', "not the index")])
def test_a_broken_index_is_named(tmp_path, content, message):
    if content:
        (tmp_path / dataset.INDEX).write_text(content)
    with pytest.raises(ValueError, match=f"index.json: {message}"):
        dataset.read_index(tmp_path)


def test_a_folder_of_another_format_is_refused(tmp_path):
    index = json.loads((folders.write(tmp_path, np.ones([6, 2, 3]), np.ones([6, 2, 2])).folder / dataset.INDEX).read_text())
    del index["settings"]["format"]
    (tmp_path / dataset.INDEX).write_text(json.dumps(index))
    with pytest.raises(ValueError, match=r"index.json: photos prepared by another version of this program \(format 1, expected 2\);"
                                         " run morph3d-prepare again, into another folder"):
        dataset.read_index(tmp_path)


def test_records_are_plain_examples_with_the_customary_names(index):
    path = str(index.folder / dataset.CROPS / index.shards[1]["name"])
    first = tf.train.Example.FromString(next(tf.data.TFRecordDataset(path).as_numpy_iterator())).features.feature
    assert first["key"].bytes_list.value == [b"5"] and first["person"].bytes_list.value == [b"0"]
    assert tf.io.decode_jpeg(first["image/encoded"].bytes_list.value[0]).shape == (8, 8, 3)
    assert json.loads((index.folder / dataset.INDEX).read_text())["shards"][1]["records"] == 5
