"""A folder of reconstructed faces: their files, written by threads while the next faces are made, and a page of all."""
import collections
import concurrent.futures
import dataclasses
import os
import pathlib

from absl import logging

from morph3d import atomic_files, stopwatch
from morph3d.inference import face_files, names, viewer
from morph3d.renderer import texture_baking

SHOWN = 100  # faces on the page, 23 MB, and 67 with what fitted ones have more; of more a browser takes long to show the first
TEXTURED = frozenset({"glb", "obj"})
AHEAD = 16  # faces that wait to be written: this bounds the memory


class FaceFolder:
    """A folder in the making; a block that ends well has written all that was put.

    Attributes:
      count: the faces that were put.
    """

    def __init__(self, folder, formats, page, blendshapes, uvs, told):
        """
        Args:
          folder: its path.
          formats: some of face_files.FORMATS, for all faces that can be saved in them.
          page: whether there is to be a page, index.html, of the first SHOWN.
          blendshapes: whether files hold them.
          uvs: the Atlas of the faces, or None; textures are prepared for it at once.
          told: called with the paths of each face, and of the page, in order, once they are written.
        """
        self.count = 0
        self._folder, self._formats, self._page = pathlib.Path(folder), formats, page
        self._blendshapes, self._told = blendshapes, told
        self._pool = concurrent.futures.ThreadPoolExecutor(os.cpu_count())
        if uvs and not TEXTURED.isdisjoint(formats):
            self._pool.submit(texture_baking.prepare, uvs)
        self._taken, self._shown, self._waiting = set(), {}, collections.deque()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                self._finish()
        finally:
            self._pool.shutdown(cancel_futures=True)

    def put(self, wanted, face):
        """Has a Face written under a name, or under another where that is taken, which is said in the log.

        Raises:
          OSError: one that was put before cannot be written.
        """
        formats = face_files.offered(face, self._formats)
        name = face_files.free_name(self._folder, wanted, formats, self._taken)
        self._taken.add(name.lower())
        if name != wanted:
            logging.info("%s: another face or a file that is not morph3d's has that name; this face is %s", wanted, name)
        self.count += 1
        paths = [path for form in formats for path in face_files.paths(self._folder, name, form)]
        if self._page and len(self._shown) < SHOWN:
            self._shown[name] = face, {path.name: path.relative_to(self._folder).as_posix() for path in paths}
        saved = face if self._blendshapes else dataclasses.replace(face, blendshapes={})
        self._waiting.append((paths, [self._pool.submit(_save, saved, self._folder, name, form) for form in formats]))
        self._wait(AHEAD)

    def _wait(self, left):
        """Until so many faces at most are left to be written."""
        while len(self._waiting) > left:
            paths, jobs = self._waiting.popleft()
            for job in jobs:
                job.result()
            self._told(paths)

    def _finish(self):
        if self._shown:
            name = names.unused("index", lambda each: not face_files.is_ours(self._folder / f"{each}.html"))
            path = self._folder / f"{name}.html"
            self._waiting.append(([path], [self._pool.submit(_save_page, self._shown, path)]))
            if self.count > SHOWN:
                logging.info("%s: shows the first %d of %d faces", path, SHOWN, self.count)
        self._wait(0)


def _save(face, folder, name, form):
    with stopwatch.timed("writing"):
        face_files.save_all(face, folder, name, [form])


def _save_page(shown, path):
    with stopwatch.timed("writing"), atomic_files.replacing(path) as beside:
        beside.write_text(viewer.page(shown), "utf-8")
