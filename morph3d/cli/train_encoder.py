"""Trains the encoder NN2, whose weights nobody publishes, on photos of people: several of each, a folder a person.

    morph3d-train-encoder --photos=FOLDER --output=runs/nn2

Stopped with Ctrl-C or SIGTERM, it saves the step it is at; started again with the same flags, it goes on from there and about
where it was in the photos.
"""
import sys

from absl import flags, logging

from morph3d.cli import program

FLAGS = flags.FLAGS


def define():
    flags.DEFINE_string("photos", None, "Photos of people as morph3d-prepare takes them, or a folder that it has made for nn2.")
    flags.DEFINE_string("output", None, "Folder for the run: settings, checkpoints, the TensorBoard log and the trained weights.")
    flags.DEFINE_integer("steps", 100_000, "Steps of training.", lower_bound=1)
    flags.DEFINE_integer("people", 32, "Sets of photos in a batch, each of one person.", lower_bound=2)
    flags.DEFINE_integer("photos_per_person", 4, "Photos in a set.", lower_bound=2)
    flags.DEFINE_float("learning_rate", 1e-3, "Where it starts; it falls to a twentieth.", lower_bound=1e-9, upper_bound=1.)
    flags.DEFINE_float("margin", .2, "Between the squared distances to photos of others and of the same person.", lower_bound=0.)
    flags.DEFINE_integer("save_every", 500, "Steps between checkpoints.", lower_bound=1)
    flags.DEFINE_integer("seed", 0, "Of every random number.", lower_bound=0)


def main():
    from morph3d.training import train_encoder
    weights = train_encoder.train(train_encoder.Settings(**{name: FLAGS[name].value for name in train_encoder.Settings._fields}))
    logging.info("trained; now morph3d-train --encoder=nn2 --encoder_weights=%s", weights)


def run():
    program.run(sys.modules[__name__], ["photos", "output"])


if __name__ == "__main__":
    run()
