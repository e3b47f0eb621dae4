"""What a photo shows of a fitted face: where in it the vertices are, in which light, and which of them are seen."""
from typing import NamedTuple

import cv2
import numpy as np
import tensorflow as tf

from morph3d import colors
from morph3d.fitting import drawing, lighting, mesh_fields, skin
from morph3d.fitting.linear_model import NOT_SKIN
from morph3d.mesh import normals
from morph3d.morphable.albedo.masks import smoothstep
from morph3d.renderer import phong

SIZE = 512  # pixels of the picture by which it is found what hides what
BEHIND = 3.  # mm, so far behind what is seen a vertex is hidden
BLUR = 1.  # pixels of the fitted picture, so that a vertex stands for its surroundings
STEEP = .25, .55  # cosines between normal and view, from where a vertex is not seen to where it is seen well
DARK = .25, .5  # of the light that the brightest tenth of the vertices have, likewise; shadows are noise times a lot
SHADE = 12.  # mm, over which light is averaged for that: the small shadows of a face are well lit all around
EDGE = 3.  # mm, over which sight fades
VISIBLE, LIKELY = (.5, .9), (.75, .95)  # of what fading leaves: the second clears also around lines, the frames of glasses


class Source(NamedTuple):
    """The vertices in a photo: its linear RGB there is shine + albedo * lit."""
    places: np.ndarray  # [V, 2] pixels of the photo
    shine: np.ndarray  # [V, 3]
    lit: np.ndarray  # [V, 3]
    weight: np.ndarray  # [V, 1] how well it is seen, 0..1

    def mirrored(self, model):
        """The Source for the other half of the face."""
        return Source(*(mesh_fields.mirror(model) @ np.float32(part) for part in self))


class Sight(NamedTuple):
    """What is known of the vertices' albedo, linear RGB."""
    source: Source
    photo: np.ndarray  # [V, 3] the photo's, blurred a little
    own: np.ndarray  # [V, 3] the model's, without hair in the face


def of(model, fit, size):
    """The Sight of a Fit's face in its photo of size (width, height)."""
    state = fit.state
    around = state.view.translation
    vertices = model.vertices(state.expression, state.shape)
    positions = vertices @ state.view.matrix.T + around
    facing = normals.vertex_normals(vertices, model.triangles) @ state.view.matrix.T
    pixels = state.view.project(vertices, fit.center)
    places = fit.in_photo(pixels)
    shine, lit = _light(facing, positions, lighting.point_lights(state.light, state.places, around))
    light = colors.linear_from_srgb(skin.look_up(cv2.GaussianBlur(fit.picture, (0, 0), BLUR), pixels))
    photo = (light - shine) / np.maximum(lit, 1e-3)
    drawn = drawing.draw_fit(model, fit, SIZE)
    inside = ((places > 1.) & (places < np.array(size) - 1.)).all(1)
    visible = inside & ~_hidden(drawn, pixels * SIZE / len(fit.picture), positions) & ~model.among(*NOT_SKIN)
    agreed = skin.agreement(fit.picture, drawn, pixels)
    well = _steepness(facing, positions) * _brightness(model, lit)
    tone = skin.plain(model, photo, visible * agreed.wide * well)
    likely = skin.likeness(model, photo, tone, agreed, visible)
    visible, likely = mesh_fields.smooth(model, EDGE, np.stack([visible * agreed.wide * agreed.near, likely], 1)).T
    weight = smoothstep(*VISIBLE, visible) * smoothstep(*LIKELY, likely) * well
    return Sight(Source(places, shine, lit, weight[:, None]), photo,
                 skin.cleared(model, colors.linear_from_srgb(model.colors(state.texture)), tone))


def _light(facing, positions, lights):
    """What vertices reflect of the light, shine + albedo * lit: two arrays [V, 3], linear RGB."""
    black, white = (phong.shade(tf.fill([1, 1, len(facing), 3], albedo), np.float32(facing[None, None]),
                                np.float32(positions[None, None]), lights)[0, 0].numpy() for albedo in (0., 1.))
    return black, white - black


def _hidden(drawn, pixels, positions):
    """[V] bool, whether something else is seen before vertices at pixels [V, 2] of a Rendering."""
    x, y = np.clip(pixels.astype(int), 0, SIZE - 1).T
    return drawn.mask[y, x] & (positions[:, 2] < drawn.positions[y, x, 2] - BEHIND)


def _steepness(facing, positions):
    """[V] 0..1: 0 where the surface is seen from the side or from behind."""
    return smoothstep(*STEEP, np.einsum("vd,vd->v", facing, -positions) / np.linalg.norm(positions, axis=1))


def _brightness(model, lit):
    """[V] 0..1: 0 where there is too little light to see the skin by."""
    light = mesh_fields.smooth(model, SHADE, lit.mean(1, keepdims=True))[:, 0]
    return smoothstep(*DARK, light / max(np.quantile(light, .9), 1e-6))
