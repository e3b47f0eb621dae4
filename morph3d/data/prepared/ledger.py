"""Notes on the shards of a folder that is being prepared, kept as OUTPUT/plan/00000.list.json and the like.

A note says what it is true of (a digest of the photos and all else that it follows from), so that it counts only as long as that is
so. Any number of processes write notes, each about another shard.
"""
import hashlib
import itertools
import json
import re

from morph3d import atomic_files
from morph3d.data import sources
from morph3d.data.prepared import dataset

LIST, DIGESTS, MADE = "list", "digests", "made"
_OURS = re.compile(r"(\.[0-9a-f]{32}\.)?(\d{5,})\.(tfrecord|(list|digests|made)\.json)")  # the first part: half-written


def truth(*facts):
    """What a note is true of: a digest of whatever JSON can hold."""
    return hashlib.sha1(json.dumps(facts).encode()).hexdigest()


class Notes:
    """The notes of one folder, a pathlib.Path."""

    def __init__(self, folder):
        self.folder = folder

    def read(self, number, part, of):
        """What a note says; None where there is none, or one that is true of something else or of files that are not whole."""
        try:
            note = json.loads(self._path(number, part).read_text())
        except (FileNotFoundError, ValueError):
            return None
        if note["of"] != of or part == MADE and any(dataset.wrong_sizes(self.folder, note["says"])):
            return None
        return note["says"]

    def write(self, number, part, of, says):
        path = self._path(number, part)
        try:
            with atomic_files.replacing(path) as beside:
                beside.write_text(json.dumps({"of": of, "says": says}))
        except OSError as error:
            raise cannot_write(path, error.strerror) from error

    def listed(self, number):
        """The Photos of a shard."""
        photos = self.read(number, LIST, None)
        if photos is None:
            raise OSError(f"{self._path(number, LIST)}: not found, but it was written before; do all workers see this folder?")
        return [sources.Photo(*fields) for fields in photos]

    def lists(self):
        """Yields the Photos of every shard, as they were when the photos were shared out last."""
        for number in itertools.count():
            photos = self.read(number, LIST, None)
            if photos is None:
                return
            yield [sources.Photo(*fields) for fields in photos]

    def share_out(self, photos, in_shard):
        """Shares photos out to shards and writes the lists: who is in a shard already stays there, new ones get new shards.

        Returns:
          A list of Photos for every shard.
        """
        new = {photo.key: photo for photo in photos}
        plan = [[new.pop(photo.key) for photo in earlier if photo.key in new] for earlier in self.lists()]
        rest = list(new.values())
        plan += [rest[start:start + in_shard] for start in range(0, len(rest), in_shard)]
        for number, listed in enumerate(plan):
            self.write(number, LIST, None, listed)
        return plan

    def sweep(self):
        """Removes what killed processes have left half-written."""
        for part in ("plan", *dataset.KINDS):
            for path in self.folder.glob(f"{part}/.*"):
                if _OURS.fullmatch(path.name):
                    path.unlink(missing_ok=True)

    def _path(self, number, part):
        return self.folder / "plan" / f"{number:05}.{part}.json"


def cannot_write(path, why):
    return OSError(f"{path}: cannot be written ({why}); make room and start again: what is finished is kept")
