"""Turns a photo into a 3D face: GLB and PLY with vertex colors, OBJ with a texture, and a picture of it beside the photo.

    morph3d-reconstruct --model=runs/first/saved_model --photo=me.jpg --output=faces
"""
import pathlib
import sys

from absl import flags

from morph3d.cli import program
from morph3d.inference import export, faces

FLAGS = flags.FLAGS
flags.DEFINE_string("model", None, "Folder of a SavedModel that morph3d-export has written.")
flags.DEFINE_multi_string("photo", None, "The photo; may be given several times.")
flags.DEFINE_string("output", "faces", "Folder for the files, which are named after the photo.")


def main():
    names = [pathlib.Path(photo).stem for photo in FLAGS.photo]
    if len(set(names)) < len(names):
        raise ValueError(f"--photo: two photos of one name among {', '.join(names)}; their files would replace each other: "
                         f"give them in separate calls with separate --output")
    reconstructor = export.load(FLAGS.model)
    for photo, name in zip(FLAGS.photo, names):
        for path in faces.write(faces.reconstruct(reconstructor, photo), FLAGS.output, name):
            print(path)


def run():
    program.run(main, sys.modules[__name__], ["model", "photo"])


if __name__ == "__main__":
    run()
