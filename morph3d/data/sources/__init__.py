"""Sources of photographs, known by what they are.

  tfds:NAME or tfds:NAME/SPLIT    a data set of tensorflow-datasets, see tfds_images
  folder with files/<Name>.txt    VGG-Face's lists and the pictures downloaded by them, see vgg_face
  folder, file or pattern (*)     the images and the TFRecord files there, known by their content; VGGFace2 with its boxes: see
                                  folders and tfrecords
"""
import itertools
import os

from morph3d.data.sources import folders, tfds_images, tfrecords, vgg_face
from morph3d.data.sources.listing import Listing, Photo, printable

__all__ = ["Listing", "Photo", "contents", "find", "printable"]


def find(source):
    """-> Listing of the photos of a source, in an order that is always the same: by key, then records as they are stored.

    Every file of the source is taken or among the rejects.

    Raises:
      ValueError: there is no such source, or no photo in it; says what was looked for.
    """
    source = os.fspath(source)
    if source.startswith(tfds_images.PREFIX):
        return tfds_images.find(source)
    lists = vgg_face.lists_in(source)
    return vgg_face.find(source, lists) if lists else folders.find(source)


def contents(photos):
    """Yields, for each Photo in order, the bytes of its encoded picture, or the OSError that was met; reads as it goes.

    Args:
      photos: iterable of Photo. Neighbors of one file or data set are read fastest.
    """
    for reader, run in itertools.groupby(photos, _reader):
        yield from reader.contents(photo.location for photo in run)


def _reader(photo):
    return next((module for module in (tfds_images, tfrecords) if photo.location.startswith(module.PREFIX)), folders)
