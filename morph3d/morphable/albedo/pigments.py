"""Colors of skin, hair and irises from their pigments: linear reflectances in 0..1, by small physical models.

Three bands stand for red, green and blue. Skin is an absorbing epidermis over a scattering dermis: light passes the
melanin twice (Beer-Lambert) and comes back from the dermis as from Kubelka and Munk's infinitely thick layer, where
blood and carotene absorb.
"""
import numpy as np

BANDS = np.array([605., 551., 478.])  # nm: nearer to one another than a camera's peaks, because its bands overlap
# S. Jacques, "Optical properties of biological tissues", Phys. Med. Biol. 58 (2013): reduced scattering of skin; "Skin
# optics summary", Oregon Medical Laser Center (1998): absorption of melanosomes; both per cm.
_SCATTERING = 46. * (BANDS / 500.)**-1.421
_MELANOSOME = 6.6e11 * BANDS**-3.33
# Whole blood (150 g/l, 75 % saturated), rounded band averages of S. Prahl's hemoglobin extinctions (omlc.org), per cm.
_BLOOD = np.array([20., 215., 200.])
_CAROTENE = np.array([0., .3, 8.])  # per cm: absorbs blue only; scaled so that 1 is a clearly yellow skin
_BASELINE = np.array([.22, .35, 1.5])  # per cm: bloodless dermis
_PATH = .024  # cm through the epidermis, there and back: 60 um, doubled because the light is diffuse
_SURFACE = .02  # reflected diffusely by the skin's rough surface before it enters
# E. d'Eon et al., "An energy-conserving hair reflectance model", EGSR 2011: absorption per unit of the hair pigments.
_EUMELANIN = np.array([.419, .697, 1.37])
_PHEOMELANIN = np.array([.187, .4, 1.05])
_HAIR_PATH = 2.6  # a mass of fibres seen from afar returns exp(-path sqrt(absorption)), as scattering media do
_IRIS_STROMA = np.array([.125, .195, .255])  # linear: Tyndall blue of an iris without melanin
_IRIS_ABSORPTION = np.array([.42, .90, 1.75])


def skin(melanin, blood, carotene):
    """Linear reflectance of skin, [...] each -> [..., 3].

    Args:
      melanin: volume fraction of melanosomes in the epidermis (.01 very pale, .05, .35 very dark).
      blood: volume fraction of blood in the dermis (.02; lips .1).
      carotene: relative, 0..1.
    """
    melanin, blood, carotene = (np.asarray(amount, np.float32)[..., None] for amount in (melanin, blood, carotene))
    ratio = 2. * (_BASELINE + blood * _BLOOD + carotene * _CAROTENE) / (.75 * _SCATTERING)
    dermis = 1. + ratio - np.sqrt(ratio * (ratio + 2.))
    return (_SURFACE + (1. - 2. * _SURFACE) * np.exp(-_PATH * _MELANOSOME * melanin) * dermis).astype(np.float32)


def hair(eumelanin, pheomelanin, gray):
    """Linear reflectance [3] of hair: eumelanin .1 (blond) to 8 (black), pheomelanin 0 to 2 (red), gray 0..1."""
    pigmented = .7 * np.exp(-_HAIR_PATH * np.sqrt(eumelanin * _EUMELANIN + pheomelanin * _PHEOMELANIN)) + .008
    return (1. - gray) * pigmented + gray * np.array([.50, .47, .43])


def iris(melanin):
    """Linear reflectance [3] of an iris: melanin 0 blue, .5 green to hazel, 2 dark brown."""
    return _IRIS_STROMA * np.exp(-_IRIS_ABSORPTION * melanin) + .012
