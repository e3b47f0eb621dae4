"""Pictures of a reconstructed face."""
import numpy as np

from morph3d import images, scene
from morph3d.renderer import textured
from morph3d.renderer.render import render

DEGREES = (-45., 0., 45.)  # the turns in which a face is shown


def draw_views(face, degrees=DEGREES, size=448):
    """Pictures of the face turned by each yaw, [N, size, size, 3] in 0..1; with the photo's texture, if it has one."""
    count, yaws = len(degrees), np.radians(degrees).astype(np.float32)
    if face.fitted and face.fitted.texture is not None:
        return np.stack([textured.render(face.vertices, face.triangles, face.uvs, face.fitted.texture, scene.studio(1, yaw), size)
                         for yaw in yaws])
    vertices, colors = (np.repeat(part[None], count, 0) for part in (face.vertices, face.colors))
    return render(vertices, colors, face.triangles, scene.studio(count, yaws), size).image.numpy()


def draw_beside_photo(face):
    """What the network saw of the photo beside the face at -45, 0 and 45 degrees, uint8 [448, 4 * 448, 3].

    Of a fitted face the photo, the neutral face, and shaded geometry and albedo over the photo, as the paper's figure 18.
    """
    if face.fitted:
        neutral, = images.to_pixels(draw_views(face, [0.]))
        photo, mesh, albedo = (images.resize(face.fitted.pictures[name], len(neutral)) for name in ("photo", "mesh", "albedo"))
        return np.concatenate([photo, neutral, mesh, albedo], 1)
    views = draw_views(face)
    return np.concatenate([images.resize(face.crop, views.shape[1]), *images.to_pixels(views)], 1)
