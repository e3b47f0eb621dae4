"""The main face of a photo that is measured, as a network reads it."""
from absl import logging

from morph3d.photos import sightings


def read(name, found, reader):
    """-> the photo [H, W, 3] uint8 and its Face.

    Args:
      name: of the photo, for errors.
      found: the photo and the five points [5, 2] of its face, or None, as crops.read_all gives them; or a ValueError in its place.
      reader: Reconstructor.

    Raises:
      ValueError: it cannot be read or shows no face.
    """
    if isinstance(found, ValueError):
        raise found
    photo, points = found
    seen = sightings.see(name, photo, [] if points is None else points[None], reader)
    if isinstance(seen, ValueError):
        raise seen
    face, = reader.faces(reader.encode(seen.crops), seen.crops, seen.framings)
    return photo, face


def tell(found, left_out):
    """Warns of who is left out, {name: why}; ValueError if so nothing is found."""
    for name, reason in left_out.items():
        logging.warning("%s: left out: %s", name, reason)
    if not found:
        raise ValueError("nobody could be measured: " + "; ".join(f"{who}: {why}" for who, why in list(left_out.items())[:3]))
