"""Turns photos into 3D faces: GLB and PLY with vertex colors, OBJ with a texture, and a picture of each beside its photo.

    morph3d-reconstruct --photo=me.jpg --output=faces
"""
import pathlib
import sys

from absl import flags, logging

from morph3d.cli import program

FLAGS = flags.FLAGS


def define():
    flags.DEFINE_string("model", "shipped", "Folder of a SavedModel that morph3d-export has written, or 'shipped', the network "
                        "that comes with the project.")
    flags.DEFINE_multi_string("photo", None, "The photo; may be given several times.")
    flags.DEFINE_bool("expected", False, "Make the expected faces: nearer in millimeters, less like the person.")
    flags.DEFINE_string("output", "faces", "Folder for the files, which are named after the photo.")


def main():
    from morph3d.inference import reconstructor
    names = [pathlib.Path(photo).stem for photo in FLAGS.photo]
    if len(set(names)) < len(names):
        raise ValueError(f"--photo: two photos of one name among {', '.join(names)}; their files would replace each other: "
                         f"give them in separate calls with separate --output")
    loaded, failed = reconstructor.load(FLAGS.model).reading(expected=FLAGS.expected), 0
    for photo, name in zip(FLAGS.photo, names):
        failed += not _reconstruct(loaded, photo, name)
    if failed:
        raise ValueError(f"{failed} of {len(names)} photos gave no face, see above")


def _reconstruct(reconstructor, photo, name):
    """Writes the files of one photo and prints their paths; whether that was possible."""
    from morph3d.inference import faces
    from morph3d.photos import decoding
    try:
        paths = faces.write_all(reconstructor.reconstruct(photo), FLAGS.output, name)
    except (ValueError, OSError) as error:
        if len(FLAGS.photo) == 1:
            raise
        logging.error("%s", program.in_one_line(error))
        return False
    print(*map(decoding.printable, paths), sep="\n", flush=True)
    return True


def run():
    program.run(sys.modules[__name__], ["photo"])


if __name__ == "__main__":
    run()
