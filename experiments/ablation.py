r"""The paper's ablation (figure 3): stage 2 without the batch distribution loss, without the loopback loss and with a single view,
each beside the full one, all from the end of one run's stage 1; what they make of photos, and figures of likeness, geometry,
moments and stability.

    python -m experiments.ablation --run=runs/mine --test_photos=FOLDER --recognizer=saved_model:FOLDER --output=runs/ablation

Started again it goes on where it was stopped; what is finished is neither trained nor measured again.
"""
import datetime
import functools
import pathlib
import sys
import time

from absl import flags, logging

from morph3d.cli import program
from morph3d.encoders import registry

FLAGS = flags.FLAGS
STAGE_1 = "stage 1 only"
MEASURED = "measured.npz"


def define():
    flags.DEFINE_string("run", None, "Folder of a run of morph3d-train that has finished its stage 1: there all start, with its "
                        "settings, photos and synthetic faces.")
    flags.DEFINE_string("test_photos", None, "Photos of people that training never saw: a folder with one folder a person, or "
                        "tfds:lfw.")
    flags.DEFINE_string("recognizer", None, f"The judge, a face recognizer that training never saw: {registry.SPECS}.")
    flags.DEFINE_string("output", None, "Folder for the page, index.html, the figures, ablation.json, and a folder a training.")
    flags.DEFINE_integer("steps", None, "Steps of stage 2; by default as many as in the run.", lower_bound=1)
    flags.DEFINE_integer("seeds", 3, "How often each setting is trained.", lower_bound=1)
    flags.DEFINE_integer("people", 84, "How many people take part in the likeness protocol.", lower_bound=5)
    flags.DEFINE_string("geometry", "embedded", "The morphable model whose random faces are reconstructed and turned, another one "
                        "than the run's.")
    flags.DEFINE_integer("count", 50, "How many faces of it.", lower_bound=2)


def main():
    from experiments import ablation_tables, ablation_training
    from morph3d import atomic_files
    start, output = ablation_training.Start(FLAGS.run), pathlib.Path(FLAGS.output)
    with atomic_files.only_one(output / ".lock", f"{output}: another program is working in this folder"):
        found = ablate(start, _bench(start), output, FLAGS.seeds, FLAGS.steps)
    for path in ablation_tables.write(output, found):
        print(path)


def _bench(start):
    """The Bench of the flags, whose judge and morphable model are not those of the training."""
    from experiments.ablation_measures import Bench
    from morph3d import morphable
    judge, model = registry.load(FLAGS.recognizer, differentiable=False), morphable.load(FLAGS.geometry)
    for flag, given, own in ("recognizer", judge, start.run.encoder.recognizer), ("geometry", model, start.run.model.fingerprint):
        if given.fingerprint == own:
            raise ValueError(f"--{flag}={getattr(FLAGS, flag)}: {FLAGS.run} is trained with it; expected another one, which the "
                             "training never saw")
    return Bench(FLAGS.test_photos, FLAGS.people, judge, model, FLAGS.count)


def ablate(start, bench, output, seeds, steps=None):
    """Measures the start, which says at once what is wrong with the bench, then trains and measures every setting with every seed.

    Args:
      start: ablation_training.Start.
      bench: ablation_measures.Bench.
      output: pathlib.Path; each training has the folder SETTING/seedNUMBER in it.
      seeds: how many, from 0 on.
      steps: of stage 2; None: as many as in the run.

    Returns:
      {setting: [ablation_measures.Figures of each seed]}.
    """
    from experiments.ablation_training import ABLATED
    logging.info("%s", STAGE_1)
    begun = bench.figures(output / _folder(STAGE_1) / MEASURED, start.digest, start.reconstructor)
    found = {setting: [] for setting in ABLATED}
    trials = [(setting, seed, output / _folder(setting) / f"seed{seed}") for seed in range(seeds) for setting in ABLATED]
    for setting, seed, folder in _told(trials):
        start.train(start.config(ABLATED[setting], seed, folder, steps))
        found[setting].append(bench.figures(folder / MEASURED, start.digest, functools.partial(start.reconstructor, folder)))
    return found | {STAGE_1: [begun]}


def _folder(setting):
    return setting.replace(" ", "_")


def _told(trials):
    """Yields the trials, and says of each which of how many it is and how long they will take, going by those trained so far."""
    from experiments.ablation_training import finished
    seconds = []
    for number, (setting, seed, folder) in enumerate(trials):
        missing = sum(not finished(later) for _, _, later in trials[number:])
        left = f", about {datetime.timedelta(seconds=round(missing * sum(seconds) / len(seconds)))} left" if seconds else ""
        logging.info("run %d of %d: %s, seed %d%s", number + 1, len(trials), setting, seed, left)
        new, begun = not finished(folder), time.monotonic()
        yield setting, seed, folder
        if new:
            seconds.append(time.monotonic() - begun)


def run():
    program.run(sys.modules[__name__], ["run", "test_photos", "recognizer", "output"])


if __name__ == "__main__":
    run()
