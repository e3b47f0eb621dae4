"""Turns photos into 3D faces: files for viewers and for other programs, and a page to turn and move them in.

    morph3d-reconstruct me.jpg
    morph3d-reconstruct holidays "scans/*.png" film.mp4 --output=faces --formats=glb,obj
    find . -name "*.jpg" | morph3d-reconstruct -

What stands beside the flags are photos, videos, folders of them with the folders in these, patterns, or - for a list of paths on
standard input, a line each. A video gives one face, that of its frames together; with --fit one that moves as it does in the video.
"""
import sys
import time

from absl import flags, logging

from morph3d.cli import program

FLAGS = flags.FLAGS
PAGE = "html"
FORMATS = "glb", "obj", "ply", "npz", "json", "png", "csv", PAGE


def define():
    flags.DEFINE_string("model", "shipped", "Folder of a SavedModel that morph3d-export has written, or 'shipped', the network "
                        "that comes with the project.")
    flags.DEFINE_string("output", "faces", "Folder for the files, which are named after the photos.")
    flags.DEFINE_list("formats", ["glb", "png", "csv", PAGE], "glb: for viewers, engines, Blender, with texture and blendshapes; "
                      "obj: with texture; ply: with vertex colors; npz, json: coefficients, landmarks and more; png: a picture "
                      "beside the photo; csv: of a video, with --fit, pose and weights of blendshapes in each frame, which its GLB "
                      "plays; html: a page of all faces, of a hundred at most, index.html.")
    flags.DEFINE_enum("faces", "main", ["main", "all"], "Of each photo the main face, the largest near the middle; or all, "
                      "numbered from left to right.")
    flags.DEFINE_bool("average", False, "Make one face of all photos and videos, which show one person; not with --fit.")
    flags.DEFINE_bool("expected", False, "Make the expected faces: nearer in millimeters, less like the person.")
    flags.DEFINE_bool("fit", False, "Fit each face to its photo: pose, expression, light and skin tone, as morph3d-fit does.")
    flags.DEFINE_bool("identity", False, "With --fit: fit the neutral face's shape too, by the proportions that the photo shows.")
    flags.DEFINE_bool("photometric", True, "With --fit: fit to the photo's pixels, not to its landmarks alone; slower, and nearer.")
    flags.DEFINE_string("landmarks", None, "With --fit: a folder with the 68 landmarks of each photo, me.pts or me.json for "
                        "me.jpg; without it they are detected.")
    flags.DEFINE_enum("texture", "photo", ["photo", "model"], "With --fit: the texture is made of the photo's own pixels where it "
                      "shows the skin, without its light; or of the morphable model alone.")
    flags.DEFINE_enum("texture_size", "2048", ["1024", "2048"], "With --texture=photo: side of the texture, texels.")
    flags.DEFINE_bool("gradient_descent", False, "With --fit: bring landmarks to their places by gradient descent, as the paper's "
                      "appendix does, not by Gauss-Newton steps; slower, and no nearer.")
    flags.DEFINE_bool("blendshapes", True, "Put the blendshapes into the GLB, to animate it by; they are four fifths of it.")


def main(arguments):
    unknown = set(FLAGS.formats) - set(FORMATS)
    if unknown:
        raise ValueError(f"--formats: found {', '.join(sorted(unknown))}, expected some of {', '.join(FORMATS)}")
    if FLAGS.average and FLAGS.fit:
        raise ValueError("--average: found a fit asked for too, expected one of the two, for the face of several photos lies over "
                         "none of them; leave --average out, or call morph3d-reconstruct without --fit")
    from morph3d.inference import inputs, many, reconstructor
    wanted = _found(*inputs.find(arguments, sys.stdin), arguments)
    loaded = reconstructor.load(FLAGS.model).reading(expected=FLAGS.expected or FLAGS.fit)
    if FLAGS.average:
        made, total = [("average", many.average(loaded, wanted))], 1
    else:
        found = many.reconstruct(loaded, wanted, FLAGS.faces == "all", _fit(loaded) if FLAGS.fit else None)
        made, total = ((each.name, result) for each, result in found), len(wanted)
    with program.writing_to(FLAGS.output):
        _write(made, total, loaded.uvs)


def _fit(loaded):
    """What fits the faces of a Reconstructor to their photos, for many.reconstruct."""
    from morph3d.fitting import video_track
    from morph3d.fitting.fitter import Fitter
    from morph3d.photos import landmark_files
    fitter = Fitter(loaded, FLAGS.identity, FLAGS.photometric, int(FLAGS.texture_size) * (FLAGS.texture == "photo"),
                    FLAGS.gradient_descent)

    def fit(each, photo, face):
        if each.is_video:
            return video_track.follow(fitter, each.path, face)
        return fitter.fit(photo, face, landmark_files.of(each.path, FLAGS.landmarks) if FLAGS.landmarks else None), []

    return fit


def _found(wanted, rejects, arguments):
    """What is to be reconstructed; tells what was met beside it."""
    from morph3d.photos import decoding
    if rejects:
        named = "; ".join(f"{decoding.printable(path)}: {reason}" for path, reason in rejects[:3])
        logging.info("left out %d files: %s%s", len(rejects), named, " ..." * (len(rejects) > 3))
    if not wanted:
        raise ValueError(f"{', '.join(map(decoding.printable, arguments))}: found no photo and no video")
    return wanted


def _write(made, total, uvs):
    """Writes the faces of (name, many.Made) as they come, then the page.

    Raises:
      ValueError: some have none; of a single one its error.
    """
    import tqdm

    from morph3d.inference import face_folder
    start, failed = time.monotonic(), 0
    formats = [form for form in FLAGS.formats if form != PAGE]
    with tqdm.tqdm(total=total, unit=" photos", dynamic_ncols=True, disable=total == 1) as bar, \
         face_folder.FaceFolder(FLAGS.output, formats, PAGE in FLAGS.formats, FLAGS.blendshapes, uvs, _tell) as folder:
        for name, result in made:
            if result.error and total == 1:
                raise result.error
            failed += bool(result.error)
            with bar.external_write_mode():
                _put(folder, name, result)
            bar.update()
    if total > 1:
        logging.info("%d faces of %d photos in %.1f s", folder.count, total - failed, time.monotonic() - start)
    if failed:
        raise ValueError(f"{failed} of {total} photos gave no face, see above")


def _put(folder, name, result):
    for note in result.notes:
        logging.info("%s: %s", name, note)
    if result.error:
        logging.error("%s", program.in_one_line(result.error))
    numbers = [f"_{number + 1}" for number in range(len(result.faces))] if len(result.faces) > 1 else [""]
    for face, number in zip(result.faces, numbers):
        folder.put(name + number, face)


def _tell(paths):
    from morph3d.photos import decoding
    if paths:
        program.tell(*map(decoding.printable, paths))


def run():
    program.run(sys.modules[__name__], inputs="photos, videos or folders of them")


if __name__ == "__main__":
    run()
