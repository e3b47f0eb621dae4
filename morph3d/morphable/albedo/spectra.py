"""Spectra of the visible light: of what colors the skin, and how a reflectance's spectrum becomes a color."""
import numpy as np

from morph3d import colors

WAVELENGTHS = np.arange(400., 701., 10.)  # nm
# Molar extinction of hemoglobin, per cm and mol/l, as tabulated by S. Prahl (omlc.org/spectra/hemoglobin, 1998).
_OXYGENATED = np.array([
    266232., 466840., 480360., 246072., 102580., 62816., 44480., 33209., 26629., 23684., 20933., 20035., 24202., 39957., 53236.,
    43016., 32613., 44496., 50104., 14401., 3200., 1506., 942., 610., 442., 368., 320., 294., 278., 276., 290.])
_DEOXYGENATED = np.array([
    223296., 303956., 407560., 528600., 413280., 103292., 23389., 16156., 14550., 16684., 20862., 25774., 31590., 39036., 46592.,
    53412., 53788., 45072., 37020., 28324., 14677., 9444., 6510., 5149., 4345., 3750., 3227., 2795., 2408., 2052., 1794.])
_HEMOGLOBIN = 150. / 64500.  # mol/l of whole blood: 150 g/l of 64,500 g/mol
# The light, CIE's standard illuminant D65 (CIE 15:2004, table T.1).
_DAYLIGHT = np.array([
    82.75, 91.49, 93.43, 86.68, 104.87, 117.01, 117.81, 114.86, 115.92, 108.81, 109.35, 107.80, 104.79, 107.69, 104.41, 104.05,
    100., 96.33, 95.79, 88.69, 90.01, 89.60, 87.70, 83.29, 83.70, 80.03, 80.21, 82.28, 78.28, 69.72, 71.61])


def blood(saturation, vessel):
    """Absorption of blood in vessels, per cm of blood, [wavelengths].

    Where blood absorbs most, light does not reach the middle of a vessel, so that the blood absorbs less than if it were spread out
    (W. Verkruysse et al., Phys. Med. Biol. 42, 1997).

    Args:
      saturation: the share of its hemoglobin that carries oxygen, 0..1.
      vessel: cm, the diameter of the vessels.
    """
    extinction = saturation * _OXYGENATED + (1. - saturation) * _DEOXYGENATED
    crossing = vessel * np.log(10.) * _HEMOGLOBIN * extinction
    return (1. - np.exp(-crossing)) / vessel


def linear_srgb(reflectance):
    """Reflectance spectra [..., wavelengths] -> linear sRGB [..., 3] in daylight, float32; white is 1, 1, 1, nothing is clipped."""
    return reflectance @ _RGB


def _observer():
    """The color matching functions of the CIE 1931 observer, [wavelengths, 3]: the fits of Wyman et al. (JCGT 2, 2013), table 1."""
    def lobe(center, below, above):
        return np.exp(-.5 * ((WAVELENGTHS - center) / np.where(WAVELENGTHS < center, below, above))**2)

    return np.stack([1.056 * lobe(599.8, 37.9, 31.) + .362 * lobe(442., 16., 26.7) - .065 * lobe(501.1, 20.4, 26.2),
                     .821 * lobe(568.8, 46.9, 40.5) + .286 * lobe(530.9, 16.3, 31.1),
                     1.217 * lobe(437., 11.8, 36.) + .681 * lobe(459., 26., 13.8)], 1)


def _srgb_weights():
    weights = _observer() * _DAYLIGHT[:, None]
    return colors.linear_from_xyz(weights / weights.sum(0)).astype(np.float32)


_RGB = _srgb_weights()  # [wavelengths, 3]
