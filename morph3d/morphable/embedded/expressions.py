"""Random expressions of the average head.

An expression is a set of action units (Ekman and Friesen 1978, "Facial Action Coding System"), each a change of the head's
measures or a smooth push of its skin, with its own strength on either side.
"""
import numpy as np

from morph3d.morphable.embedded.sculpture import MEAN, Head, rise
from morph3d.morphable.embedded.template import register

# The unit's number and the change that it makes at full strength.
MEASURED = dict(
    upper_lid_raiser=(5, dict(eye_height=2.4)), cheek_raiser=(6, dict(cheek_raise=6., cheek=1.8, lower_lid=.9)),
    lid_tightener=(7, dict(lower_lid=1.8, eye_height=-1.2)),
    nose_wrinkler=(9, dict(wing_height=1.6, nostril_flare=.9, brow_height=-1.6, cheek_raise=2.)),
    upper_lip_raiser=(10, dict(upper_lip_height=-2.6, upper_vermilion=.8, wing_height=.8)),
    lip_corner_puller=(12, dict(lip_length=10., mouth_tilt=4.2, corner_back=3.4, cheek_raise=4., cheek=1.8,
                                upper_vermilion=-1., lower_vermilion=-1.)),
    dimpler=(14, dict(lip_length=4., corner_back=3.)),
    lip_corner_depressor=(15, dict(mouth_tilt=-4.2, chin=.8, lower_vermilion=-.8)),
    lower_lip_depressor=(16, dict(lower_vermilion=1.6, mouth_gap=1.6)),
    chin_raiser=(17, dict(chin_length=-1.6, mouth_tilt=-1.4, chin=1.6, lower_vermilion=1.)),
    lip_pucker=(18, dict(lip_length=-11., lip_protrusion=3.4, corner_back=-2.)),
    lip_stretcher=(20, dict(lip_length=9., mouth_tilt=-1.2, corner_back=2.4)),
    lip_funneler=(22, dict(lip_length=-7., lip_protrusion=3., mouth_gap=3., upper_vermilion=.8, lower_vermilion=.8)),
    lip_tightener=(23, dict(upper_vermilion=-2., lower_vermilion=-2., lip_length=-2.)),
    lip_pressor=(24, dict(upper_vermilion=-2.6, lower_vermilion=-3., lip_protrusion=-.7)),
    lips_part=(25, dict(mouth_gap=3.6)), jaw_drop=(26, dict(jaw_open=11.)),
    eyes_closed=(43, dict(eye_height=-5.)))
# Units that stay in the skin: (number, [(landmark of the left side, width and displacement in mm)]).
PUSHED = dict(
    inner_brow_raiser=(1, [(22, 13., (0., 5., .5)), (23, 12., (0., 3., 0.))]),
    outer_brow_raiser=(2, [(25, 14., (0., 5., 0.)), (26, 13., (0., 4., 0.))]),
    brow_lowerer=(4, [(22, 12., (-2.6, -3.6, .8)), (24, 16., (-1., -2.6, 0.))]),
    nostril_dilator=(38, [(35, 7., (1.6, .4, 0.))]), cheek_puffer=(34, [(54, 20., (2., 0., 6.))]),
    cheek_sucker=(35, [(54, 20., (-2., 0., -4.))]))
SIDEWAYS = 6.  # mm to the subject's left that jaw (unit 30) and mouth go at full strength
OFTEN = .22  # how often a unit is in an expression,
STRENGTH = .38  # and the largest strength of most
UNEVEN = .25  # how much the sides differ


def draw(template, average, count, random, threads):
    """Random expressions of the head with the `average` measures: displacements [count, V, 3] mm from its neutral face."""
    neutral = register(template, Head(**average))
    acts = [_strengths(random) for _ in range(count)]
    both = threads.map(lambda strengths: _symmetric(template, neutral, average, strengths), [side for act in acts for side in act])
    left = .5 + .5 * np.tanh(neutral[:, :1] / 12.)
    # The eyeballs stay where they are in every expression, and the skull and the neck behind the jaw too.
    moving = 1. - (template.eyeballs | (neutral[:, 2] < -30.))[:, None]
    samples = np.empty([count, *neutral.shape], np.float32)
    for sample, act in zip(samples, acts, strict=True):
        sample[:] = moving * (left * next(both) + (1. - left) * next(both) + _sideways(template, neutral, act[0]))
    return samples


def _strengths(random):
    """Strengths of the units on the left and on the right side: two dictionaries."""
    left, right = {}, {}
    for name in (*MEASURED, *PUSHED):
        strength = STRENGTH * (random.random() < OFTEN) * abs(random.standard_normal())
        difference = UNEVEN * random.standard_normal()
        left[name], right[name] = strength * (1. + difference), strength * (1. - difference)
    for name in ("jaw_sideways", "mouth_sideways"):
        left[name] = STRENGTH * (random.random() < OFTEN) * random.standard_normal()
    return left, right


def _symmetric(template, neutral, average, strengths):
    """The displacement [V, 3] if both sides had these strengths."""
    measures = dict(average)
    for name, (_, change) in MEASURED.items():
        for measure, amount in change.items():
            measures[measure] = measures.get(measure, MEAN[measure]) + strengths[name] * amount
    # Lids and lips may touch but not pass through each other.
    measures["eye_height"] = max(measures["eye_height"], 2.)
    for lip in ("upper_vermilion", "lower_vermilion"):
        measures[lip] = max(measures[lip], 3.)
    field = register(template, Head(**measures)) - neutral
    mirrored = neutral * [-1., 1., 1.]
    for name, (_, pushes) in PUSHED.items():
        for landmark, width, push in pushes if strengths[name] else ():
            place = neutral[template.landmarks[landmark]]
            here, there = (bump(points, place, width)[:, None] for points in (neutral, mirrored))
            field = field + strengths[name] * (here * np.array(push) + there * np.array(push) * [-1., 1., 1.])
    return field


def _sideways(template, neutral, strengths):
    """Jaw and mouth moved to one side, [V, 3]."""
    jaw = rise(-neutral[:, 1], 25., 90.) * rise(neutral[:, 2], 0., 60.)
    mouth = bump(neutral, neutral[template.landmarks[48:68]].mean(0), 30.)
    shift = SIDEWAYS * (strengths["jaw_sideways"] * jaw + strengths["mouth_sideways"] * mouth)
    return shift[:, None] * np.array([1., 0., -.1])


def bump(points, center, width):
    """A Gaussian of the distance to a point, [N, 3] -> [N]."""
    return np.exp(-((points - center)**2).sum(1) / (2. * width**2))
