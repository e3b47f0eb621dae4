"""What the painter paints where the landmarks alone say where things are: each in its place, in its direction, with soft edges.

Looked at in squares of points much closer than the vertices of a mesh.
"""
import numpy as np
import pytest

from morph3d import colors
from morph3d.morphable.albedo import anatomy, painter, parameters
from tests.morphable.ellipsoid_head import EYE, LIPS, RADII, on_ellipsoid

COUNT = 61  # points along each side


class Square:
    """The skin of the ellipsoid around (x, y) mm, `half` mm to each side."""

    def __init__(self, head, x, y, half):
        steps = np.linspace(-half, half, COUNT)
        self.places = on_ellipsoid(*np.meshgrid(x + steps, y + steps))
        points = self.places.reshape(-1, 3)
        normals = points / RADII**2
        self.painter = painter.Painter(anatomy.find(points, head[1], normals / np.linalg.norm(normals, axis=1, keepdims=True)))

    def srgb(self, scores):
        """The colors [COUNT, COUNT, 3] of standard scores."""
        return self.painter(parameters.values(scores)).reshape(COUNT, COUNT, 3)

    def red(self, scores):
        """The linear red [COUNT, COUNT] of standard scores."""
        return colors.linear_from_srgb(self.srgb(scores))[..., 0]

    def darkening(self, name):
        """How much darker the red is one standard deviation above a parameter's center than one below, nats [COUNT, COUNT]."""
        return np.log(self.red({name: -1.}) / self.red({name: 1.}))


@pytest.mark.parametrize("name, place, half, least", [
    ("lid_crease", (EYE[0], EYE[1] + 9.), 1., .05), ("lid_shadow", (EYE[0], EYE[1] + 7.), 2., .1), ("mouth_line", LIPS, 1., .1),
    ("dark_circles", (EYE[0], EYE[1] - 9.), 1., .05), ("lip_melanin", (0., LIPS[1] - 6.), 2., .05)])
def test_more_of_it_is_darker_there(head, name, place, half, least):
    found = Square(head, *place, half).darkening(name)
    assert np.median(found) > least, f"{np.median(found):.3f} nats"


def test_the_rim_of_an_iris_is_darker_than_its_middle(head):
    square = Square(head, *EYE, 7.)
    distance = square.painter.anatomy.iris_distance.reshape(COUNT, COUNT)
    eye = square.painter.anatomy.eye.reshape(COUNT, COUNT) > .99
    darker = square.darkening("limbus")
    rim, middle = eye & (np.abs(distance - 5.6) < .4), eye & (distance > 2.5) & (distance < 3.5)
    assert rim.sum() > 5 and middle.sum() > 5
    assert np.median(darker[rim]) > .06 > .05 > np.abs(darker[middle]).max()


def test_the_upper_lid_casts_a_shadow_on_the_white(head):
    above, below = (Square(head, EYE[0] - 8., EYE[1] + up, .3) for up in (1.5, -1.5))
    assert min(square.painter.anatomy.eye.min() for square in (above, below)) > .99
    assert above.red({}).mean() < .8 * below.red({}).mean()


def test_lips_follow_the_tone_of_the_skin_less_than_all_the_way(head):
    lips, cheek = (Square(head, *place, 2.) for place in ((0., LIPS[1] - 6.), (38., -15.)))
    as_skin = {"lip_melanin": -parameters.PARAMETERS["lip_melanin"].center / parameters.PARAMETERS["lip_melanin"].spread}
    lips, cheek = (np.log(square.red(as_skin) / square.red(as_skin | {"melanin": 2.})).mean() for square in (lips, cheek))
    assert .5 * cheek < lips < .95 * cheek


@pytest.mark.parametrize("name, place, half, width", [
    ("hair_density", (0., 85.), 18., 6.), ("lip_blood", (0., LIPS[1] - 6.), 9., 1.3), ("lip_blood", (0., LIPS[1] + 6.), 9., 1.3),
    ("side_7", (0., -18.), 18., 6.)], ids=["hairline", "lower lip", "upper lip", "midline"])
def test_edges_are_soft(head, name, place, half, width):
    """From nothing to all of a change takes at least so many mm; for edges on the cheek see test_painter.py."""
    square = Square(head, *place, half)
    change = (square.srgb({name: -3.}) - square.srgb({name: 3.})).mean(2)
    steepest = max((np.abs(np.diff(change, axis=axis)) / np.linalg.norm(np.diff(square.places, axis=axis), axis=-1)).max()
                   for axis in (0, 1))
    assert np.abs(change).max() > .03
    assert np.abs(change).max() / steepest > width
