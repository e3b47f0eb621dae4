"""Verification of pairs: against scikit-learn, and the lists as LFW writes them."""
import collections

import numpy as np
import pytest
import sklearn.metrics

from morph3d.data.sources import Photo
from morph3d.evaluation.recognition import verification
from tests.evaluation.recognition.identities import crowd

PEOPLE = ("Ann_Lee", "Bo", "Cy_van_Dal")


@pytest.fixture
def photos():
    """Three photos each, in a folder in a folder, of several kinds."""
    return [Photo(f"lfw/{person}/{person}_{n:04d}.{kind}", person, "", "") for person in PEOPLE
            for n, kind in zip((1, 2, 13), ("jpg", "png", "JPEG"), strict=True)]


def scored(count=1500, seed=0):
    """Pairs in ten folds, and scores of theirs with some ties."""
    rng = np.random.default_rng(seed)
    same = rng.uniform(size=count) < .5
    pairs = verification.Pairs(np.arange(count), np.arange(count), same, np.arange(count) % 10)
    return np.round(rng.normal(.5 * same, .25), 2), pairs


def written(tmp_path, *lines):
    path = tmp_path / "pairs.txt"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_the_curve_is_scikit_learns():
    scores, pairs = scored(9000)
    found = verification.verify(scores, pairs)
    assert found.auc == pytest.approx(sklearn.metrics.roc_auc_score(pairs.same, scores))
    false, true, _ = sklearn.metrics.roc_curve(pairs.same, scores, drop_intermediate=False)
    assert found.tar == pytest.approx(true[false <= 1e-3].max()) and 0. < found.tar < .5


def test_accuracy_is_by_the_best_threshold_of_the_other_folds():
    """The oracle tries every threshold; several may be as good on the other folds, so the accuracy lies between theirs."""
    scores, pairs = scored()
    lowest, highest = [], []
    for fold in range(10):
        own = pairs.fold == fold
        tried = np.arange(-1.005, 2., .01)
        others = [np.mean((scores[~own] > t) == pairs.same[~own]) for t in tried]
        best = tried[np.equal(others, max(others))]
        here = [np.mean((scores[own] > t) == pairs.same[own]) for t in best]
        lowest.append(min(here)), highest.append(max(here))
    found = verification.verify(scores, pairs)
    assert np.mean(lowest) - 1e-9 <= found.accuracy <= np.mean(highest) + 1e-9
    assert np.mean(highest) - np.mean(lowest) < .01 and .8 < found.accuracy < .9
    assert 0. < found.deviation < .1


def test_scores_that_tell_everything_or_nothing():
    _, pairs = scored(2000)
    assert verification.verify(np.where(pairs.same, .7, .2), pairs) == (1., 0., 1., 1.)
    assert verification.verify(np.where(pairs.same, .2, .7), pairs).auc == 0.
    even = pairs._replace(same=np.arange(2000) // 10 % 2 == 0)
    assert verification.verify(np.zeros(2000), even) == (.5, 0., .5, 0.)
    few = pairs._replace(same=np.arange(2000) // 10 % 4 == 0)
    assert verification.verify(np.zeros(2000), few).accuracy == .75  # by accepting none


def test_vectors_of_zero_have_no_cosine_and_rounding_is_none():
    pairs = verification.Pairs(np.array([0, 1, 2]), np.array([1, 2, 2]), np.ones(3, bool), np.arange(3))
    assert verification.cosines(np.float32([[0, 0], [3, 4], [4, 3]]), pairs) == pytest.approx([0., .96, 1.], abs=1e-7)


def test_scores_that_are_not_finite_are_refused():
    scores, pairs = scored(100)
    scores[7] = np.nan
    with pytest.raises(ValueError, match="1 of 100 scores are not finite"):
        verification.verify(scores, pairs)


def test_a_list_like_lfws_is_read(tmp_path, photos):
    path = written(tmp_path, "2\t1", "Ann_Lee\t1\t2", "Ann_Lee\t13\tBo\t1", "Cy_van_Dal\t2\t13", "Bo\t2\tCy_van_Dal\t1")
    pairs = verification.read(path, photos)
    keys = [tuple(photos[n].key.partition("/")[2] for n in pair) for pair in zip(pairs.first, pairs.second, strict=True)]
    assert keys == [("Ann_Lee/Ann_Lee_0001.jpg", "Ann_Lee/Ann_Lee_0002.png"), ("Ann_Lee/Ann_Lee_0013.JPEG", "Bo/Bo_0001.jpg"),
                    ("Cy_van_Dal/Cy_van_Dal_0002.png", "Cy_van_Dal/Cy_van_Dal_0013.JPEG"),
                    ("Bo/Bo_0002.png", "Cy_van_Dal/Cy_van_Dal_0001.jpg")]
    assert pairs.same.tolist() == [True, False, True, False] and pairs.fold.tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize("lines, words", [
    ([""], "found '' and 0 pairs; expected a list like LFW's pairs.txt"),
    (["10 300", "Bo 1 2"], "found '10 300' and 1 pairs; expected"),
    (["1 1", "Bo 1 2", "Bo 1 Ann_Lee 1"], "found '1 1' and 2 pairs; expected"),
    (["Bo 1 2", "Bo 1 13"], "found 'Bo 1 2' and 1 pairs; expected"),
    (["2 1", "Bo 1 2", "Bo one Ann_Lee 1", "Bo 1 2", "Bo 1 Ann_Lee 2"], "found the line 'Bo one Ann_Lee 1'; expected NAME"),
    (["2 1", "Bo 1", "Bo 1 Ann_Lee 1", "Bo 1 2", "Bo 1 Ann_Lee 2"], "found the line 'Bo 1'; expected NAME I J of one"),
    (["2 1", "Bo 1 2", "Bo 1 Nobody 1", "Bo 1 3", "Bo 1 Ann_Lee 2"],
     "Nobody/Nobody_0001 is not among the 9 photos, nor are 1 more of 8 photos of pairs; give the folder of the data set")])
def test_a_list_that_does_not_fit_is_refused_in_words(tmp_path, photos, lines, words):
    with pytest.raises(ValueError, match=words) as error:
        verification.read(written(tmp_path, *lines), photos)
    assert str(error.value).startswith(str(tmp_path / "pairs.txt"))


def test_pairs_without_one_of_their_photos_are_left_out(caplog):
    pairs = verification.Pairs(np.array([0, 0, 2, 3]), np.array([1, 2, 3, 1]), np.array([True, False, True, False]),
                               np.array([0, 0, 1, 1]))
    kept = verification.within(pairs, [3, 0, 2])
    assert [each.tolist() for each in kept] == [[1, 2], [2, 0], [False, True], [0, 1]]
    assert verification.within(pairs, [0, 1, 2]) is None
    assert "no verification: both photos of 2 pairs are left" in caplog.text


def test_pairs_are_drawn_as_lfws_were():
    _, people = crowd([400, 1, 2, 3, 1, 5] * 10, seed=3)
    pairs = verification.draw(people)
    first, second = people[pairs.first], people[pairs.second]
    assert (pairs.same == (first == second)).all() and (pairs.first != pairs.second).all()
    assert len(set(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))) == len(pairs.first)
    of_fold = [set(first[pairs.fold == fold]) | set(second[pairs.fold == fold]) for fold in range(10)]
    assert sum(map(len, of_fold)) == len(set().union(*of_fold)) == 60
    for fold in range(10):
        same = pairs.same[pairs.fold == fold]
        assert 0 < same.sum() == (~same).sum() <= 300
    photos, drawn = collections.Counter(people), collections.Counter(first[pairs.same])
    assert max(drawn.values()) > 100
    assert all(drawn[person] >= 8 for person in photos if photos[person] == 5)  # of their 10, beside those of whom there are 400
    again = verification.draw(people)
    assert all((one == other).all() for one, other in zip(pairs, again, strict=True))
    assert not np.array_equal(pairs.first, verification.draw(people, seed=1).first)


def test_too_few_people_are_not_verified(caplog):
    assert verification.draw(np.array(list("aabbccddeeffgghhii"))) is None
    assert "no verification: 9 people, 9 of them with two photos or more; for ten folds 20 and 10 are needed" in caplog.text
