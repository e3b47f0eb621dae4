"""Head measures as surveys found them, and random ones of people with their means, deviations and correlations."""
import numpy as np

# The groups of the survey [NIOSH], in its words; "other" is mostly East Asian. The shares are ours: not those of one country, but
# such that no group is rare to a network that learns from these heads.
GROUPS = ("white", "black", "hispanic", "other")
SHARES = (.35, .25, .2, .2)

# mm: means of men and of women by group, and standard deviations within a group.
# [NIOSH] The 3997 adults of Zhuang and Bradtmiller 2005, "Head-and-face anthropometric survey of U.S. respirator users", J. Occup.
#     Environ. Hyg. 2(11), 567-576, from their published records (CDC RD-10130-2020-0), by group where it matters.
# [ANSUR] ANSUR II, 2012: 4082 men and 1986 women of the U.S. Army.
# [3DFN] Weinberg et al. 2016, "The 3D Facial Norms Database", Cleft Palate Craniofac. J. 53(6), e185: at 22 years, European
#     ancestry; the other groups' differences after Virdi et al. 2019 (Kenyans) and Jayaratne et al. 2013 (Hong Kong Chinese).
SURVEYED = dict(
    head_length=((197.9, 198.9, 197., 193.4), (189.1, 190.4, 186., 183.8), 7.2),  # [NIOSH], a sample
    head_breadth=((153.5, 153.5, 154., 156.), (146.6, 147.2, 147., 149.5), 5.7),  # [NIOSH], a sample, and [ANSUR]
    face_breadth=((142.9, 144.6, 145.7, 144.7), (133.8, 137.5, 137.7, 137.8), 6.5),  # [NIOSH] bizygomatic
    jaw_breadth=((119.9, 120.8, 123.5, 120.0), (108.5, 113.8, 113.6, 112.4), 9.7),  # [NIOSH] bigonial
    forehead_breadth=((104.6, 105.7, 105.5, 105.8), (102.7, 105.1, 102.8, 101.2), 5.2),  # [NIOSH] minimum frontal, a sample
    face_length=((122.6, 125.4, 122.6, 120.8), (113.0, 116.5, 114.5, 110.8), 6.5),  # [NIOSH] menton to sellion
    nose_length=((52.3, 50.8, 52.3, 51.3), (48.6, 47.4, 48.2, 46.2), 3.9),  # [NIOSH] subnasale to sellion
    nose_breadth=((35.3, 43.4, 37.4, 38.3), (31.6, 40.1, 34.8, 35.0), 3.3),  # [NIOSH]
    nose_protrusion=((21.6, 19.4, 20.5, 20.1), (20.5, 18.1, 18.7, 18.2), 2.3),  # [NIOSH], a sample: subnasale to pronasale
    nose_root_breadth=((17.0, 17.3, 17.1, 16.2), (16.3, 17.3, 17.3, 17.1), 2.1),  # [NIOSH], a sample
    interpupillary=((64.0, 67.7, 64.7, 64.9), (61.2, 65.5, 62.2, 62.0), 3.4),  # [NIOSH]
    lip_length=((50.7, 54.4, 51.1, 50.6), (47.1, 51.9, 49.1, 46.8), 3.9),  # [NIOSH]
    upper_lip_height=((22.3, 24.5, 22.5, 22.3), (20.0, 22.5, 20.5, 20.), 2.4),  # [3DFN] sn-sto
    eye_length=((28.4, 29.9, 28.4, 27.6), (27.6, 29.2, 27.8, 27.0), 1.7),  # [3DFN] en-ex
    eye_height=((10.6, 10.8, 10.6, 10.2), (10.8, 11., 10.8, 10.4), 1.1),  # between lids, by eye: norms differ by their rulers
    upper_vermilion=((7.5, 10.5, 8.3, 8.3), (7.3, 10.3, 8.1, 8.1), 1.4),  # [3DFN] ls-sto
    lower_vermilion=((9.2, 12., 9.9, 11.), (9.1, 11.8, 9.8, 9.8), 1.6),  # [3DFN] sto-li
    ear_length=((64.1, 62.4, 64., 63.), (59.7, 59.7, 59.7, 58.2), 3.7),  # [ANSUR]: its ratios to the length of the face
)

LIMIT = 2.2  # standard deviations: beyond, the independent draws stop being a head

# How much each measure follows two factors of a head, its width and the heights of its face; independent, the heights would
# leave no room for a chin. Widths after the correlations of [ANSUR] and [NIOSH] within sex: face and head breadth .63, face breadth
# and interpupillary distance .45, head and forehead breadth .46, head breadth and length .32.
WIDTH = dict(head_breadth=.75, face_breadth=.85, forehead_breadth=.6, interpupillary=.5, jaw_breadth=.5, head_length=.4,
             face_length=.25, nose_protrusion=.1, lip_length=.3, eye_length=.4)
HEIGHT = dict(face_length=.6, nose_length=.6, upper_lip_height=.6)
# And the weight of the body, which sits on jaw and cheeks; ours, for the surveys do not print it.
WEIGHT = dict(jaw_breadth=.5, face_breadth=.4, nose_breadth=.15)


def draw(male, group, weight, random):
    """Measures of random heads: {name: [N] mm}.

    Args:
      male, group: [N] each, 1 or 0, and the number in GROUPS.
      weight: [N] standard scores of the body's weight.
      random: NumPy's generator.
    """
    def normal():
        return np.clip(random.standard_normal(len(male)), -LIMIT, LIMIT)

    factors, measures = (normal(), normal(), weight), {}
    for name, (men, women, deviation) in SURVEYED.items():
        loads = np.array([of.get(name, 0.) for of in (WIDTH, HEIGHT, WEIGHT)])
        score = loads @ factors + np.sqrt(1. - loads @ loads) * normal()
        measures[name] = np.where(male, np.take(men, group), np.take(women, group)) + deviation * score
    return measures


def pooled(name):
    """Mean and standard deviation of a surveyed measure over both sexes and all groups, mm."""
    men, women, deviation = SURVEYED[name]
    means, shares = np.array([*men, *women]), np.array([*SHARES, *SHARES]) / 2.
    mean = shares @ means
    return mean, np.sqrt(deviation**2 + shares @ (means - mean)**2)
