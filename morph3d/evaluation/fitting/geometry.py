"""Neutral faces of photos that were fitted, beside those that the network alone has read, against scans of the same people."""
from typing import NamedTuple

import tqdm

from morph3d.evaluation.fitting import faces
from morph3d.evaluation.geometry import protocols
from morph3d.photos import crops


class Distances(NamedTuple):
    """How far faces are from a person's scan, mm, as the paper's protocol has it."""
    subject: str
    mean_face: float
    network: float
    fitted: float


def measure(fitter, reader, subjects):
    """The Distances of the faces made of each photo of each subject.

    Args:
      fitter: Fitter.
      reader: its Reconstructor, read as is right for the photos.
      subjects: of evaluation/geometry/subjects.py.

    Returns:
      [Distances], one a photo, and {subject and photo: why there is none}.

    Raises:
      ValueError: there are none at all.
    """
    distances, left_out, mean_face = [], {}, reader.mean_face
    for subject in tqdm.tqdm(subjects, unit=" scans", dynamic_ncols=True):
        try:
            scan = subject.scan()
            nobody = protocols.micc(scan, mean_face).error
            for face, fitted in _faces(fitter, reader, subject, left_out):
                distances.append(Distances(subject.name, nobody, *(protocols.micc(scan, each).error for each in (face, fitted))))
        except ValueError as error:
            left_out[subject.name] = str(error)
        protocols.aligned.cache_clear()
    faces.tell(distances, left_out)
    return distances, left_out


def _faces(fitter, reader, subject, left_out):
    """Yields the Face and the fitted Face of each photo of a subject that can be fitted."""
    for condition, photos in subject.photos.items():
        for number, found in enumerate(crops.read_all(photos())):
            name = f"{subject.name}, {condition}, {number}"
            try:
                photo, face = faces.read(name, found, reader)
                yield face, fitter.neutral(face, fitter.solve(photo, face))
            except ValueError as error:
                left_out[name] = str(error)
