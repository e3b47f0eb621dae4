import numpy as np
import pytest

from morph3d.morphable.albedo import parameters, people


def _scores(traits, seed=0):
    """{parameter: [N]}."""
    persons = people.sample_scores(traits, np.random.default_rng(seed))
    return {name: np.array([person[name] for person in persons]) for name in persons[0]}


def test_traits_are_standard_scores_and_men_wear_no_makeup():
    traits = people.draw_traits(4000, np.random.default_rng(0))
    assert set(traits) == set(people.TRAITS)
    for name in ("tone", "sex", "age", "sun"):
        assert abs(traits[name].mean()) < .06 and abs(traits[name].std() - 1.) < .06
    men = traits["sex"] > 0.
    assert set(traits["sex"]) == {-1., 1.} and np.ptp(traits["makeup"][men]) == 0. and traits["makeup"][~men].std() > .9


def test_known_traits_are_kept_and_makeup_follows_the_sex():
    sex = np.repeat([1., -1.], 50)
    traits = people.draw_traits(100, np.random.default_rng(0), {"sex": sex, "age": np.arange(100.)})
    np.testing.assert_array_equal(traits["sex"], sex)
    np.testing.assert_array_equal(traits["age"], np.arange(100.))
    assert np.ptp(traits["makeup"][:50]) == 0. < np.ptp(traits["makeup"][50:])
    given = people.draw_traits(100, np.random.default_rng(0), {"sex": sex, "makeup": np.full(100, 2.)})
    assert (given["makeup"] == 2.).all()


@pytest.mark.parametrize("known, message", [
    ({"height": np.zeros(3)}, "traits: 'height', expected names among tone, sex, age, makeup, sun$"),
    ({"tone": np.zeros(4)}, r"traits: tone of shape \(4,\), expected \[3\] finite scores, one per person"),
    ({"tone": [0., np.nan, 0.]}, "traits: tone .* finite scores"),
    ({"sex": [1., 0., -1.]}, r"traits: sex of values from -1 to 1, expected \+1 \(male\) or -1 \(female\) each"),
    ({"sex": [1., 2., 1.]}, "traits: sex of values from 1 to 2, expected")])
def test_bad_traits(known, message):
    with pytest.raises(ValueError, match=message):
        people.draw_traits(3, np.random.default_rng(0), known)


def test_no_parameter_is_more_than_its_traits():
    for name, weights in people.CORRELATIONS.items():
        assert name in parameters.PARAMETERS and np.square(weights).sum() <= 1.


def test_scores_go_with_traits_as_the_correlations_say():
    traits = people.draw_traits(20000, np.random.default_rng(1), {"makeup": np.random.default_rng(2).standard_normal(20000)})
    scores = _scores(traits)
    for name in ("melanin", "lip_blood", "hair_gray", "beard"):
        assert scores[name].std() == pytest.approx(1., abs=.02)
        found = [np.corrcoef(traits[trait], scores[name])[0, 1] for trait in people.TRAITS]
        weights = people.CORRELATIONS[name]  # zero for what is not named
        np.testing.assert_allclose(found, [*weights, *np.zeros(len(people.TRAITS) - len(weights))], atol=.03)
    assert all((scores[name] == 0.).all() for name in parameters.ASYMMETRIC)


def test_women_are_lighter_than_men_and_the_young_than_the_old():
    scores = _scores(traits := people.draw_traits(20000, np.random.default_rng(3)))
    men, old = traits["sex"] > 0., traits["age"] > 0.
    assert scores["melanin"][men].mean() > scores["melanin"][~men].mean() + .1
    assert scores["melanin"][old].mean() > scores["melanin"][~old].mean() + .05


def test_principal_modes_keep_the_covariance_and_know_their_faces():
    basis = np.random.default_rng(3).standard_normal([3, 7, 3]).astype(np.float32)
    faces = np.tensordot(np.random.default_rng(4).standard_normal([40, 3]).astype(np.float32), basis, 1) + .5
    mean, modes, coefficients = people.principal_modes(faces.copy(), 3)
    flat = faces.reshape(40, -1)
    np.testing.assert_allclose(mean.ravel(), flat.mean(0), atol=1e-5)
    np.testing.assert_allclose(modes.reshape(3, -1).T @ modes.reshape(3, -1), np.cov(flat.T), atol=1e-4)
    np.testing.assert_allclose(mean + np.tensordot(coefficients, modes, 1), faces, atol=1e-4)
