"""Photographs -> a prepared folder (records.py), with Apache Beam: on this machine, or on a cluster that shares its files.

The photos are listed and shared out to shards. Two pipelines do the work: the first takes a digest of every photo, by which
duplicates are known; the second makes the shards. What they finish they write down in folder/plan, shard by shard, so that a
second start does only what is missing, was cut short, or whose photos have changed.
"""
import contextlib
import functools
import hashlib
import json
import logging
import pathlib
import threading

import tqdm
from absl import logging as absl_logging

from morph3d import encoders, files
from morph3d import settings as begun_with
from morph3d.data import photo_sources, records, shards

PHOTOS_IN_SHARD = 500
LIST, DIGESTS, MADE = "list", "digests", "made"  # folder/plan/00000.list.json ...



def prepare(source, folder, encoder="dlib", weights=None, kinds=records.KINDS, options=()):
    """Makes or completes a prepared folder.

    Args:
      source: where the photos are, as photo_sources.find takes it.
      folder: for the result.
      encoder, weights: as encoders.load takes them.
      kinds: what to store, of records.KINDS.
      options: of the Beam pipelines, ["--runner=...", ...]; by default they run on this machine. Workers elsewhere must see the
        photos and the folder under the same names.

    Returns:
      The folder's Index.

    Raises:
      ValueError: the folder was begun from another source or in another way, or no photo is left.
      OSError: the disk is full; the finished shards are kept.
    """
    folder, kinds = pathlib.Path(folder), sorted(kinds)
    listing = photo_sources.find(source)
    network = _encoder(encoder, weights, records.ENCODINGS in kinds)
    settings = {"source": str(source), "encoder": encoder, "encoder_weights": weights, "kinds": kinds,
                "image_size": network.image_size}
    if records.ENCODINGS in kinds:
        settings |= {name: getattr(network, name) for name in ("fingerprint", "feature_size", "identity_size")}
    begun_with.require_same(folder / "plan" / "settings.json", settings, settings)
    begun_with.write(folder / "plan" / "settings.json", settings)
    plan = [listing.photos[start:start + PHOTOS_IN_SHARD] for start in range(0, len(listing.photos), PHOTOS_IN_SHARD)]
    _sweep(folder, len(plan))
    for number, listed in enumerate(plan):
        _write(folder, number, LIST, None, listed)
    digests = _complete("reading", DIGESTS, functools.partial(_take_digests, folder), plan, folder, [{}] * len(plan), options)
    duplicates = _duplicates(plan, digests)
    made = _complete("preparing", MADE, functools.partial(_make, folder, settings), plan, folder, duplicates, options)
    return _finish(folder, settings, listing, made)


@functools.cache
def _encoder(spec, weights, encodes):
    """One a process, however many shards this makes; for crops alone its framing is enough, which needs no weights."""
    return encoders.load(spec, weights) if encodes else encoders.framing(spec)


def _complete(title, part, work, plan, folder, duplicates, options):
    """Has `part` of every shard written down, by `work` of (number, name, duplicates) where it is missing. -> all of it."""
    names = [_name(listed, found) for listed, found in zip(plan, duplicates)]

    def missing(among):
        return [number for number in among if _read(folder, number, part, names[number]) is None]

    unfinished = missing(range(len(plan)))
    if unfinished:
        tasks = [(number, names[number], duplicates[number]) for number in unfinished]
        with _progress(title, [len(listed) for listed in plan], unfinished, missing):
            _everywhere(work, tasks, options)
    return [_read(folder, number, part, name) for number, name in enumerate(names)]


def _everywhere(work, tasks, options):
    """Calls `work` with the arguments of each task, wherever the Beam pipeline of these options runs."""
    import apache_beam as beam
    from apache_beam.options.pipeline_options import PipelineOptions
    logging.getLogger("apache_beam.runners.common").setLevel(logging.CRITICAL)  # it would print what is raised here anyway
    try:
        with beam.Pipeline(options=PipelineOptions(list(options))) as pipeline:
            _ = pipeline | beam.Create(tasks) | beam.Reshuffle() | beam.MapTuple(work)
    except (OSError, ValueError) as error:
        raise type(error)(str(error).split(" [while running ")[0]) from error  # Beam's name of the step says nothing


@contextlib.contextmanager
def _progress(title, sizes, unfinished, missing):
    """A bar over all photos with rate and time left, which looks every second for shards that are finished, wherever."""
    def done(left):
        return sum(sizes) - sum(sizes[number] for number in left)

    def watch():
        left = unfinished
        while not stopped.wait(1.):
            left = missing(left)
            bar.update(done(left) - bar.n)

    stopped, watcher = threading.Event(), threading.Thread(target=watch, daemon=True)
    with tqdm.tqdm(desc=title, total=sum(sizes), initial=done(unfinished), unit=" photos", dynamic_ncols=True) as bar:
        watcher.start()
        try:
            yield
        finally:
            stopped.set()
            watcher.join()
            bar.update(done(missing(unfinished)) - bar.n)


def _take_digests(folder, number, name, _):
    listed = _listed(folder, number)
    digests = [shards.digest(photo, data) for photo, data in zip(listed, photo_sources.contents(listed))]
    _write(folder, number, DIGESTS, name, digests)


def _make(folder, settings, number, name, duplicates):
    encoder = _encoder(settings["encoder"], settings["encoder_weights"], records.ENCODINGS in settings["kinds"])
    _write(folder, number, MADE, name, shards.make(folder, number, _listed(folder, number), duplicates, settings["kinds"], encoder))


def _duplicates(plan, digests):
    """For each shard {position: key of the first photo with the same digest}."""
    first, duplicates = {}, [{} for _ in plan]
    for listed, taken, found in zip(plan, digests, duplicates):
        for position, (photo, digest) in enumerate(zip(listed, taken)):
            if digest is not None and first.setdefault(digest, photo.key) != photo.key:
                found[position] = first[digest]
    return duplicates


def _finish(folder, settings, listing, made):
    """Writes rejects.tsv and, if anything is left, the index. -> Index."""
    rejects = [*listing.rejects, *(reject for shard in made for reject in shard["rejects"])]
    with files.replacing(folder / records.REJECTS) as beside:
        beside.write_text("".join(f"{key}\t{reason}\n" for key, reason in rejects), encoding="utf-8", errors="surrogateescape")
    reasons = [reason.split(":")[0] for _, reason in rejects]
    index = {"settings": settings, "photos": len(listing.photos) + len(listing.rejects),
             "rejected": {reason: reasons.count(reason) for reason in sorted(set(reasons))},
             "shards": [{name: shard[name] for name in ("name", "records", "bytes")} for shard in made]}
    kept = sum(shard["records"] for shard in made)
    absl_logging.info("%s: prepared %d of %d photos; left out: %s; see %s", settings["source"], kept, index["photos"],
                 ", ".join(f"{count} {reason}" for reason, count in index["rejected"].items()) or "none", folder / records.REJECTS)
    if not kept:
        raise ValueError(f"{settings['source']}: none of its {index['photos']} photos shows a face that can be found; "
                         f"{folder / records.REJECTS} says why")
    with files.replacing(folder / records.INDEX) as beside:
        beside.write_text(json.dumps(index, indent=1), encoding="utf-8")
    return records.read_index(folder)


def _sweep(folder, count):
    """Removes what killed processes have left half-written, and what belongs to shards from number `count` on."""
    for part in ("plan", *records.KINDS):
        for path in folder.glob(f"{part}/*"):
            number = path.name.split(".")[0]
            if not number or number.isdigit() and int(number) >= count:
                path.unlink(missing_ok=True)


def _name(listed, duplicates):
    """What something written down about a shard is true of."""
    return hashlib.sha1(json.dumps([listed, sorted(duplicates.items())]).encode()).hexdigest()


def _write(folder, number, part, name, content):
    with files.replacing(_path(folder, number, part)) as beside:
        beside.write_text(json.dumps({"of": name, "is": content}))


def _read(folder, number, part, name):
    """What is written down, if it is true of the shard as it is now; None if not."""
    try:
        note = json.loads(_path(folder, number, part).read_text())
    except (FileNotFoundError, ValueError):
        return None
    if note["of"] != name or part == MADE and any(records.wrong_sizes(folder, note["is"])):
        return None
    return note["is"]


def _listed(folder, number):
    return [photo_sources.Photo(*fields) for fields in _read(folder, number, LIST, None)]


def _path(folder, number, part):
    return folder / "plan" / f"{number:05}.{part}.json"
