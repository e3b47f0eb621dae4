"""The judge of likeness, a face recognizer that no measured network was trained with, and the rendering that it is shown."""
from morph3d import aligned_rendering, scene
from morph3d.encoders import registry
from morph3d.renderer import textured


def load(spec, reconstructors, training_recognizer=False):
    """The recognizer that judges, an Encoder.

    Args:
      spec: see registry.load; a SavedModel needs no gradient.
      reconstructors: {label: Reconstructor}, those to be judged.
      training_recognizer: whether it may be the one that some of them were trained with; such a judge finds its own marks in the
        faces, so who allows it has to say so beside the figures (see `trained_with`).

    Raises:
      ValueError: those of registry.load; some were trained with it, and it is not allowed.
    """
    judge = registry.load(spec, differentiable=False)
    taught = trained_with(judge, reconstructors)
    if taught and not training_recognizer:
        raise ValueError(f"{spec}: the recognizer that {', '.join(taught)} was trained with, so no independent judge; give "
                         "another, or --training_recognizer_as_judge to measure all the same")
    return judge


def trained_with(judge, reconstructors):
    """The labels of those reconstructors whose training used this recognizer, by the fingerprints of both."""
    return [label for label, reconstructor in reconstructors.items()
            if reconstructor.network.encoder_fingerprint.numpy().decode() == judge.fingerprint]


def frontal(mesh, vertices, colors, frame):
    """The rendering by which a face is judged: frontal, neutral, on mid-gray, the same camera and lights for all.

    Args:
      mesh: whatever has `triangles` [F, 3] and `landmarks` [68], vertex indices.
      vertices: [B, V, 3] mm.
      colors: [B, V, 3] sRGB.
      frame: whatever has an `image_size` and a `template`: every Encoder does.

    Returns:
      [B, image_size, image_size, 3] sRGB in 0..1.
    """
    return aligned_rendering.draw(vertices, colors, mesh.triangles, mesh.landmarks, scene.studio(len(vertices)), frame).numpy()


def frontal_textured(mesh, face, frame):
    """`frontal` of one Face whose `fitted` has a texture, [image_size, image_size, 3]."""
    setting = aligned_rendering.framed(face.vertices[None], mesh.landmarks, scene.studio(), frame)
    return textured.render(face.vertices, face.triangles, face.uvs, face.fitted.texture, setting, frame.image_size)
