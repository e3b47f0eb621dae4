"""What a face does: changes of a head's measures, or smooth pushes of its skin, as displacements of the template."""
import numpy as np

from morph3d.morphable.embedded.sculpture import MEAN, Head, rise
from morph3d.morphable.embedded.template import register

# A coefficient of one makes this change; names after the facial action coding system's units.
MEASURED = dict(
    jaw_drop=dict(jaw_open=7.),
    smile=dict(lip_length=7., mouth_tilt=3., corner_back=2.5, cheek_raise=3., cheek=1.2, lower_lid=.5,
               upper_vermilion=-.8, lower_vermilion=-.8),
    frown=dict(mouth_tilt=-3., chin=.8, lower_vermilion=-.7),
    pucker=dict(lip_length=-8., lip_protrusion=2.5, corner_back=-1.5),
    lips_pressed=dict(upper_vermilion=-1.8, lower_vermilion=-2.2, lip_protrusion=-.5),
    lips_part=dict(mouth_gap=2.5),
    lids_close=dict(eye_height=-3.2),
    squint=dict(lower_lid=1.4, cheek_raise=1.5, cheek=.5),
    cheek_raise=dict(cheek_raise=5., cheek=1.5, cheekbone_height=1.5, lower_lid=.5),
    nose_wrinkle=dict(wing_height=1.2, nostril_flare=.6, brow_height=-1.2, cheek_raise=1.5),
    brow_raise=dict(brow_height=3.), chin_raise=dict(chin_length=-1.2, mouth_tilt=-1., chin=1.2))


def modes(template, average):
    """Expression modes [E, V, 3] in mm, a plausible amount each, on the average head's measures."""
    neutral = register(template, Head(**average))
    fields = {name: register(template, Head(**changed(average, change))) - neutral for name, change in MEASURED.items()}
    # The eyeballs stay where they are in every expression, and the skull and the neck behind the jaw too.
    still = template.eyeballs | (neutral[:, 2] < -30.)
    x, y, z = neutral.T
    one_sided = np.tanh(x / 12.)[:, None]
    fields["smile_left"] = one_sided * fields["smile"]
    fields["brow_left"] = one_sided * fields["brow_raise"]
    landmark = neutral[template.landmarks]
    inner_brow = bump(neutral, landmark[22], 11.) + bump(neutral, landmark[21], 11.)
    fields["brow_knit"] = inner_brow[:, None] * np.array([0., -2.6, 0.]) + \
        ((bump(neutral, landmark[21], 13.) - bump(neutral, landmark[22], 13.)) * 2.2)[:, None] * np.array([1., 0., 0.])
    low = rise(-y, 25., 90.) * rise(z, 0., 60.)
    fields["jaw_left"] = low[:, None] * np.array([5., 0., -.5])
    mouth = bump(neutral, landmark[48:68].mean(0), 30.)
    fields["mouth_left"] = mouth[:, None] * np.array([5., 0., 0.])
    return np.stack([np.where(still[:, None], 0., field) for field in fields.values()]).astype(np.float32)


def changed(measures, change):
    """The measures with the change added."""
    added = dict(measures)
    for name, amount in change.items():
        added[name] = measures.get(name, MEAN[name]) + amount
    return added


def bump(points, center, width):
    """A Gaussian of the distance to a point, [N, 3] -> [N]."""
    return np.exp(-((points - center)**2).sum(1) / (2. * width**2))
