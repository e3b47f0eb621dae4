"""Who the heads are: random measures with the means and deviations of surveys, and the free ones of a sculptor."""
import numpy as np

from morph3d.morphable.embedded.sculpture import MEAN

# mm: mean and standard deviation of men, of women.
# [Z] Zhuang and Bradtmiller 2005, "Head-and-face anthropometric survey of U.S. respirator users",
#     J. Occup. Environ. Hyg. 2(11), 567-576: 3997 adults of 18 to 66 years in four ethnic groups, weighted
#     to the population of the United States.
# [F] Farkas 1994, "Anthropometry of the Head and Face", 2nd edition: North American white adults of 19 to 25 years.
SURVEYED = dict(
    head_length=(197.3, 7.4, 187.5, 7.2),  # [Z]
    head_breadth=(153.0, 6.0, 146.8, 5.6),  # [Z]
    face_breadth=(143.5, 6.9, 135.1, 6.5),  # [Z] bizygomatic
    jaw_breadth=(120.4, 10.4, 110.1, 8.7),  # [Z] bigonial
    forehead_breadth=(105.5, 5.7, 102.9, 5.4),  # [Z] minimum frontal
    face_length=(122.7, 7.0, 113.4, 6.1),  # [Z] menton to sellion
    nose_length=(52.0, 4.1, 48.2, 3.8),  # [Z] subnasale to sellion
    nose_breadth=(36.6, 4.1, 33.2, 3.9),  # [Z]
    nose_protrusion=(21.1, 2.7, 19.8, 2.7),  # [Z] subnasale to pronasale
    nose_root_breadth=(16.6, 2.3, 16.3, 2.0),  # [Z]
    interpupillary=(64.5, 3.6, 61.9, 3.5),  # [Z]
    lip_length=(51.1, 4.2, 48.0, 4.0),  # [Z]
    upper_lip_height=(22.3, 2.1, 20.1, 2.0),  # [F] sn-sto
    eye_length=(31.3, 1.2, 30.7, 1.2),  # [F] en-ex
    eye_height=(10.8, 0.9, 10.9, 1.2),  # [F] ps-pi
    upper_vermilion=(8.0, 1.4, 8.7, 1.3),  # [F] ls-sto
    lower_vermilion=(9.3, 1.6, 9.4, 1.5),  # [F] sto-li
    ear_length=(62.7, 3.8, 59.6, 3.4),  # [F] sa-sba
    )

# One standard deviation of the measures no survey has: as large as the faces stay plausible at two of them, by eye.
FREE = dict(
    head_height=4., neck_breadth=6., sellion_depth=1.4, bridge_height=1.4, bridge_width=1.5, tip_width=1.1,
    tip_angle=1.9, wing_height=1., nostril_flare=.7, brow_ridge=1.7, brow_height=1.7, forehead_slope=5.,
    forehead_bulge=3., temple=2.5, eye_depth=1.5, eye_tilt=2.6, lid_hood=.8, eye_bag=.7, cheekbone=2.4,
    cheekbone_height=2.5, cheek=3., jowl=2., muzzle=2., lip_protrusion=.9, cupid_bow=1., mouth_tilt=1.2, philtrum=.5,
    chin=3., chin_width=3., chin_length=1.6, chin_fold=.8, jaw_height=4., jaw_width=2., under_chin=5., ear_angle=9.,
    crown=4., occiput=4., midface=2.)
# What men have more of and women less, mm: half the differences that make a face look like the one or the other.
MALE = dict(brow_ridge=1.2, brow_height=-.8, forehead_slope=2.5, forehead_bulge=-1., neck_breadth=7., chin=.8,
            chin_width=1.5, jowl=.8, jaw_height=-1.5, cheek=-.8, tip_angle=-.8, bridge_height=.5)
LIMIT = 2.2  # standard deviations: beyond, the independent draws stop being a head
SIZE = .35  # how much the surveyed lengths follow one common size
HEIGHT = .6  # and how much the heights of the face follow one another: independent, they leave no room for a chin
HEIGHTS = ("face_length", "nose_length", "upper_lip_height")


def draw(count, seed):
    """Measures of `count` random heads, half of them women: dictionaries for `Head`. The same seed, the same heads."""
    random = np.random.default_rng(seed)
    male = (np.arange(count) + seed) % 2

    def normal():
        return np.clip(random.standard_normal(count), -LIMIT, LIMIT)

    size, height, heads = normal(), normal(), {}
    for name, (man, man_sd, woman, woman_sd) in SURVEYED.items():
        shared = HEIGHT * height if name in HEIGHTS else SIZE * size
        deviation = shared + np.sqrt(1. - (HEIGHT if name in HEIGHTS else SIZE)**2) * normal()
        heads[name] = np.where(male, man + man_sd * deviation, woman + woman_sd * deviation)
    for name, deviation in FREE.items():
        heads[name] = MEAN[name] + deviation * normal() + (2. * male - 1.) * MALE.get(name, 0.)
    return [{name: float(values[i]) for name, values in heads.items()} for i in range(count)]


def pooled(name):
    """Mean and standard deviation of a surveyed measure over both sexes, mm."""
    man, man_sd, woman, woman_sd = SURVEYED[name]
    return (man + woman) / 2., np.sqrt((man_sd**2 + woman_sd**2) / 2. + ((man - woman) / 2.)**2)
