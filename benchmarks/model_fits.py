"""How closely a morphable model follows other faces than its own: its mean face, and the best fit of its modes."""
import numpy as np

from morph3d.evaluation.geometry import model_fit, protocols, synthetic_scans


def to_model(model, other, count, seed):
    """`fits` to `count` random faces of another MorphableModel."""
    return fits(model, (subject.scan() for subject in synthetic_scans.subjects(other, count, seed)))


def fits(model, scans):
    """How far a MorphableModel is from Scans, any iterable of them.

    Returns:
      {"mean_face", "best_fit": mean of the paper's distance (section 4.2: symmetric, point to plane), mm; "faces": how many}.
    """
    modes = model_fit.Modes(model.mean_vertices.numpy(), model.shape_basis.numpy().reshape(model.shape_size, -1, 3),
                            model.triangles.numpy(), model.landmarks.numpy())
    mean_face = modes.face(np.zeros(model.shape_size))
    errors = np.array([[protocols.micc(scan, face).error for face in (mean_face, model_fit.fit(modes, scan, mean_face))]
                       for scan in scans])
    mean, fit = errors.mean(0)
    return {"mean_face": float(mean), "best_fit": float(fit), "faces": len(errors)}
