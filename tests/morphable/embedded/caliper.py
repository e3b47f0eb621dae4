"""A caliper that knows the mesh by its landmarks, masks and parts alone: it looks for the widest places of each head anew."""
import numpy as np

MEASURES = tuple("""
    head_breadth face_breadth nose_breadth head_length ear_length face_length nose_length nose_protrusion lip_length
    upper_lip_height upper_vermilion lower_vermilion eye_length eye_height interpupillary""".split())


def sizes(mesh, vertices):
    """{measure: mm} of one head [V, 3]: the MEASURES, which can be taken without knowing where on the mesh they are."""
    point = vertices[mesh.landmarks]
    skin = vertices[mesh.parts["head"] & (mesh.masks["ears"] < .2)]
    ear = vertices[(mesh.masks["ears"] > .5) & (vertices[:, 0] > 0.)]
    x, y, z = skin.T
    above, middle = y > point[24, 1] + 5., np.abs(x) < 8.
    wings = (y > point[33, 1]) & (y < point[33, 1] + 10.) & (z > point[[31, 35], 2].mean())  # in front of the cheeks
    cheeks = (y < point[27, 1]) & (y > point[33, 1]) & (z > ear[:, 2].mean() + 30.)
    lids = [(point[eye].mean(0), point[under].mean(0)) for eye, under in (([43, 44], [46, 47]), ([37, 38], [40, 41]))]
    return dict(
        head_breadth=np.ptp(x[above]), face_breadth=np.ptp(x[cheeks]), nose_breadth=np.ptp(x[wings]),
        head_length=z[middle & (y > point[21, 1])].max() - z[middle & above].min(), ear_length=np.ptp(ear[:, 1]),
        face_length=_between(point[27], point[8]), nose_length=_between(point[27], point[33]),
        nose_protrusion=_between(point[33], point[30]),
        lip_length=_between(point[48], point[54]), upper_lip_height=_between(point[33], point[62]),
        upper_vermilion=_between(point[51], point[62]), lower_vermilion=_between(point[66], point[57]),
        eye_length=(_between(point[42], point[45]) + _between(point[36], point[39])) / 2.,
        eye_height=np.mean([_between(*pair) for pair in lids]),
        interpupillary=_between(*((point[lids].mean(0) + vertices[mesh.parts[eyeball]].mean(0)) / 2. for lids, eyeball in (
            (slice(42, 48), "left_eye"), (slice(36, 42), "right_eye")))))


def _between(first, second):
    return float(np.linalg.norm(first - second))
