"""The demonstration that `make demo` runs: from nothing to a face on the screen.

Makes a face of a real photograph, the astronaut Eileen Collins from scikit-image, by the network that comes with the project. Then
shows how such a network is trained: makes unlabeled "photographs" (pictures of random faces of the embedded model with expressions,
occlusions, noise and backgrounds), trains on them for a few minutes without ever seeing their truth, measures the reconstructions
against that truth, and reconstructs the astronaut again.
"""
import dataclasses
import pathlib
import sys

from absl import flags

from morph3d.cli import program
from morph3d.training.config import TrainingConfig

FLAGS = flags.FLAGS


def define():
    config = TrainingConfig.demo("", "")
    flags.DEFINE_string("output", "runs/demo", "Folder for everything the demonstration makes.")
    flags.DEFINE_string("morphable_model", config.morphable_model, "The model whose faces are photographed; see morph3d-train.")
    flags.DEFINE_integer("training_photos", 240, "Pictures to train on.", lower_bound=100)
    flags.DEFINE_integer("test_photos", 40, "Pictures to measure on.", lower_bound=1)
    flags.DEFINE_integer("synthetic_steps", config.synthetic.steps, "Steps of stage 1.", lower_bound=1)
    flags.DEFINE_integer("hybrid_steps", config.hybrid.steps, "Steps of stage 2.", lower_bound=1)


def main():
    from morph3d import morphable
    from morph3d.data import fake_photographs
    from morph3d.inference import reconstructor as reconstructors
    from morph3d.training.train import train
    output = pathlib.Path(FLAGS.output)
    show("The network that comes with the project", reconstructors.load(), output, "astronaut_shipped")
    model = morphable.load(FLAGS.morphable_model)
    fake_photographs.write(output / "photos" / "train", model, FLAGS.training_photos, [1, 0])
    truth = fake_photographs.write(output / "photos" / "test", model, FLAGS.test_photos, [2, 0])
    run = train(config(output))
    for stage in "synthetic", "hybrid":
        reconstructor = run.reconstructor(output / "checkpoints" / stage)
        report(model, stage, reconstructor, output / "photos" / "test", truth)
    reconstructor.save(output / "saved_model")
    show("The network trained now", reconstructor, output, "astronaut")
    print(f"Training  .venv/bin/tensorboard --logdir={output / 'tensorboard'}\n"
          f"Your own  .venv/bin/morph3d-reconstruct me.jpg")


def config(output):
    """The demonstration's TrainingConfig."""
    demo = TrainingConfig.demo(output / "photos" / "train", output, morphable_model=FLAGS.morphable_model)
    return dataclasses.replace(demo, synthetic=dataclasses.replace(demo.synthetic, steps=FLAGS.synthetic_steps),
                               hybrid=dataclasses.replace(demo.hybrid, steps=FLAGS.hybrid_steps))


def report(model, stage, reconstructor, folder, truth):
    """Prints the mean distance of the vertices of expected faces from the true ones, and that of the mean face."""
    import numpy as np
    expected, errors_mm, mean_errors_mm = reconstructor.reading(expected=True), [], []
    for path, true in zip(sorted(folder.iterdir()), truth):
        try:
            face = expected.reconstruct(path)
        except ValueError:
            continue
        errors_mm.append(np.linalg.norm(face.vertices - true, axis=-1).mean())
        mean_errors_mm.append(np.linalg.norm(model.mean_vertices - true, axis=-1).mean())
    print(f"\nAfter the {stage} stage, {len(errors_mm)} unseen faces, mean vertex error: {np.mean(errors_mm):.2f} mm; "
          f"of the mean face: {np.mean(mean_errors_mm):.2f} mm", flush=True)


def show(whose, reconstructor, output, name):
    """Reconstructs the astronaut and says what to look at."""
    import skimage.data

    from morph3d.inference import face_files
    face = reconstructor.reconstruct(skimage.data.astronaut())
    glb, views = face_files.save_all(face, output / "faces", name, ["glb", "png"])
    print(f"\n{whose} has made a face of the astronaut Eileen Collins:\n"
          f"Look at   {views}\n"
          f"3D file   {glb} (opens in Blender and any glTF viewer)", flush=True)


def run():
    program.run(sys.modules[__name__])


if __name__ == "__main__":
    run()
