"""Turns photos into 3D faces: files for viewers and for other programs, and a page to turn and move them in.

    morph3d-reconstruct me.jpg
    morph3d-reconstruct holidays "scans/*.png" film.mp4 --output=faces --formats=glb,obj
    find . -name "*.jpg" | morph3d-reconstruct -

What stands beside the flags are photos, videos, folders of them with the folders in these, patterns, or - for a list of paths on
standard input, a line each. A video gives one face, that of its frames together.
"""
import dataclasses
import pathlib
import sys
import time

from absl import flags, logging

from morph3d.cli import program

FLAGS = flags.FLAGS
PAGE = "html"
FORMATS = "glb", "obj", "ply", "npz", "json", "png", PAGE
SHOWN = 100  # faces on the page; of more a browser takes long to show the first


def define():
    flags.DEFINE_string("model", "shipped", "Folder of a SavedModel that morph3d-export has written, or 'shipped', the network "
                        "that comes with the project.")
    flags.DEFINE_string("output", "faces", "Folder for the files, which are named after the photos.")
    flags.DEFINE_list("formats", ["glb", "png", PAGE], "glb: for viewers, engines and Blender, with texture and blendshapes; obj: "
                      "with texture; ply: with vertex colors; npz, json: coefficients, landmarks and more; png: a picture beside "
                      "the photo; html: a page of all faces, index.html.")
    flags.DEFINE_enum("faces", "main", ["main", "all"], "Of each photo the main face, the largest near the middle; or all, "
                      "numbered from left to right.")
    flags.DEFINE_bool("average", False, "Make one face of all photos and videos, which show one person.")
    flags.DEFINE_bool("expected", False, "Make the expected faces: nearer in millimeters, less like the person.")
    flags.DEFINE_bool("blendshapes", True, "Put the blendshapes into the GLB, to animate it by; they are three quarters of it.")


def main(arguments):
    unknown = set(FLAGS.formats) - set(FORMATS)
    if unknown:
        raise ValueError(f"--formats: found {', '.join(sorted(unknown))}, expected some of {', '.join(FORMATS)}")
    from morph3d.inference import inputs, many, reconstructor
    wanted = _found(*inputs.find(arguments, sys.stdin), arguments)
    loaded = reconstructor.load(FLAGS.model).reading(expected=FLAGS.expected)
    if FLAGS.average:
        made, total = [("average", many.average(loaded, wanted))], 1
    else:
        made, total = ((each.name, result) for each, result in many.reconstruct(loaded, wanted, FLAGS.faces == "all")), len(wanted)
    with program.writing_to(FLAGS.output):
        _Output(pathlib.Path(FLAGS.output)).take(made, total)


def _found(wanted, rejects, arguments):
    """What is to be reconstructed; tells what was met beside it."""
    from morph3d.photos import decoding
    if rejects:
        named = "; ".join(f"{decoding.printable(path)}: {reason}" for path, reason in rejects[:3])
        logging.info("left out %d files: %s%s", len(rejects), named, " ..." * (len(rejects) > 3))
    if not wanted:
        raise ValueError(f"{', '.join(map(decoding.printable, arguments))}: found no photo and no video")
    return wanted


class _Output:
    """The folder of the files, and what has been written there."""

    def __init__(self, folder):
        self._folder, self._formats = folder, [form for form in FLAGS.formats if form != PAGE]
        self._shown, self._faces = {}, 0

    def take(self, made, total):
        """Writes the faces of (name, many.Made) as they come, then the page.

        Raises:
          ValueError: some have none; of a single one its error.
        """
        import tqdm
        start, failed = time.monotonic(), 0
        with tqdm.tqdm(total=total, unit=" photos", dynamic_ncols=True, disable=total == 1) as bar:
            for name, result in made:
                if result.error and total == 1:
                    raise result.error
                failed += bool(result.error)
                with bar.external_write_mode():
                    self._write(name, result)
                bar.update()
        if PAGE in FLAGS.formats and self._shown:
            self._write_page()
        if total > 1:
            logging.info("%d faces of %d photos in %.1f s", self._faces, total - failed, time.monotonic() - start)
        if failed:
            raise ValueError(f"{failed} of {total} photos gave no face, see above")

    def _write(self, name, result):
        for note in result.notes:
            logging.info("%s: %s", name, note)
        if result.error:
            logging.error("%s", program.in_one_line(result.error))
        numbers = [f"_{number + 1}" for number in range(len(result.faces))] if len(result.faces) > 1 else [""]
        for face, number in zip(result.faces, numbers):
            self._write_face(face, name + number)

    def _write_face(self, face, wanted):
        from morph3d.inference import face_files
        name = face_files.free_name(self._folder, wanted, self._formats)
        if name != wanted:
            logging.info("%s: a file of that name is there already and was not written by morph3d; this face is %s", wanted, name)
        saved = face if FLAGS.blendshapes else dataclasses.replace(face, blendshapes={})
        paths = face_files.save_all(saved, self._folder, name, self._formats)
        _tell(*paths)
        self._faces += 1
        if len(self._shown) < SHOWN:
            self._shown[name] = face, {path.name: path.relative_to(self._folder).as_posix() for path in paths}

    def _write_page(self):
        from morph3d import atomic_files
        from morph3d.inference import face_files, names, viewer
        name = names.unused("index", lambda each: not face_files.is_ours(self._folder / f"{each}.html"))
        path = self._folder / f"{name}.html"
        with atomic_files.replacing(path) as beside:
            beside.write_text(viewer.page(self._shown), "utf-8")
        if self._faces > SHOWN:
            logging.info("%s: shows the first %d of %d faces", path, SHOWN, self._faces)
        _tell(path)


def _tell(*paths):
    from morph3d.photos import decoding
    program.tell(*map(decoding.printable, paths))


def run():
    program.run(sys.modules[__name__], inputs="photos, videos or folders of them")


if __name__ == "__main__":
    run()
