"""Fits faces to their photos: pose, expression, light and skin tone, so that each lies over its photo; files and a page as
morph3d-reconstruct writes them, of which this is the flag --fit.

    morph3d-fit me.jpg
    morph3d-fit holidays --identity --output=faces
    morph3d-fit me.jpg --landmarks=annotated

What stands beside the flags is what morph3d-reconstruct takes.
"""
import sys

from absl import flags

from morph3d.cli import program, reconstruct

FLAGS = flags.FLAGS


def define():
    reconstruct.define()
    flags.adopt_module_key_flags(reconstruct)
    FLAGS.set_default("fit", True)


main = reconstruct.main


def run():
    program.run(sys.modules[__name__], inputs="photos, videos or folders of them")


if __name__ == "__main__":
    run()
