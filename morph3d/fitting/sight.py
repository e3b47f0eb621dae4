"""What a photo shows of a fitted face: which vertices are seen, and are skin there."""
import functools
from typing import NamedTuple

import cv2
import numpy as np

from morph3d import colors
from morph3d.fitting import drawing, mesh_fields, shading
from morph3d.mesh import normals
from morph3d.morphable import parts

FINE = 512  # pixels of the picture by which it is found what hides what
BEHIND = 3.  # mm
EDGE = 3.  # mm, over which weights fade
STEEPEST, STEEP = .2, .5  # cosines
COARSE, COARSE_OFF = 5., .10
MEDIUM, MEDIUM_OFF = 2., .25
BLUR = 1.5
UNLIKE = .45, .8  # of natural logarithms
PLAIN = "nose", "cheeks", "forehead", "chin", "eyelids"
BARE = "forehead", "ears", "neck", "scalp"  # where what is not of the skin's tone is hair or clothes


class Source(NamedTuple):
    """Where vertices are in a photo and what light is there: light = shine + albedo * lit."""
    places: np.ndarray  # [V, 2] pixels
    shine: np.ndarray  # [V, 3] linear RGB
    lit: np.ndarray  # [V, 3]
    weight: np.ndarray  # [V, 1] how much of it is the skin's, 0..1

    def mirrored(self, model):
        return Source(*(mesh_fields.mirror(model) @ part for part in self))


def of(model, fit, shape):
    state = fit.state
    vertices = model.vertices(state.expression, state.shape)
    pixels = state.view.project(vertices, fit.center)
    places = (pixels - fit.window[:, 2]) / fit.window[0, 0]
    around = np.array([*state.view.shift, -1. / state.view.nearness])
    turned = vertices @ state.view.matrix.T + around
    facing = normals.vertex_normals(vertices, model.triangles) @ state.view.matrix.T
    shaded = shading.shade(np.zeros_like(vertices), facing, turned, state.light, around)
    shine, lit = np.einsum("plc,lc->pc", shaded.of_light, state.light), shaded.of_albedo
    light = colors.linear_from_srgb(_look_up(cv2.GaussianBlur(fit.picture, (0, 0), BLUR), pixels))
    photo = (light - shine) / np.maximum(lit, 1e-3)
    inside = ((places > 1.) & (places < np.array(shape[1::-1]) - 1.)).all(1)
    finer = FINE / len(fit.picture)
    drawn = drawing.draw(model, state._replace(view=state.view.moved(finer * np.eye(2, 3))), fit.center * finer, FINE)
    visible = inside & ~_hidden(drawn, pixels * finer, turned) & ~part(model, "mouth")
    good = visible * _look_up(_explained(fit.picture, drawn), pixels)
    steep = np.einsum("vd,vd->v", facing, -turned) / np.linalg.norm(turned, axis=1)
    steep = _ramp(steep, STEEPEST, STEEP)
    own = colors.linear_from_srgb(model.colors(state.texture))
    bare = colors.linear_from_srgb(model.mean_colors)
    weight = good * steep * plain(model)
    tone = _tone(photo, bare, weight)
    bare = bare * tone
    good = good * np.where(part(model, *BARE), _like(photo, bare), 1.)
    good = mesh_fields.smooth(model, EDGE, good[:, None])[:, 0]
    skin = np.where(part(model, "forehead", "ears", "neck"), 1. - _like(own, bare), 0.)
    skin = mesh_fields.smooth(model, EDGE, skin[:, None])
    own = own + skin * (bare - own)
    return Source(places, shine, lit, (_ramp(good, .5, .9) * steep)[:, None]), photo, own


def _tone(photo, own, weight):
    if weight.sum() < 1.: return np.ones(3)
    off = np.log(np.clip(photo, .01, 1.) / np.clip(own, .01, 1.))
    order = np.argsort(off, 0)
    cumulated = np.cumsum(weight[order], 0)
    middle = np.argmax(cumulated >= cumulated[-1] / 2., axis=0)
    return np.exp(np.take_along_axis(off, np.take_along_axis(order, middle[None], 0), 0)[0])


def _like(albedo, bare):
    off = np.log(np.clip(albedo, .01, 1.) / np.clip(bare, .01, 1.))
    return 1. - _ramp(np.sqrt(np.square(off).mean(1)), *UNLIKE)


@functools.lru_cache(4)
def _parts(model):
    return parts.find(model.mean, model.triangles, model.landmarks)


def part(model, *names):
    return np.any([_parts(model)[name] for name in names], axis=0)


def plain(model):
    """[V] 0 or 1, the skin without features whose tone is compared."""
    return np.float64(part(model, *PLAIN))


def _ramp(x, low, high):
    x = np.clip((x - low) / (high - low), 0., 1.)
    return x * x * (3. - 2. * x)


def _hidden(drawn, pixels, turned):
    depth = np.where(drawn.mask, drawn.positions[..., 2], -1e6)
    x, y = np.clip(pixels.astype(int), 0, FINE - 1).T
    return turned[:, 2] < depth[y, x] - BEHIND


def _look_up(picture, pixels):
    return cv2.remap(np.float32(picture), np.float32(pixels - .5)[None], None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[0]


def _explained(picture, drawn):
    image, mask = (cv2.resize(part, picture.shape[:2], interpolation=cv2.INTER_AREA)
                   for part in (np.where(drawn.mask[..., None], drawn.image, 0.), np.float32(drawn.mask)))
    off = picture * mask[..., None] - image
    result = 1.
    for scale, limit in ((COARSE, COARSE_OFF), (MEDIUM, MEDIUM_OFF)):
        mean = cv2.GaussianBlur(off, (0, 0), scale) / np.maximum(cv2.GaussianBlur(mask, (0, 0), scale), .1)[..., None]
        size = np.sqrt(np.square(mean).mean(-1))
        result = result * (1. - _ramp(size, .7 * limit, 1.3 * limit))
    return result
