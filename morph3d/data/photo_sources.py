"""Where photographs come from: a source is recognised by what it is.

  tfds:NAME or tfds:NAME/SPLIT    a data set of tensorflow-datasets, see photo_datasets
  *.tfrecord                      TFRecord files: one, a pattern, or a folder of them, see photo_records
  folder with files/<Name>.txt    VGG-Face's lists and the pictures downloaded by them, see vgg_face_lists
  folder                          the images in it and below; VGGFace2 with its boxes, see photo_folders
"""
import itertools
import os

from morph3d.data import photo_datasets, photo_folders, photo_records, vgg_face_lists
from morph3d.data.photo_listing import Listing, Photo, printable

__all__ = ["Listing", "Photo", "contents", "find", "printable"]


def find(source):
    """-> Listing of the photos of a source, in an order that is always the same: by key, but records as they are stored.

    Raises:
      ValueError: there is no such source, or no photo in it; says what was looked for.
    """
    source = os.fspath(source)
    if source.startswith(photo_datasets.PREFIX):
        return photo_datasets.find(source)
    shards = photo_records.shards(source)
    if shards:
        return photo_records.find(shards)
    lists = vgg_face_lists.lists_in(source)
    return vgg_face_lists.find(source, lists) if lists else photo_folders.find(source)


def contents(photos):
    """Yields, for each Photo in order, the bytes of its encoded picture, or the OSError that was met; reads as it goes.

    Args:
      photos: iterable of Photo. Neighbours of one file or data set are read fastest.
    """
    for reader, run in itertools.groupby(photos, _reader):
        yield from reader.contents(photo.location for photo in run)


def _reader(photo):
    if photo.location.startswith(photo_datasets.PREFIX):
        return photo_datasets
    return photo_records if photo_records.is_location(photo.location) else photo_folders
