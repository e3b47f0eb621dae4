"""The triplet loss against every triplet one by one, its batches, and a small network that learns from them."""
import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from morph3d.training import callbacks, checkpoints, loop, triplets


def brute_force(identity, people, margin):
    """Mean loss of all anchor-positive pairs and the share of those above zero, in the words of section 3.2."""
    losses = []
    for anchor, positive in itertools.permutations(range(len(people)), 2):
        if people[anchor] != people[positive]:
            continue
        near = np.sum((identity[anchor] - identity[positive])**2)
        others = [np.sum((identity[anchor] - identity[i])**2) for i in range(len(people)) if people[i] != people[anchor]]
        semi_hard = [far for far in others if far > near]
        losses.append(max(0., near + margin - (min(semi_hard) if semi_hard else max(others, default=np.inf))))
    return (np.mean(losses), np.mean(np.array(losses) > 0.)) if losses else (0., 0.)


def unit_vectors(count, size, seed=0):
    vectors = np.random.default_rng(seed).normal(size=[count, size])
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def on_a_circle(*degrees):
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32)


@pytest.mark.parametrize("people", [[0, 0, 1, 1, 2, 2], [0, 1, 0, 1, 0, 1, 1, 2], [7, 7, 7, 7, 3, 3, 3, 3, 5, 5, 5, 5], [0, 0, 1]])
@pytest.mark.parametrize("margin", [.05, .2, 1.])
def test_the_loss_is_that_of_all_pairs_each_with_its_semi_hard_negative(people, margin):
    for seed in range(10):
        identity = unit_vectors(len(people), 3, seed)
        found = triplets.loss(tf.constant(identity, tf.float32), tf.constant(people, tf.int64), margin)
        np.testing.assert_allclose(found, brute_force(identity, people, margin), atol=1e-5)


def test_negatives_nearer_than_the_positive_are_passed_over():
    # From the anchor at 0, the positive is at 30, and negatives at 20 (too near), 35 and 180. From the anchor at 30, the nearest
    # negative is 50 away, which costs nothing.
    value, active = triplets.loss(on_a_circle(0, 30, -20, -35, 180), tf.constant([1, 1, 2, 3, 4], tf.int64))
    near, far = (2. - 2. * np.cos(np.radians(angle)) for angle in (30, 35))
    np.testing.assert_allclose(value, (near - far + .2) / 2., atol=1e-6)
    assert active == .5


def test_a_negative_as_far_as_the_positive_is_not_farther():
    identity = tf.constant([[1., 0., 0.], [0., 1., 0.], [0., 0., 1.], [-1., 0., 0.]])
    value, active = triplets.loss(identity, tf.constant([1, 1, 2, 2], tf.int64))
    # The first and the last have a negative straight opposite, which costs nothing; the others have none farther than the positive.
    np.testing.assert_allclose(value, (0. + .2 + .2 + 0.) / 4., atol=1e-6)
    assert active == .5


def test_where_every_negative_is_nearer_the_farthest_is_taken():
    identity, people = on_a_circle(0, 90, 40, 50), tf.constant([1, 1, 2, 3], tf.int64)
    value, active = triplets.loss(identity, people)
    np.testing.assert_allclose(value, 2. - (2. - 2. * np.cos(np.radians(50))) + .2, atol=1e-6)
    assert active == 1.


def test_people_that_are_apart_by_more_than_the_margin_cost_nothing():
    value, active = triplets.loss(on_a_circle(0, 5, 90, 95, 180, 185), tf.constant([1, 1, 2, 2, 3, 3], tf.int64))
    assert value == 0. and active == 0.


@pytest.mark.parametrize("people", [[1, 1, 1, 1], [1, 2, 3, 4]])
def test_without_negatives_or_without_pairs_there_is_no_loss_and_no_gradient(people):
    identity = tf.constant(unit_vectors(4, 3), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(identity)
        value, active = triplets.loss(identity, tf.constant(people, tf.int64))
    assert value == 0. and active == 0.
    np.testing.assert_array_equal(tape.gradient(value, identity), 0.)


def test_the_gradient_is_that_of_the_brute_force():
    people = [0, 0, 0, 1, 1, 1]
    vectors, direction = unit_vectors(6, 4), np.random.default_rng(1).normal(size=[6, 4])

    def normalized(x):
        return x / np.linalg.norm(x, axis=1, keepdims=True)

    start = tf.constant(vectors, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(start)
        value, _ = triplets.loss(tf.math.l2_normalize(start, 1), tf.constant(people, tf.int64))
    slope = np.sum(tape.gradient(value, start) * direction)
    ahead, behind = (brute_force(normalized(vectors + step * direction), people, .2)[0] for step in (1e-4, -1e-4))
    assert abs(slope) > .01
    np.testing.assert_allclose(slope, (ahead - behind) / 2e-4, rtol=1e-3)


# Names, and how many photos there are of each.
PEOPLE = {"two": 2, "three": 3, "five": 5, "nine": 9, "Ünïcode": 4, "single": 1, "another single": 1, "": 6}


def photos_of(people=PEOPLE, size=4):
    """crops and names: a photo's first pixel tells whose it is, the second which photo, the rest is dark."""
    names = np.array([name.encode() for name, count in people.items() for _ in range(count)])
    crops = np.zeros([len(names), size, size, 3], np.uint8)
    crops[:, 0, 0, 0] = [10 * who for who, count in enumerate(people.values(), 1) for _ in range(count)]
    crops[:, 0, 0, 1] = [1 + which for count in people.values() for which in range(count)]
    return crops, names


def dataset(crops, names):
    """Photos as they are stored, but without loss."""
    return tf.data.Dataset.from_tensor_slices({"image": [tf.io.encode_png(crop) for crop in crops], "person": names})


def endless(crops, names, seed=0):
    photos = dataset(crops, names)
    return photos.shuffle(len(names), seed, reshuffle_each_iteration=True).repeat()


def drawn(people, photos_per_person, seed=0, count=30):
    return list(triplets.batches(endless(*photos_of()), people, photos_per_person, 4, seed).take(count).as_numpy_iterator())


def test_a_batch_is_sets_of_photos_of_one_person():
    for batch in drawn(3, 4):
        assert batch["crops"].shape == (12, 4, 4, 3) and batch["crops"].dtype == np.uint8
        who = batch["crops"][:, 0, :, 0].max(1).reshape(3, 4)
        assert (who == who[:, :1]).all()
        same_number = batch["people"][:, None] == batch["people"]
        np.testing.assert_array_equal(same_number, who.ravel()[:, None] == who.ravel())


def test_all_people_with_two_photos_come_and_nobody_else():
    who = np.concatenate([batch["crops"][:, 0, :, 0].max(1) for batch in drawn(3, 4, count=60)])
    assert set(who) == {10, 20, 30, 40, 50}


def test_all_photos_of_a_person_come():
    batches = drawn(3, 4, count=60)
    seen = {tuple(crop[0, [0, -1], :2].max(0)) for batch in batches for crop in batch["crops"]}
    assert seen == {(10 * who, which) for who, count in zip(range(1, 6), (2, 3, 5, 9, 4)) for which in range(1, count + 1)}


def test_half_of_the_photos_are_mirrored():
    crops = np.concatenate([batch["crops"] for batch in drawn(3, 4, count=60)])
    left, right = crops[:, 0, 0, 0] > 0, crops[:, 0, -1, 0] > 0
    assert (left ^ right).all()
    assert .4 < left.mean() < .6


def test_people_whose_photos_lie_together_come_in_different_batches():
    crops, names = photos_of({str(who): 12 for who in range(24)})
    in_order = dataset(crops, names).repeat()
    batches = triplets.batches(in_order, 6, 2, 4, 0).take(20).as_numpy_iterator()
    assert np.mean([len(set(batch["people"])) for batch in batches]) > 4.  # one, were the sets not shuffled


def test_the_seed_decides_the_batches():
    first, again, other = drawn(3, 2, seed=1), drawn(3, 2, seed=1), drawn(3, 2, seed=2)
    for a, b in zip(first, again):
        np.testing.assert_array_equal(a["crops"], b["crops"])
    assert any((a["crops"] != b["crops"]).any() for a, b in zip(first, other))


def test_photos_are_read_only_as_they_are_needed():
    count = 0

    def generate():
        nonlocal count
        while True:
            count += 1
            yield {"image": tf.io.encode_png(np.full([4, 4, 3], count % 256, np.uint8)), "person": b"%d" % (count % 3)}

    stream = tf.data.Dataset.from_generator(generate, output_signature={
        "image": tf.TensorSpec([], tf.string), "person": tf.TensorSpec([], tf.string)})
    next(iter(triplets.batches(stream, 2, 2, 4, 0)))
    # The shuffle's window, this batch and those made in advance, and what lies in open sets.
    assert count < (triplets.SHUFFLED_BATCHES + 5) * 2 * 2 + 3 * 2


def faces(people, photos, seed):
    """Photos [people * photos, 8, 8, 3] of striped faces: in 6 directions people differ, in the 18 others every photo does."""
    rng, directions = np.random.default_rng(seed), np.linalg.qr(np.random.default_rng(9).normal(size=[24, 24]))[0]
    persons = np.repeat(rng.normal(size=[people, 6]), photos, 0)
    stripes = np.concatenate([persons, rng.normal(size=[people * photos, 18])], 1) @ directions
    crops = np.broadcast_to(stripes.reshape(-1, 8, 1, 3), [people * photos, 8, 8, 3])
    return np.uint8(np.clip(128. + 30. * crops, 0., 255.)), np.repeat([b"%d" % who for who in range(people)], photos)


def small_training(rate=3e-3):
    keras.utils.set_random_seed(0)
    images = keras.Input([8, 8, 3])
    features = keras.layers.BatchNormalization()(keras.layers.Dense(64, "relu")(keras.layers.Flatten()(images)))
    network = keras.Model(images, [features, keras.layers.UnitNormalization()(keras.layers.Dense(16)(features))])
    training = triplets.TripletTraining(network)
    training.compile(keras.optimizers.Adam(rate), jit_compile=False)
    return training


def test_the_network_is_shown_colors_from_0_to_1(monkeypatch):
    shown, training = [], small_training()
    call = training.call
    monkeypatch.setattr(training, "call", lambda images, **settings: shown.append(images) or call(images, **settings))
    crops = np.full([4, 8, 8, 3], 51, np.uint8) * np.uint8([0, 1, 2, 5])[:, None, None, None]
    training.train_step({"crops": tf.constant(crops), "people": tf.constant([0, 0, 1, 1], tf.int64)})
    np.testing.assert_allclose(shown[0][:, 0, 0, 0], [0., .2, .4, 1.])


def area_under_curve(training, crops, names):
    """The chance that two photos of one person are nearer to each other than two of different people."""
    identity = training(crops / np.float32(255.))[1].numpy()
    first, second = np.triu_indices(len(names), 1)
    distance = np.linalg.norm(identity[first] - identity[second], axis=1)
    same = names[first] == names[second]
    return np.mean(distance[same][:, None] < distance[~same])


def train(training, folder, batches, steps, every=4):
    saved = checkpoints.Checkpoints(folder, training.network, training.optimizer)
    saved.restore()
    loop.run(training, loop.Stage("encoder", 0, steps, batches, 16, "photos"), saved, [callbacks.SaveCheckpoints(saved, every)])
    return saved


def test_what_is_learned_holds_for_strangers(tmp_path):
    training, strangers = small_training(), faces(30, 4, seed=1)
    before = area_under_curve(training, *strangers)
    train(training, tmp_path, lambda start: triplets.batches(endless(*faces(100, 6, seed=0)), 8, 4, 8, 0), 150, every=1000)
    assert before < .8 and area_under_curve(training, *strangers) > .95


def test_a_run_that_is_cut_goes_on_where_it_was(tmp_path):
    def batches(start):
        return triplets.batches(endless(*faces(20, 6, seed=0)), 4, 4, 8, 0).take(8).cache().repeat().skip(start)

    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            assert set(logs) == {"loss", "active", "gradient"}
            if int(self.model.optimizer.iterations) == 6:
                raise KeyboardInterrupt

    whole, cut, resumed = small_training(), small_training(), small_training()
    train(whole, tmp_path / "whole", batches, 8)
    saved = checkpoints.Checkpoints(tmp_path / "cut", cut.network, cut.optimizer)
    with pytest.raises(KeyboardInterrupt):
        loop.run(cut, loop.Stage("encoder", 0, 8, batches, 16, "photos"), saved, [callbacks.SaveCheckpoints(saved, 4), Stop()])
    assert train(resumed, tmp_path / "cut", batches, 8).step == 8
    for variable, other, untrained in zip(whole.network.variables, resumed.network.variables, small_training().network.variables):
        np.testing.assert_array_equal(variable, other)
        assert (variable.numpy() != untrained.numpy()).any(), f"{variable.path} is not trained"  # batch statistics included
