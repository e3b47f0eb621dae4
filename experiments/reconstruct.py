"""Turns a photo into a 3D face: OBJ, PLY and GLB with colour, and a picture of it beside the photo.

    morph3d-reconstruct --model=runs/first/saved_model --photo=me.jpg --output=faces
"""
import pathlib

from absl import app, flags

from experiments import errors
from morph3d.inference import export, reconstruct

FLAGS = flags.FLAGS
flags.DEFINE_string("model", None, "Folder of a SavedModel that morph3d-export has written.")
flags.DEFINE_multi_string("photo", None, "The photo; may be given several times.")
flags.DEFINE_string("output", "faces", "Folder for the files, which are named after the photo.")


def main(_):
    reconstructor = export.load(FLAGS.model)
    for photo in FLAGS.photo:
        face = reconstruct.reconstruct(reconstructor, photo)
        for path in reconstruct.write(face, FLAGS.output, pathlib.Path(photo).stem):
            print(path)


def run():
    flags.mark_flags_as_required(["model", "photo"])
    app.run(errors.in_one_line(main))


if __name__ == "__main__":
    run()
