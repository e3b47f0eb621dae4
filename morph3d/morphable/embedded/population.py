"""Who the heads are: random measures with the means and standard deviations of surveys, and the free ones of a sculptor."""
import numpy as np

from morph3d.morphable.embedded.sculpture import MEAN

# mm: mean and standard deviation of men, of women.
# [Z] Zhuang and Bradtmiller 2005, "Head-and-face anthropometric survey of U.S. respirator users", J. Occup. Environ. Hyg. 2(11),
#     567-576: 3997 adults aged 18 to 66, four ethnic groups, weighted to the population of the United States.
# [F] Farkas 1994, "Anthropometry of the Head and Face", 2nd ed., appendix A: North American white adults, 19 to 25 years.
# [G] Gordon et al. 2014, "2012 Anthropometric Survey of U.S. Army Personnel" (ANSUR II), NATICK/TR-15/007.
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
