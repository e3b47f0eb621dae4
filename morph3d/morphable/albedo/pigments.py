"""Colors of skin, hair and irises from their pigments: linear reflectances, by small physical models.

Hair and irises lie in 0..1. Skin, exposed for the face, may pass white: its red is up to 1.04 among 20,000 people of people.py,
and 1.45 without any melanin and blood.

Skin is an absorbing epidermis over a scattering dermis, wavelength by wavelength: light passes the melanin twice (Beer-Lambert)
and comes back from the dermis as from Kubelka and Munk's infinitely thick layer, where blood and carotene absorb; half of what
arrives at the surface from within is turned back (Saunderson). What the surface itself reflects is the renderer's highlight, not
the albedo. Hair and irises are colored in three bands.
"""
import numpy as np

from morph3d.morphable.albedo import spectra

# S. Jacques, "Optical properties of biological tissues", Phys. Med. Biol. 58 (2013): reduced scattering of skin, per cm; "Skin
# optics summary", Oregon Medical Laser Center (1998): absorption of bloodless skin and of melanosomes at 550 nm.
_SCATTERING = 46. * (spectra.WAVELENGTHS / 500.)**-1.421


def _ratio(absorption):
    """Kubelka and Munk's K / S, [wavelengths] float32, of an absorption per cm."""
    return (2. * absorption / (.75 * _SCATTERING)).astype(np.float32)


_BLOODLESS = _ratio(.2 * (.244 + 85.3 * np.exp(-(spectra.WAVELENGTHS - 154.) / 66.2)))
_BLOOD = _ratio(spectra.blood(saturation=.75, vessel=.005))
_CAROTENE = _ratio(12. * np.exp(-.5 * ((spectra.WAVELENGTHS - 455.) / 33.)**2))  # scaled so that 1 is a clearly yellow skin
# Melanin absorbs as the square of the frequency. This power, vessels of 50 um and a fifth of Jacques' bloodless absorption are
# fitted to the medians of the International Skin Spectra Archive: with the power 3.33 that he gives for melanosomes brown skin
# would be too red and too yellow.
_PATH = .024  # cm through the epidermis, there and back: 60 um, doubled because the light is diffuse
_MELANIN = (-_PATH * 6.6e11 * 550.**-3.33 * (550. / spectra.WAVELENGTHS)**2).astype(np.float32)
_TURNED_BACK = .5  # by a surface of refractive index 1.4, of diffuse light from within
_AT_A_TIME = 1024  # vertices whose spectra stay in the processor's cache
# A photograph of a face is exposed for the face. Half a stop more than spectrophotometers' white tile, which also miss light that
# leaves the skin beside their opening.
_EXPOSURE = 1.5
# E. d'Eon et al., "An energy-conserving hair reflectance model", EGSR 2011: absorption per unit of the hair pigments.
_EUMELANIN = np.array([.419, .697, 1.37])
_PHEOMELANIN = np.array([.187, .4, 1.05])
_HAIR_PATH = 2.6  # a mass of fibres seen from afar returns exp(-path sqrt(absorption)), as scattering media do
_GLINT_PATH = .25  # through one fibre and out again, what makes the highlights of dark hair brown, where a gray one looks blue
_IRIS_STROMA = np.array([.125, .195, .255])  # linear: Tyndall blue of an iris without melanin
_IRIS_ABSORPTION = np.array([.35, 1.05, 1.9])


def skin(melanin, blood, carotene):
    """Linear reflectance of skin as photographs show it, exposed for the face: [...] each -> [..., 3] float32, from 0, may pass 1.

    Args:
      melanin: volume fraction of melanosomes in the epidermis (.005 very pale, .05, .25 very dark).
      blood: volume fraction of blood in the dermis (.03; lips .1).
      carotene: relative, 0..1.
    """
    return np.maximum(_EXPOSURE * _color(melanin, blood, carotene), 0.)


def sclera(blood):
    """Linear reflectance of the white of an eye, whose tissue holds blood of this volume fraction, 0 to .02: [...] -> [..., 3]."""
    return np.maximum(_color(0., blood, .04), 0.)  # beside skin a white without yellow looks blue


def _color(*amounts):
    """The linear sRGB [..., 3] float32 of `reflectance`, [...] each."""
    amounts = np.broadcast_arrays(*amounts)
    flat = np.stack([amount.ravel() for amount in amounts])
    blocks = np.array_split(flat, max(flat.shape[1] // _AT_A_TIME, 1), axis=1)
    return np.concatenate([spectra.linear_srgb(reflectance(*block)) for block in blocks]).reshape(*amounts[0].shape, 3)


def reflectance(melanin, blood, carotene):
    """Reflectance of skin from below its surface, arguments as those of `skin`: [...] each -> [..., wavelengths] float32."""
    melanin, blood, carotene = (np.asarray(amount, np.float32)[..., None] for amount in (melanin, blood, carotene))
    ratio = blood * _BLOOD + carotene * _CAROTENE + _BLOODLESS
    dermis = 1. + ratio - np.sqrt(ratio * (ratio + 2.))
    below = np.exp(melanin * _MELANIN) * dermis
    return (1. - _TURNED_BACK) * below / (1. - _TURNED_BACK * below)


def hair(eumelanin, pheomelanin, gray):
    """Linear reflectance [3] of hair: eumelanin .1 (blond) to 8 (black), pheomelanin 0 to 2 (red), gray 0..1."""
    absorption = eumelanin * _EUMELANIN + pheomelanin * _PHEOMELANIN
    pigmented = .7 * np.exp(-_HAIR_PATH * np.sqrt(absorption)) + .03 * np.exp(-_GLINT_PATH * absorption) + .005
    return (1. - gray) * pigmented + gray * np.array([.50, .457, .39])


def iris(melanin):
    """Linear reflectance [3] of an iris: melanin 0 blue, .5 green to hazel, 2 dark brown."""
    return _IRIS_STROMA * np.exp(-_IRIS_ABSORPTION * melanin) + .012
