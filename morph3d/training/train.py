"""A whole training run: photographs and settings in, a folder with a trained decoder out."""
import contextlib
import functools
import pathlib

import keras
import tensorflow as tf
from absl import logging

from morph3d import atomic_files, decoder, morphable, run_settings
from morph3d.data import hybrid, sources
from morph3d.data.prepared import dataset, people, pipeline
from morph3d.data.synthetic_store import SyntheticStore
from morph3d.encoders import registry
from morph3d.renderer import backends
from morph3d.training import callbacks, checkpoints, loop, pictures, schedule, skin_tone, tensorboard, timing, validation
from morph3d.training.config import TrainingConfig
from morph3d.training.distribution import ALONE, Distribution
from morph3d.training.face_training import FaceTraining
from morph3d.training.run import SETTINGS, Run, recorded

STANDARDIZED_BY = 1024  # synthetic faces
SAMPLE, SHOWN = 2048, 8  # photos whose coefficients are looked at, and who are shown beside their faces


def train(config: TrainingConfig) -> Run:
    """Trains a decoder, or goes on where an earlier call with the same config was stopped.

    Leaves in the output folder the settings, checkpoints (the newest three, and the decoder at the end of each stage and where it
    was best), a TensorBoard log, and the prepared photos where the config names photos that were not.

    Args:
      config: TrainingConfig.

    Returns:
      The finished Run.

    Raises:
      ValueError: photos, model, encoder or settings that cannot be trained with, or with which the run was not begun.
      NonFiniteLoss: training broke down; the checkpoints before are kept.
      distribution.WorkerLost: another worker has ended; the checkpoints before are kept.
      KeyboardInterrupt, loop.Terminated: the run was stopped by SIGINT or SIGTERM; its last step is saved.
    """
    distribution = Distribution.of(config)  # before anything else that TensorFlow does
    prepared = dataset.is_prepared(config.photos)
    listing = sources.find(config.photos) if distribution.chief and not prepared else None  # before what takes long
    encoder = registry.load(config.encoder, config.encoder_weights, config.color_features)
    model = morphable.load(config.morphable_model)
    output = pathlib.Path(config.output)
    with distribution.workers_watched(), _alone(output, distribution):
        if listing is not None:
            pipeline.prepare(config.photos, output / "prepared", config.encoder, config.encoder_weights, config.color_features,
                             listing=listing)
        distribution.meet()
        index = dataset.read_index(config.photos if prepared else output / "prepared")
        photos, held_out = people.hold_out(index, config.validation_people)
        _require_usable(config, photos, encoder)
        _keep_settings(output / SETTINGS, distribution, *recorded(config, model, encoder, index))
        training = assemble(config, model, encoder, distribution)
        store = SyntheticStore(output / "synthetic_faces", model, encoder, config.synthetic.faces, config.seed, distribution.chief)
        features = dataset.sample(photos, SAMPLE, config.seed).features
        saved = _restored(config, training, features, store, distribution)
        watchers = (_watchers(config, saved, _measure(config, model, encoder, held_out), features, photos) if distribution.chief
                    else [callbacks.SaveCheckpoints(saved, config.save_every)])
        first, last = stages(config, store, lambda start: photo_batches(config, photos, start))
        for stage in first._replace(finish=lambda: _spread(training.decoder, features, distribution)), last:
            loop.run(training, stage, saved, watchers, distribution)
        distribution.meet()  # who waits for another does not find it gone
    if distribution.chief:
        _tell(config, store, training, features, saved)
    return Run(output, model, encoder)


def assemble(config, model, encoder, distribution=ALONE):
    """The network to train, with the optimizer of a config's two stages: a compiled FaceTraining.

    Args:
      config: TrainingConfig.
      model: MorphableModel.
      encoder: Encoder.
      distribution: Distribution.
    """
    keras.utils.set_random_seed(config.seed)  # here, so that the network does not depend on what was built and drawn before
    rates = schedule.TwoStageSchedule((config.synthetic.steps, config.hybrid.steps),
                                      (config.synthetic.learning_rate, config.hybrid.learning_rate))
    with _precision(config.precision):
        with distribution.strategy.scope():
            network = decoder.build(encoder.feature_size, model.shape_size, model.texture_size)
            if config.color_features:
                skin_tone.leave_to_expected(network, model)
            # beta_2: in stage 2 the moments of the layers that only it trains begin with zero, while Adam corrects their bias by
            # the steps of both stages. What is remembered for 100 steps, not 1,000, is right after the warm-up.
            optimizer = keras.optimizers.Adam(rates, beta_2=.99)
        training = FaceTraining(network, model, encoder, config.losses, config.hybrid.views, distribution.strategy)
    with distribution.strategy.scope():
        # By XLA where the renderer runs in TensorFlow's own ops; the compiled ones cannot be part of its clusters.
        training.compile(optimizer, jit_compile=bool(backends.accelerators()))
    return training


@contextlib.contextmanager
def _precision(policy):
    """A context in which what Keras builds has a policy of precision, which it then keeps."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def stages(config, store, photo_batches):
    """The two stages (paper, section 3.3): synthetic faces alone, then hybrid batches.

    Args:
      config: TrainingConfig.
      store: SyntheticStore.
      photo_batches: a step of stage 2, from 0 -> the dataset of Encoding [photo_batch, .] that begins with it.

    Returns:
      Two loop.Stage.
    """
    first, last = config.synthetic.steps, config.synthetic.steps + config.hybrid.steps

    def stored(batch, start):
        return store.batches(batch, first // 2, config.synthetic.noise, start)

    def faces(start):
        return stored(config.synthetic.batch, start).map(lambda encoded: {"synthetic": encoded})

    def photos_and_faces(start):
        return hybrid.batches(photo_batches(start - first), stored(config.hybrid.synthetic_batch, start),
                              config.hybrid.drawn_photos, config.hybrid.views, config.seed, start)

    return (loop.Stage("synthetic", 0, first, faces, config.synthetic.batch, "faces"),
            loop.Stage("hybrid", first, last, photos_and_faces, config.hybrid.drawn_photos, "photos"))


def _alone(output, distribution):
    """A context in which no other program trains in a folder; the chief answers for the workers that train with it."""
    if not distribution.chief:
        return contextlib.nullcontext()
    return atomic_files.only_one(output / ".lock", f"{output}: another program is training in this folder")


def _keep_settings(path, distribution, settings, fixed):
    """Keeps the settings of this start; the other workers' must be the chief's."""
    if distribution.chief:
        run_settings.keep(path, settings, fixed)
    distribution.meet()
    if not distribution.chief:
        run_settings.require(path, settings)


def _spread(network, photos, distribution):
    """Ends stage 1: the same in every worker, to the last bit."""
    decoder.spread(network, photos)
    distribution.take_from_chief(network.variables)


def _tell(config, store, training, features, saved):
    """Logs how a run has ended."""
    logging.info("%s", _used(config, store))
    logging.info("standard deviation of the photos' coefficients: shape %.3f, texture %.3f",
                 *training.coefficient_deviations(features))
    if saved.best:
        logging.info("best: step %d, %s: %s", saved.best["step"], validation.told(saved.best),
                     pathlib.Path(config.output, "checkpoints", "best"))
    logging.info("trained: %s; now morph3d-export --run=%s", saved.latest, config.output)


def _used(config, store):
    """A line about the synthetic faces of a run."""
    seen = config.synthetic.steps * config.synthetic.batch + config.hybrid.steps * config.hybrid.synthetic_batch
    rate = f", {store.drawn / store.seconds:.0f} a second" if store.drawn else ""
    return f"synthetic faces: {store.there:,} ({store.drawn:,} drawn now{rate}), seen {seen / max(store.there, 1):.1f} times each"


def photo_batches(config, index, start):
    """The photos of stage 2 from its step `start` on, see dataset.encodings; ValueError where they are too few."""
    return dataset.encodings(index, config.hybrid.photo_batch, config.seed, start, config.mirror)


def _require_usable(config, index, encoder):
    photo_batches(config, index, 0)  # raises where they are too few
    if index.settings["fingerprint"] != encoder.fingerprint:
        raise ValueError(f"{index.folder}: prepared with another encoder, other weights or another choice of --color_features "
                         f"({index.settings['encoder']}) than {config.encoder}; prepare the photos again, into another folder")


def _restored(config, training, photos, store, distribution):
    """The run's Checkpoints, with the decoder and the optimizer as they were last saved, or standardized for a new run."""
    with distribution.strategy.scope():
        saved = checkpoints.Checkpoints(pathlib.Path(config.output, "checkpoints"), training.decoder, training.optimizer,
                                        distribution.chief)
    if distribution.chief:
        if saved.restore() == 0:
            decoder.standardize(training.decoder, photos, store.first(min(STANDARDIZED_BY, store.faces)).features)
        else:
            logging.info("going on from %s", saved.latest)
    distribution.take_from_chief([*training.decoder.variables, *training.optimizer.variables])
    return saved


def _measure(config, model, encoder, held_out):
    unseen = validation.unseen_faces(config.output, model, encoder, config.seed)
    return validation.Measure(model, encoder, unseen, _gallery(held_out))


def _gallery(held_out):
    """The Gallery of the Index of who is held out, and a line about it."""
    if held_out is None:
        logging.info("validation: nobody is held out of training (a tenth of the people would be fewer than %d, or "
                     "--validation_people is), so no decoder is chosen as the best", people.FEWEST)
        return None
    gallery = people.gallery(held_out)
    logging.info("validation: %d people (%d photos) are held out of training, %d of them with a second photo to be known by",
                 len(gallery.others), held_out.records, gallery.pairs)
    return gallery


def _watchers(config, saved, measure, features, photos):
    log = pathlib.Path(config.output, "tensorboard")
    writer = tf.summary.create_file_writer(str(log))
    tensorboard.write_settings(writer, config.flat())
    part_seconds = functools.partial(timing.part_seconds, measure.model, measure.encoder,
                                     config.hybrid.drawn_photos * config.hybrid.views)
    crops, shown = (measure.gallery.crops, measure.gallery.photos) if measure.gallery else dataset.shown(photos, SHOWN)
    return [tensorboard.Scalars(writer, saved, part_seconds),  # first, since its clock runs on while the others work
            *[tensorboard.Trace(log, saved, config.profile_steps)] * (config.profile_steps > 0),
            # Before a checkpoint is saved, so that who is killed in between has this validation yet to come.
            validation.Validation(writer, saved, measure, config.validate_every),
            callbacks.SaveCheckpoints(saved, config.save_every),
            pictures.Pictures(writer, saved, measure.model, measure.encoder, features, crops[:SHOWN], shown.features[:SHOWN],
                              config.save_every)]
