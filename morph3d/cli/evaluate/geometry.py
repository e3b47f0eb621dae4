"""Measures geometry: how far are faces reconstructed from photos from 3D scans of the same people?

    morph3d-evaluate geometry --model=FOLDER --scans=FOLDER
    morph3d-evaluate geometry --model=FOLDER --synthetic=embedded --count=50

A folder of scans has the layout of MICC Florence or of NoW, or a folder for each person with one scan (.obj, .ply, .vtk, .wrl) and
photos or videos; folders in that are conditions, which count apart. Landmarks lie beside a scan, as NAME_landmarks.csv, .txt, .npy
or .pp; without any they are detected.
"""
import sys

from absl import flags

from morph3d.cli import evaluate, program

FLAGS = flags.FLAGS
PROTOCOLS = ["micc", "deng", "now", "regions"]


def define():
    evaluate.define()
    flags.adopt_module_key_flags(evaluate)
    flags.DEFINE_string("scans", None, "Folder of scans and photos.")
    flags.DEFINE_string("synthetic", None, "A morphable model in place of scans, see morph3d-train: its random faces, neutral, are "
                                           "the scans, and pictures of them with expressions the photos.")
    flags.mark_flags_as_mutual_exclusive(["scans", "synthetic"], required=True)
    flags.DEFINE_multi_enum("protocol", PROTOCOLS[:3], PROTOCOLS, "How distances are measured: micc, as the paper; deng, a variant "
                            "of it; now; regions, after REALY.")
    flags.DEFINE_enum("unit", "mm", ["mm", "cm", "m", "unknown"],
                      "Of the scans; unknown: each is brought to the size of an average face.")
    flags.DEFINE_integer("frames", 20, "The most photos, and the most frames of videos, of one person in one condition.",
                         lower_bound=1)
    flags.DEFINE_integer("count", 200, "The number of synthetic people.", lower_bound=1)
    flags.DEFINE_integer("seed", 0, "Other synthetic people for another number.")
    flags.DEFINE_bool("best_fit", True, "Compare the best fits of each model's own modes too; they take longer than all else.")
    flags.DEFINE_integer("pictured", 6, "Of how many people --output gets error maps, PLY and PNG, beside the best and the worst.",
                         lower_bound=1)


def main():
    from morph3d.evaluation.geometry import error_maps, measurement, tables
    dataset, subjects, left_out = _subjects()
    pictured = FLAGS.pictured if FLAGS.output else 0
    found = measurement.measure(evaluate.reconstructors(bool(FLAGS.synthetic)), subjects, FLAGS.protocol, pictured, left_out,
                                FLAGS.best_fit)
    evaluate.finish(tables.report(found, dataset, FLAGS.unit if FLAGS.scans else "mm"), FLAGS.output)
    for shown in found.shown if FLAGS.output else ():
        for path in error_maps.write(shown, FLAGS.output, f"{shown.scan.name}_{shown.measured.error:.2f}_mm"):
            print(path)


def _subjects():
    """-> what the people are called in tables, their Subjects, and who was left out already."""
    if FLAGS.synthetic:
        from morph3d import morphable
        from morph3d.evaluation.geometry import synthetic_scans
        model = morphable.load(FLAGS.synthetic)
        return f"{FLAGS.count} faces of {model.name}", synthetic_scans.subjects(model, FLAGS.count, FLAGS.seed), ()
    from morph3d.evaluation.geometry import scan_sets
    layout = scan_sets.find(FLAGS.scans)
    return layout.name, scan_sets.subjects(layout, FLAGS.unit, FLAGS.frames), layout.left_out


def run():
    program.run(sys.modules[__name__], ["model"])


if __name__ == "__main__":
    run()
