"""Against measured spectra and skins: the skin patches of the ColorChecker, and what spectrophotometers found on faces."""
import numpy as np
import pytest

from morph3d import colors
from morph3d.morphable.albedo import parameters, people, pigments, spectra

# 400 to 700 nm: the mean of 30 ColorChecker charts (BabelColor, 2012), and sRGB as published by X-Rite.
LIGHT_PATCH = [.175, .191, .196, .199, .204, .213, .228, .251, .280, .309, .329, .333, .315, .286, .273, .276, .277, .289, .339,
               .420, .488, .525, .546, .562, .578, .595, .612, .625, .638, .656, .678], (194, 150, 130)
DARK_PATCH = [.061, .062, .062, .062, .062, .062, .062, .062, .062, .063, .065, .070, .076, .079, .081, .084, .091, .103, .119,
              .134, .143, .147, .151, .158, .168, .179, .188, .190, .186, .181, .182], (115, 82, 68)
# CIELAB of cheeks and foreheads, D65, surface included: medians of the International Skin Spectra Archive (Yan et al., Scientific
# Data 2025) around ten individual typology angles from 62 to -60 degrees, as tabulated by one of its users.
ARCHIVE = np.array([
    (68.2, 10.2, 10.2), (65.7, 10.7, 13.4), (62.2, 11.4, 15.7), (58.3, 11.2, 17.9), (54., 11.7, 18.9), (50.3, 11.7, 19.),
    (45.3, 11.1, 18.1), (40.8, 11., 16.), (37.2, 10.2, 13.), (33.6, 8.7, 9.6)])
# Cheeks of 187 Caucasians, 202 Chinese, 145 Kurds and 426 Thais, means and deviations (Xiao et al., Skin Research and Technology
# 23, 2017).
CHEEKS = np.array([(59.6, 11.8, 14.6), (58.9, 11.4, 14.2), (58., 11.7, 15.8), (60.7, 10.5, 17.2)])
CHEEKS_DEVIATE = np.array([(5.5, 3.1, 2.6), (3.1, 2.1, 1.5), (4.4, 2.3, 2.1), (4., 2.3, 2.1)])
SURFACE = .028  # reflected by the surface itself, which the spectrophotometers include: refractive index 1.4


def _lab(linear):
    return colors.lab_from_srgb(colors.srgb_from_linear(linear))


def _measured(melanin, blood, carotene):
    """CIELAB as a spectrophotometer sees skin: with the reflection of its surface, not exposed for a photograph."""
    return _lab(SURFACE + (1. - SURFACE) * spectra.linear_srgb(pigments.reflectance(melanin, blood, carotene)))


@pytest.mark.parametrize("spectrum, published", [LIGHT_PATCH, DARK_PATCH])
def test_a_spectrum_has_its_published_color(spectrum, published):
    color = 255. * colors.srgb_from_linear(spectra.linear_srgb(np.array(spectrum)))
    np.testing.assert_allclose(color, published, atol=4.)


def test_white_is_white_and_long_waves_are_red():
    np.testing.assert_allclose(spectra.linear_srgb(np.ones([2, len(spectra.WAVELENGTHS)])), 1., atol=1e-5)
    red, green, blue = spectra.linear_srgb((spectra.WAVELENGTHS > 600.).astype(float))
    assert red > .5 > max(green, blue)


def test_blood_absorbs_as_hemoglobin_does():
    veins, arteries = (spectra.blood(saturation, vessel=1e-6) for saturation in (0., 1.))
    at = {wavelength: i for i, wavelength in enumerate(spectra.WAVELENGTHS)}
    for isosbestic in (500., 570.):  # nm, where oxygen makes no difference
        assert veins[at[isosbestic]] == pytest.approx(arteries[at[isosbestic]], rel=.02)
    assert arteries[at[560.]] < .75 * min(arteries[at[540.]], arteries[at[580.]])  # the two bands of oxygenated blood
    assert arteries[at[660.]] < .15 * veins[at[660.]]  # what oximeters measure
    flattened = spectra.blood(1., vessel=.005) / arteries
    assert flattened[at[420.]] < .15 and flattened[at[660.]] > .98


def test_skin_of_all_tones_is_that_of_the_archive():
    melanin = np.geomspace(5e-4, .4, 400)
    nearest = _measured(melanin, .02, .2)
    nearest = nearest[np.linalg.norm(nearest - ARCHIVE[:, None], axis=-1).argmin(1)]
    assert np.abs(nearest - ARCHIVE).max() < 4. and np.sqrt(np.square(nearest - ARCHIVE).mean()) < 1.6


def test_people_are_as_light_and_as_different_as_measured_people():
    rng = np.random.default_rng(0)
    found = [parameters.values(scores) for scores in people.sample_scores(people.draw_traits(4000, rng), rng)]
    lab = _measured(np.exp([p.melanin for p in found]), np.exp([p.blood + p.blush for p in found]), [p.carotene for p in found])
    lightness, redness, yellowness = lab.mean(0)
    assert lightness == pytest.approx(CHEEKS[:, 0].mean(), abs=2.)
    # Pictures show faces redder than an opening of a few millimeters, beside which the red light leaves the skin: 15 or 16 (J. de
    # Rigal et al., Skin Research and Technology 16, 2010, read off by others).
    assert CHEEKS[:, 1].max() < redness < 17.
    assert CHEEKS[:, 2].min() < yellowness < CHEEKS[:, 2].max() + 1.
    deviation = lab.std(0)
    assert (deviation > CHEEKS_DEVIATE.min(0)).all() and (deviation < 1.2 * CHEEKS_DEVIATE.max(0)).all()
    typology = np.degrees(np.arctan2(lab[:, 0] - 50., lab[:, 2]))  # light above 41 degrees, brown from 10 to -30 (Del Bino 2013)
    assert np.mean(typology > 41.) > .1 and np.mean(typology < 10.) > .06


def test_pigments_darken():
    tones = pigments.skin(np.geomspace(.005, .3, 9), .03, .4)
    assert (np.diff(tones, axis=0) < 0.).all()
    chroma = np.hypot(*_lab(tones).T[1:])
    assert chroma[0] < chroma.max() > chroma[-1] + 3.  # brown skin is more colorful than pale and than black skin
    flushed = pigments.skin(.02, .10, .4) / pigments.skin(.02, .03, .4)
    assert flushed[0] > 1.3 * flushed[1]
    yellow = pigments.skin(.02, .03, 1.) / pigments.skin(.02, .03, 0.)
    assert yellow[2] < .8 * yellow[1] < .8 * yellow[0] * 1.05
    blue, brown = pigments.iris(0.), pigments.iris(2.)
    assert blue[2] > blue[0] and brown[0] > brown[2]


@pytest.mark.parametrize("melanin, blood, carotene", [(.001, .015, 0.), (.001, .03, 0.), (.4, .25, 1.), (0., .25, 0.)])
def test_skin_is_a_reflectance(melanin, blood, carotene):
    color = pigments.skin(melanin, blood, carotene)
    assert color.dtype == np.float32 and (color >= 0.).all() and (color < 1.).all()


def test_hair_goes_from_black_to_blond_and_is_never_blue():
    for gray in (0., .5, 1.):
        lab = np.stack([_lab(pigments.hair(eumelanin, .25, gray)) for eumelanin in (12., 8., 4.5, 2., 1., .1)])
        assert (lab[:, 2] > 2.).all() and (lab[:, 1] > 0.).all()
        assert (np.diff(lab[:, 0]) > -1e-3).all()
    assert pigments.hair(12., 0., 0.).max() < .03 < .3 < pigments.hair(.1, 0., 0.).min()
    ginger = _lab(pigments.hair(.5, 2., 0.))
    assert ginger[1] > _lab(pigments.hair(.5, 0., 0.))[1] + 3.
