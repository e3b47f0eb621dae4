"""Measures fits of faces to their photos, as morph3d-fit makes them, on one of these:

    morph3d-evaluate fitting --model=FOLDER --synthetic=embedded
    morph3d-evaluate fitting --model=FOLDER --photos=FOLDER --recognizer=saved_model:FOLDER
    morph3d-evaluate fitting --model=FOLDER --identity --scans=FOLDER
    morph3d-evaluate fitting --model=FOLDER --identity --scans_of=MORPHABLE_MODEL
    morph3d-evaluate fitting --model=FOLDER --identity --textured_scan=FILE
    morph3d-evaluate fitting --model=FOLDER --covered=FOLDER

Pictures of random faces of the network's own morphable model, of which all is known; photos; scans of people and photos of them,
as morph3d-evaluate geometry takes them; random faces of another morphable model in place of scans; a scan with a texture, of which
five pictures are drawn; photos whose faces are covered as morph3d-evaluate stress covers them.
"""
import sys

from absl import flags

from morph3d.cli import evaluate, program
from morph3d.encoders import registry

FLAGS = flags.FLAGS
SUBJECTS = ["synthetic", "photos", "scans", "scans_of", "textured_scan", "covered"]


def define():
    flags.DEFINE_string("model", "shipped", "Folder of a SavedModel that morph3d-export has written, or 'shipped', the network "
                        "that comes with the project.")
    flags.DEFINE_string("synthetic", None, "The network's own morphable model, by name or path.")
    flags.DEFINE_string("photos", None, "Photos, as morph3d-train takes them.")
    flags.DEFINE_string("scans", None, "Folder of scans and photos.")
    flags.DEFINE_string("scans_of", None, "Another morphable model, by name or path.")
    flags.DEFINE_string("textured_scan", None, "A scan with a texture, such as an OBJ with its MTL and its picture.")
    flags.DEFINE_string("covered", None, "Photos, one of each person.")
    flags.mark_flags_as_mutual_exclusive(SUBJECTS, required=True)
    flags.DEFINE_bool("identity", False, "Fit the neutral face's shape too.")
    flags.DEFINE_bool("photometric", True, "Fit to the pixels, not to landmarks alone.")
    flags.DEFINE_bool("neutral", False, "With --scans_of: the faces make no expression in their pictures.")
    flags.DEFINE_string("recognizer", None, f"With --photos: the judge of likeness: {registry.SPECS}.")
    flags.DEFINE_enum("unit", "mm", ["mm", "cm", "m", "unknown"], "Of the scans.")
    flags.DEFINE_bool("flipped", False, "The rows of the scan's picture count from the other end than its texture coordinates.")
    flags.DEFINE_integer("count", 200, "How many random faces, or photos at most.", lower_bound=1)
    flags.DEFINE_integer("seed", 0, "Other random faces for another number.")
    flags.DEFINE_string("json", None, "File for the figures.")
    flags.DEFINE_string("output", None, "With --textured_scan: folder for a picture of the views.")


def main():
    from morph3d.data import sources
    from morph3d.evaluation import judges
    from morph3d.evaluation.fitting import geometry, photos, synthetic, tables
    from morph3d.fitting.fitter import Fitter
    from morph3d.inference import reconstructor
    loaded = reconstructor.load(FLAGS.model)
    fitter = Fitter(loaded, FLAGS.identity, FLAGS.photometric, people=not FLAGS.synthetic)
    if FLAGS.synthetic:
        from morph3d import morphable
        found = tables.of_synthetic(*synthetic.measure(fitter, morphable.load(FLAGS.synthetic), FLAGS.count, FLAGS.seed))
    elif FLAGS.photos:
        judge = judges.load(FLAGS.recognizer, {FLAGS.model: loaded}) if FLAGS.recognizer else None
        found = tables.of_photos(*photos.measure(fitter, sources.find(FLAGS.photos).photos[:FLAGS.count], judge))
    elif FLAGS.textured_scan:
        from morph3d.evaluation.fitting import textured_scan
        from morph3d.evaluation.geometry import textured_scans
        scan = textured_scans.read(FLAGS.textured_scan, FLAGS.unit, FLAGS.flipped)
        found = tables.of_textured_scan(*textured_scan.measure(fitter, loaded.reading(expected=True), scan))
    elif FLAGS.covered:
        from morph3d.evaluation.fitting import covers
        from morph3d.evaluation.stress import picture_series
        paths = [photo.location for photo in sources.find(FLAGS.covered).photos[:FLAGS.count]]
        found = tables.of_covers(*covers.measure(fitter, picture_series.photographed(paths)))
    else:
        reader = loaded.reading(renderings=bool(FLAGS.scans_of), expected=True)
        found = tables.of_geometry(*geometry.measure(fitter, reader, _subjects()))
    evaluate.finish(found, FLAGS.output)


def _subjects():
    from morph3d import morphable
    from morph3d.evaluation.geometry import scan_sets, synthetic_scans
    if FLAGS.scans_of:
        return synthetic_scans.subjects(morphable.load(FLAGS.scans_of), FLAGS.count, FLAGS.seed, neutral=FLAGS.neutral)
    return scan_sets.subjects(scan_sets.find(FLAGS.scans), FLAGS.unit)


def run():
    program.run(sys.modules[__name__])


if __name__ == "__main__":
    run()
