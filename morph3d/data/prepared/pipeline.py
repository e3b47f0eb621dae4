"""The preparation of photographs into a folder (dataset.py), by Apache Beam: here, or on a cluster that shares its files.

The photos are listed and shared out to shards. Two pipelines do the work: the first takes a digest of every photo's content, the
second makes the shards. What they finish they write down, shard by shard (ledger.py), so that a second start does only what is
missing, was cut short, or whose photos have changed. A photo is known by its content: the place and time of its file only say
whether it has to be read again.
"""
import collections
import contextlib
import functools
import json
import logging
import os
import pathlib
import re
import threading
import time

import tqdm
from absl import logging as absl_logging

from morph3d import atomic_files, extras, run_settings
from morph3d.data import sources
from morph3d.data.prepared import dataset, shards
from morph3d.data.prepared.ledger import DIGESTS, MADE, Notes, truth
from morph3d.data.sources import tfds_images
from morph3d.encoders import registry
from morph3d.photos import crops

RUNNER = "FnApiRunner"  # in this process; Beam's own default first looks for a program to download
PHOTOS_IN_SHARD = 500  # and fewer of a small set, so that there is progress to see
PATIENCE = 10.  # seconds that a shared file system may take to show what others have written
_ERROR = re.compile(r"<<(.*?)>>", re.DOTALL)


def prepare(source, folder, encoder="dlib", weights=None, color_features=False, kinds=dataset.KINDS, options=(), listing=None):
    """Makes or completes a prepared folder.

    Args:
      source: where the photos are, as sources.find takes it.
      folder: for the result; not one within the source.
      encoder, weights, color_features: as registry.load takes them.
      kinds: what to store, of dataset.KINDS.
      options: of the Beam pipelines, ["--runner=...", ...]; by default they run in this process (RUNNER). Workers elsewhere must
        see the photos and the folder under the same names.
      listing: what sources.find gave, if it was called already.

    Returns:
      The folder's Index.

    Raises:
      ValueError: the folder was begun from other photos or in another way, or no photo is left.
      OSError: the disk is full, or the photos cannot be read at the moment; the finished shards are kept.
      ImportError: Apache Beam is not installed.
    """
    extras.require("photos", "apache_beam")
    listing = listing or sources.find(source)
    folder, source = pathlib.Path(folder).resolve(), os.fspath(source)
    if not source.startswith(tfds_images.PREFIX):
        source = os.path.realpath(source)
        if folder.is_relative_to(source):
            raise ValueError(f"{folder}: lies in the folder of the photos, {source}; give one outside it")
    settings = _settings(source, encoder, weights, color_features, sorted(kinds))
    with atomic_files.only_one(folder / "plan" / "lock", f"{folder}: another program is preparing photos in this folder"):
        notes = Notes(folder)
        _keep_settings(folder / "plan" / "settings.jsonl", settings, notes, listing.photos)
        notes.sweep()
        plan = notes.share_out(listing.photos, min(PHOTOS_IN_SHARD, max(32, len(listing.photos) // 20)))
        digests = _complete("reading", notes, DIGESTS, plan, [truth(listed) for listed in plan],
                            _take_digests, [()] * len(plan), options)
        duplicates = _duplicates(plan, digests)
        made_of = [truth([(photo.key, photo.person, digest) for photo, digest in zip(listed, taken)], copies, crops.VERSION)
                   for listed, taken, copies in zip(plan, digests, duplicates)]
        made = _complete("preparing", notes, MADE, plan, made_of,
                         functools.partial(_make, settings), [(found,) for found in duplicates], options)
        notes.sweep()
        return _finish(folder, settings, listing, made, truth(dataset.FORMAT, made_of))


def _settings(source, encoder, weights, color_features, kinds):
    encoder, weights = registry.located(encoder, weights)
    network = _encoder(encoder, weights, color_features, dataset.ENCODINGS in kinds)
    settings = {"format": dataset.FORMAT, "source": source, "encoder": encoder, "encoder_weights": weights,
                "color_features": color_features, "kinds": kinds, "image_size": network.image_size,
                "template": network.template.tolist()}
    if dataset.ENCODINGS in kinds:
        settings |= {name: getattr(network, name) for name in ("fingerprint", "feature_size", "identity_size")}
    return settings


@functools.cache
def _encoder(spec, weights, color_features, encodes):
    """One a process, however many shards this makes; for crops alone its framing is enough, which needs no weights."""
    return registry.load(spec, weights, color_features) if encodes else registry.framing(spec)


def _keep_settings(path, settings, notes, photos):
    """Refuses to go on from other photos or in another way; the same photos may lie elsewhere, and so may the encoder."""
    fixed = settings.keys() - {"encoder", "encoder_weights"}
    earlier = run_settings.history(path) if path.exists() else []
    if earlier and earlier[-1]["source"] != settings["source"] and _hold(photos, notes):
        fixed -= {"source"}
    run_settings.keep(path, settings, fixed)


def _hold(photos, notes):
    """Whether these include the photos that were shared out before: all by name, and of each shard the first by its content."""
    here = {photo.key: photo for photo in photos}
    for number, earlier in enumerate(notes.lists()):
        if any(photo.key not in here for photo in earlier):
            return False
        digests = notes.read(number, DIGESTS, truth(earlier))
        if digests and digests[0] != shards.digests([here[earlier[0].key]])[0]:
            return False
    return True


def _complete(title, notes, part, plan, of, work, arguments, options):
    """Has `part` noted for every shard: what `work` of (notes, number, *arguments) gives. -> what the notes say."""
    def missing(among):
        return [number for number in among if notes.read(number, part, of[number]) is None]

    unfinished = missing(range(len(plan)))
    if unfinished:
        tasks = [(number, of[number], *arguments[number]) for number in unfinished]
        with _progress(title, [len(listed) for listed in plan], unfinished, missing):
            _everywhere(title, functools.partial(_note, work, notes, part), tasks, options)
        deadline = time.monotonic() + PATIENCE
        while missing(unfinished):
            if time.monotonic() > deadline:
                raise OSError(f"{notes.folder}: {len(missing(unfinished))} shards are not there although they were made; do all "
                              f"workers share this folder? Start again")
            time.sleep(.5)
    return [notes.read(number, part, name) for number, name in enumerate(of)]


def _everywhere(title, work, tasks, options):
    """Calls `work` with the arguments of each task, wherever the Beam pipeline of these options runs."""
    import apache_beam as beam
    from apache_beam.options.pipeline_options import PipelineOptions
    logging.getLogger("apache_beam.runners.common").setLevel(logging.CRITICAL)  # it would print what is raised here anyway
    try:
        with beam.Pipeline(options=PipelineOptions([f"--runner={RUNNER}", *options])) as pipeline:
            _ = pipeline | beam.Create(tasks) | beam.Reshuffle() | title >> beam.MapTuple(work)
    except Exception as error:
        if "KeyboardInterrupt" in str(error):
            raise KeyboardInterrupt from None
        told = _ERROR.search(str(error))
        if told is None:
            raise
        raise OSError(told[1]) from None


def _note(work, notes, part, number, of, *arguments):
    """Does one task and writes its note, unless that is there: a runner that has lost a worker gives out finished tasks again.

    Errors leave as marked text, the only form in which every runner passes them on.
    """
    try:
        if notes.read(number, part, of) is None:
            notes.write(number, part, of, work(notes, number, *arguments))
    except (OSError, ValueError) as error:
        raise RuntimeError(f"<<{error}>>") from error


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


def _take_digests(notes, number):
    return shards.digests(notes.listed(number))


def _make(settings, notes, number, duplicates):
    encoder = _encoder(settings["encoder"], settings["encoder_weights"], settings["color_features"],
                       dataset.ENCODINGS in settings["kinds"])
    if settings.get("fingerprint") != getattr(encoder, "fingerprint", None):
        raise ValueError(f"{settings['encoder']}: a worker has other weights than the program that started it")
    return shards.make(notes.folder, number, notes.listed(number), duplicates, settings["kinds"], encoder)


def _duplicates(plan, digests):
    """For each shard {position: key of the first photo with the same digest}."""
    first, duplicates = {}, [{} for _ in plan]
    for listed, taken, found in zip(plan, digests, duplicates):
        for position, (photo, digest) in enumerate(zip(listed, taken)):
            if digest and first.setdefault(digest, photo.key) != photo.key:
                found[position] = first[digest]
    return duplicates


def _finish(folder, settings, listing, made, digest):
    """Writes rejects.tsv and, if anything is left, the index. -> Index."""
    rejects = [*listing.rejects, *(reject for shard in made for reject in shard["rejects"])]
    with atomic_files.replacing(folder / dataset.REJECTS) as beside:
        beside.write_text("".join(f"{key}\t{reason}\n" for key, reason in rejects), encoding="utf-8")
    reasons = collections.Counter(reason.split(":")[0] for _, reason in rejects)
    index = {"settings": settings, "photos": len(listing.photos) + len(listing.rejects), "digest": digest,
             "rejected": dict(sorted(reasons.items())), "turned": sum(shard["turned"] for shard in made),
             "shards": [{name: shard[name] for name in ("name", "records", "bytes")} for shard in made]}
    kept = sum(shard["records"] for shard in made)
    left_out = ", ".join(f"{count} {reason}" for reason, count in index["rejected"].items()) or "none"
    absl_logging.info("%s: prepared %d of %d photos%s; left out: %s; see %s", settings["source"], kept, index["photos"],
                      f", {index['turned']} of them turned, which are taken upright" if index["turned"] else "", left_out,
                      folder / dataset.REJECTS)
    if not kept:
        (folder / dataset.INDEX).unlink(missing_ok=True)
        raise ValueError(f"{settings['source']}: none of its {index['photos']} photos shows a face that can be found; "
                         f"{folder / dataset.REJECTS} says why")
    with atomic_files.replacing(folder / dataset.INDEX) as beside:
        beside.write_text(json.dumps(index, indent=1), encoding="utf-8")
    return dataset.read_index(folder)
