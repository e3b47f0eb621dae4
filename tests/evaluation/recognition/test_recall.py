"""Recall of identities: against sorting, scikit-learn, and chance."""
import itertools

import hypothesis
import numpy as np
import pytest
import sklearn.metrics
from hypothesis import strategies as st

from morph3d.evaluation.recognition import recall
from tests.evaluation.recognition.identities import crowd, unit


def renderings_of(photos, spread=1., seed=9):
    return unit(photos + spread * np.random.default_rng(seed).normal(size=photos.shape) / np.sqrt(photos.shape[1]))


def test_one_photo_each_is_top_k_accuracy():
    photos, people = crowd([1] * 300)
    renderings = renderings_of(photos, 2.)
    found = recall.find(renderings, people, photos, people)
    names, label = np.unique(people, return_inverse=True)
    scores = (renderings @ photos.T)[:, np.argsort(label)]
    for hits, k in ((found.top1, 1), (found.top5, 5)):
        assert hits.mean() == pytest.approx(sklearn.metrics.top_k_accuracy_score(label, scores, k=k))
    assert .1 < found.top1.mean() < found.top5.mean() < .9
    cosine = renderings @ photos.T
    assert found.right == pytest.approx(np.diag(cosine))
    assert found.wrong == pytest.approx((cosine.sum(1) - np.diag(cosine)) / 299)


@pytest.mark.parametrize("alone", [False, True])
def test_any_photo_of_the_person_counts(alone):
    """The oracle sorts every row; where each photo is its own query, without that photo."""
    photos, people = crowd([3, 2, 5, 4] * 15, spread=1.2)
    queries = photos if alone else renderings_of(photos)
    found = recall.find(queries, people, photos, people, own=np.arange(len(photos)) if alone else None)
    for i, row in enumerate(queries @ photos.T):
        order = [j for j in np.argsort(-row) if not (alone and j == i)]
        assert found.top1[i] == pytest.approx(float(people[order[0]] == people[i]))
        assert found.top5[i] == pytest.approx(float(people[i] in people[order[:5]]))
        assert found.right[i] == pytest.approx(np.mean([row[j] for j in order if people[j] == people[i]]))
        assert found.wrong[i] == pytest.approx(row[people != people[i]].mean())
    assert 0. < found.top1.mean() < found.top5.mean() <= 1.


def test_perfect_renderings_score_one_and_opposite_ones_zero():
    photos, people = crowd([1] * 10)
    assert recall.find(photos, people, photos, people).top1.tolist() == [1.] * 10
    assert recall.find(-photos, people, photos, people).top5.tolist() == [0.] * 10


@pytest.mark.parametrize("counts", [[1] * 20, [1, 2, 3, 7] * 5])
def test_a_recognizer_that_tells_nobody_apart_scores_chance(counts):
    photos, people = crowd(counts)
    same = np.float32(unit(np.ones([len(photos), 16])) + np.random.default_rng(0).uniform(-1e-8, 1e-8, [len(photos), 1]))
    for queries, gallery in ((photos, same), (same, same)):
        found = recall.find(queries, people, gallery, people)
        assert found.top1 == pytest.approx(recall.chance(people, people, 1))
        assert found.top5 == pytest.approx(recall.chance(people, people, 5))
    if len(photos) == 20:
        assert found.top1.mean() == pytest.approx(1 / 20) and found.top5.mean() == pytest.approx(5 / 20)


def test_a_face_that_is_always_the_same_scores_chance():
    photos, people = crowd([2] * 30)
    found = recall.find(np.repeat(unit(np.ones([1, 16])), 60, 0), people, photos, people)
    assert found.top1.mean() == pytest.approx(1 / 30)  # whoever is nearest, it is right for them alone
    assert found.top5.mean() <= 5 / 30


def test_shuffled_photos_score_chance():
    photos, people = crowd([1] * 2000)
    found = recall.find(renderings_of(photos, .1), people, photos[np.random.default_rng(1).permutation(2000)], people)
    assert found.top1.mean() < 5 / 2000 and found.top5.mean() < 15 / 2000


def test_among_photos_as_near_all_orders_are_counted():
    """The oracle tries every order: two photos are nearer, then two right and three wrong ones are as near."""
    photos = np.eye(8)[[0, 0, 1, 1, 1, 1, 1, 2]]
    people = np.array(["a", "b", "c", "right", "right", "d", "e", "f"])
    query = unit(np.array([[2., 1., .5, 0., 0., 0., 0., 0.]]))
    found = recall.find(query, ["right"], photos, people)
    orders = list(itertools.permutations(people[2:7]))
    assert found.top1.tolist() == [0.]
    assert found.top5[0] == pytest.approx(np.mean(["right" in order[:3] for order in orders]))


def test_chance_is_that_of_random_orders():
    people = np.array(list("aaabbcdefg"))
    rng = np.random.default_rng(2)
    orders = [rng.permutation(people)[:5] for _ in range(4000)]
    for person in "abc":
        expected = np.mean([person in order for order in orders])
        assert recall.chance([person], people, 5)[0] == pytest.approx(expected, abs=.03)


@hypothesis.given(st.lists(st.integers(1, 4), min_size=2, max_size=12), st.integers(0, 2**32 - 1))
@hypothesis.settings(max_examples=30)
def test_the_order_of_photos_and_names_changes_nothing(counts, seed):
    photos, people = crowd(counts, seed=seed)
    queries = renderings_of(photos, seed=seed)
    rng = np.random.default_rng(seed)
    order, renamed = rng.permutation(len(people)), dict(zip(np.unique(people), rng.permutation(np.unique(people)), strict=True))
    before = recall.find(queries, people, photos, people)
    others = np.array([renamed[person] for person in people])
    after = recall.find(queries, others, photos[order], others[order])
    for one, other in zip(before[1:], after[1:], strict=True):
        assert one == pytest.approx(other)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("where", ["photos", "queries"])
def test_identities_that_are_not_finite_are_refused(value, where):
    good, people = crowd([1] * 8)
    bad = good.copy()
    bad[5, 1] = value
    with pytest.raises(ValueError, match=f"the identities of 1 of 8 {where} are not finite .the first is number 5."):
        recall.find(bad if where == "queries" else good, people, bad if where == "photos" else good, people)


def test_who_has_another_photo():
    assert recall.has_another(np.array(list("abcab"))).tolist() == [True, True, False, True, True]
