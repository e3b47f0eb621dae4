"""From nothing to a face on the screen: what `make demo` runs.

Makes unlabeled "photographs" (pictures of random faces of the embedded model with expressions, occlusions, noise and
backgrounds), trains on them for a few minutes without ever seeing their truth, measures the reconstructions against that truth, and
reconstructs a real photograph, the astronaut Eileen Collins from scikit-image.
"""
import pathlib
import subprocess
import sys

import numpy as np
import skimage.data
from absl import flags

from morph3d import morphable
from morph3d.cli import program
from morph3d.data import fake_photographs
from morph3d.inference import export, faces

FLAGS = flags.FLAGS
flags.DEFINE_string("output", "runs/demo", "Folder for everything the demonstration makes.")
flags.DEFINE_integer("training_photos", 240, "Pictures to train on.", lower_bound=100)
flags.DEFINE_integer("test_photos", 40, "Pictures to measure on.", lower_bound=1)
flags.DEFINE_integer("synthetic_steps", 1000, "Steps of stage 1.", lower_bound=1)
flags.DEFINE_integer("hybrid_steps", 200, "Steps of stage 2.", lower_bound=1)

# Minutes are too short for the settings of half an hour: the first steps of stage 2 would shake the decoder more than the rest
# mends, and coefficients that the pictures hardly show would be driven to unit variance before they mean anything.
GENTLE = ("--hybrid_learning_rate=1e-4", "--parameter_weight=.03", "--identity_weight=5", "--batch_weight=7e-4")


def main():
    output = pathlib.Path(FLAGS.output)
    model = morphable.load("embedded")
    fake_photographs.write(output / "photos" / "train", model, FLAGS.training_photos, [1, 0])
    truth = fake_photographs.write(output / "photos" / "test", model, FLAGS.test_photos, [2, 0])
    call("train", f"--photos={output / 'photos' / 'train'}", f"--output={output}",
         f"--synthetic_steps={FLAGS.synthetic_steps}", f"--hybrid_steps={FLAGS.hybrid_steps}", "--save_every=50", *GENTLE)
    for stage in "synthetic", "hybrid":
        call("export", f"--run={output}", f"--checkpoint={output / 'checkpoints' / stage}", f"--output={output / stage}")
        report(model, stage, output / stage, output / "photos" / "test", truth)
    portrait = output / "astronaut.png"
    faces.write_picture(portrait, skimage.data.astronaut())
    call("reconstruct", f"--model={output / 'hybrid'}", f"--photo={portrait}", f"--output={output / 'faces'}")
    print(f"\nLook at   {output / 'faces' / 'astronaut_views.png'}\n"
          f"3D file   {output / 'faces' / 'astronaut.glb'} (opens in Blender and any glTF viewer; astronaut.obj has a texture)\n"
          f"Training  .venv/bin/tensorboard --logdir={output / 'tensorboard'}")


def report(model, stage, saved_model, folder, truth):
    """Prints the mean distance of reconstructed and true vertices, and that of the mean face from the truth."""
    reconstructor = export.load(saved_model)
    errors_mm, mean_errors_mm = [], []
    for path, true in zip(sorted(folder.iterdir()), truth):
        try:
            face = faces.reconstruct(reconstructor, path)
        except ValueError:
            continue
        errors_mm.append(distance(face.vertices, true))
        mean_errors_mm.append(distance(model.mean_vertices, true))
    print(f"\nAfter the {stage} stage, {len(errors_mm)} unseen faces, mean vertex error: {np.mean(errors_mm):.2f} mm; "
          f"of the mean face: {np.mean(mean_errors_mm):.2f} mm")


def distance(a, b):
    return np.linalg.norm(a - b, axis=-1).mean()


def call(name, *arguments):
    """Runs one of the project's programs as a user would."""
    print(f"\n$ morph3d-{name} {' '.join(arguments)}", flush=True)
    if subprocess.run([sys.executable, "-m", "morph3d", name, *arguments]).returncode:
        raise ValueError(f"morph3d-{name} failed, see above")


def run():
    program.run(main, sys.modules[__name__], [])


if __name__ == "__main__":
    run()
