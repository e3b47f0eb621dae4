"""Photographs in data sets of tensorflow-datasets: `tfds:lfw`, or `tfds:lfw/train` with the name of a split."""
import errno
import functools
import itertools
import re

from morph3d import extras
from morph3d.data.sources.listing import Listing, Photo, printable

PREFIX = "tfds:"
_LOCATION = re.compile(f"{PREFIX}(.+)/(.+)#([0-9]+)")


def find(source):
    """The photos of a split, `train` where none is named, in its order -> Listing. Downloads the data set where it can.

    Raises:
      ValueError: no such data set or split, one without pictures, or it is neither on the disk nor can it be downloaded.
      ImportError: tensorflow-datasets is not installed.
    """
    extras.require("photos", "tensorflow_datasets")
    name, _, split = source.removeprefix(PREFIX).partition("/")
    split = split or "train"
    builder = _builder(name)
    if split not in builder.info.splits:
        raise ValueError(f"{source}: no split {split!r}; it has {', '.join(sorted(builder.info.splits))}")
    people = _people(builder, split)
    digits = len(str(len(people)))
    return Listing([Photo(f"{name}/{split}#{number:0{digits}}", person, f"{PREFIX}{name}/{split}#{number}", str(builder.version))
                    for number, person in enumerate(people)], [])


@functools.cache
def _builder(name):
    """The data set, prepared on the disk."""
    import tensorflow_datasets as tfds  # takes seconds, and most sources are others
    try:
        builder = tfds.builder(name)
    except Exception as error:
        raise ValueError(f"{PREFIX}{name}: tensorflow-datasets cannot load it: {_first_line(error)}") from error
    if not builder.info.splits:
        try:
            builder.download_and_prepare()
        except Exception as error:
            raise ValueError(f"{PREFIX}{name}: not prepared in {builder.data_dir}, and cannot be downloaded "
                             f"({_first_line(error)}); run `tfds build {name}` where it can, and set TFDS_DATA_DIR to the folder "
                             "it writes to") from error
    if not isinstance(dict(builder.info.features.items()).get("image"), tfds.features.Image):
        raise ValueError(f"{PREFIX}{name}: no feature `image`; it has {', '.join(builder.info.features)}")
    return builder


def _first_line(error):
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _people(builder, split):
    """The label of each photo of a split; "" where photos have none."""
    import tensorflow_datasets as tfds
    label = dict(builder.info.features.items()).get("label")
    if not isinstance(label, (tfds.features.Text, tfds.features.ClassLabel)):
        return [""] * builder.info.splits[split].num_examples
    texts = isinstance(label, tfds.features.Text)
    labels = (example["label"] for example in _examples(builder, split, tfds.decode.PartialDecoding({"label": True})))
    return [printable(value.decode(errors="surrogateescape") if texts else label.int2str(value)) for value in labels]


def _examples(builder, split, decoders):
    import tensorflow_datasets as tfds
    in_order = tfds.ReadConfig(interleave_cycle_length=1)  # as slices are counted; else shards are interleaved
    return builder.as_dataset(split=split, decoders=decoders, read_config=in_order).as_numpy_iterator()


def contents(locations):
    """Yields the encoded picture of each example, or the OSError met; consecutive ones are read as one slice."""
    places = enumerate(_LOCATION.fullmatch(location).groups() for location in locations)
    for (name, split, _), run in itertools.groupby(places, lambda item: (*item[1][:2], int(item[1][2]) - item[0])):
        numbers = [int(number) for _, (*_, number) in run]
        yield from itertools.islice(_pictures(_builder(name), split, numbers[0], numbers[-1] + 1), len(numbers))


def _pictures(builder, split, start, stop):
    """Yields the pictures start to stop, then OSErrors without end."""
    import tensorflow_datasets as tfds
    still_encoded = tfds.decode.PartialDecoding({"image": True}, {"image": tfds.decode.SkipDecoding()})
    try:
        part = f"{split}[{start}:{min(stop, builder.info.splits[split].num_examples)}]"
        yield from (example["image"] for example in _examples(builder, part, still_encoded))
        reason = "no such example"
    except Exception as error:
        reason = _first_line(error)
    while True:
        yield OSError(errno.EIO, reason, f"{PREFIX}{builder.name}/{split}")
