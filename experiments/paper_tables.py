r"""One page with the paper's tables 1 to 3 and figures 3, 5, 6 and 8 to 13, made with whatever data is at hand.

    python -m experiments.paper_tables --model=runs/mine/saved_model --photos=FOLDER --recognizer=saved_model:FOLDER \
      --output=runs/paper

What is missing is named on the page, with where to get it.
"""
import pathlib
import sys
from collections.abc import Callable
from typing import NamedTuple

from absl import flags, logging

from morph3d.cli import program
from morph3d.encoders import registry

FLAGS = flags.FLAGS
PHOTOS = ("photos of several people, a folder each (--photos). The paper's are Labeled Faces in the Wild (--photos=tfds:lfw "
          "downloads it) and MoFA-Test (from the authors of Tewari et al. 2017)")
RECOGNIZER = ("a face recognizer that training never saw (--recognizer). The paper's is VGG-Face, whose weights vgg_face.mat the "
              "Visual Geometry Group in Oxford offers for download (--recognizer=vgg_face says where they belong)")
SCANS = ("scans with photos of the same people (--scans). The paper's are MICC Florence 3D Faces, which the Media Integration and "
         "Communication Center in Florence gives to researchers on request; those of the NoW benchmark's validation set can be had "
         "after registration")
ABLATED = ("networks trained without one of the losses (--ablation=LABEL=FOLDER, again and again): python -m experiments.ablation "
           "trains and measures them, and morph3d-export makes networks of its runs")
STRESSED = ("Made with synthetic people, whose truth is known. For pictures like the paper's give photos (--photo): its own are of "
            "FERET, which NIST gives to researchers on request, and of MICC.")


class Part(NamedTuple):
    """A part of the page."""
    title: str
    make: Callable  # () -> Report
    missing: list[str]  # what has to be there and is not; makes nothing then
    note: str = ""


def define():
    flags.DEFINE_string("model", None, "Folder of a SavedModel that morph3d-export has written.")
    flags.DEFINE_string("output", None, "Folder for the page, index.html.")
    flags.DEFINE_string("photos", None, "Photos of people: a folder with one folder a person, or tfds:lfw.")
    flags.DEFINE_string("pairs", None, "File of the pairs to be verified, like LFW's pairs.txt; by default some are drawn.")
    flags.DEFINE_integer("people", 84, "How many people take part in the likeness protocol.", lower_bound=5)
    flags.DEFINE_string("recognizer", None, f"The judge, a face recognizer that training never saw: {registry.SPECS}.")
    flags.DEFINE_bool("training_recognizer_as_judge", False, "Take the recognizer of training as the judge all the same; the "
                      "figures then say so.")
    flags.DEFINE_string("scans", None, "Folder of scans and photos; see morph3d-evaluate geometry.")
    flags.DEFINE_enum("unit", "mm", ["mm", "cm", "m", "unknown"], "Of the scans.")
    flags.DEFINE_string("synthetic", "embedded", "The morphable model whose random faces stand for scans and go under stress.")
    flags.DEFINE_integer("count", 50, "How many faces of it.", lower_bound=1)
    flags.DEFINE_multi_string("photo", [], "A photo for figures 3, 6 and 8 to 13; may be given several times.")
    flags.DEFINE_multi_string("ablation", [], "LABEL=FOLDER of a network trained without one of the losses, for figure 3.")


def main():
    from morph3d.evaluation import report
    from morph3d.inference import reconstructor
    sections = [(part.title, *made(part)) for part in parts({"ours": reconstructor.load(FLAGS.model)})]
    path = pathlib.Path(FLAGS.output, "index.html")
    report.write_page(path, "The paper's tables and figures", sections)
    print(path)


def parts(reconstructors):
    """The parts of the page, in the paper's order."""
    from morph3d import morphable
    photos = [] if FLAGS.photos else [PHOTOS]
    judge = [] if FLAGS.recognizer else [RECOGNIZER]
    return [
        Part("Figure 3: without one of the losses", lambda: ablation(reconstructors),
             ([] if FLAGS.ablation else [ABLATED]) + ([] if FLAGS.photo else ["photos to show (--photo)"])),
        Part("Table 1: distance to scans", lambda: geometry(reconstructors), [] if FLAGS.scans else [SCANS]),
        Part("Table 1, without scans: distance to the faces of another morphable model",
             lambda: other_model(reconstructors, morphable.load(FLAGS.synthetic)), []),
        Part("Tables 2 and 3, figure 5: likeness", lambda: recognition(reconstructors), photos + judge),
        Part("Figures 6 and 8 to 13: stress", lambda: stress(reconstructors), [], "" if FLAGS.photo else STRESSED)]


def made(part):
    """-> words about a part, as what is missing or went wrong, and its Report or None."""
    if part.missing:
        return "Needs " + "; and ".join(part.missing) + ".", None
    logging.info("%s", part.title)
    try:
        return part.note, part.make()
    except (ValueError, OSError, ImportError) as error:
        logging.warning("%s: %s", part.title, error)
        return f"Could not be made: {error}", None


def ablation(reconstructors):
    """Each photo beside its face by the full model and by those without one of the losses (figure 3)."""
    from morph3d import images
    from morph3d.evaluation import judges, sheets
    from morph3d.evaluation.report import Report
    from morph3d.inference import reconstructor
    networks = {"full model": reconstructors["ours"]}
    for text in FLAGS.ablation:
        label, equals, folder = text.partition("=")
        if not equals:
            raise ValueError(f"--ablation={text}: expected LABEL=FOLDER")
        networks[label] = reconstructor.load(folder)
    rows = []
    for photo in FLAGS.photo:
        try:
            faces = [network.reconstruct(photo) for network in networks.values()]
        except ValueError as error:
            logging.warning("left out: %s", error)
            continue
        drawn = [judges.frontal(network.network, face.vertices[None], face.colors[None], network)[0]
                 for network, face in zip(networks.values(), faces, strict=True)]
        pictures = faces[0].crop, *map(images.to_pixels, drawn)
        rows.append((pathlib.Path(photo).stem, [images.resize(picture, 160) for picture in pictures]))
    if not rows:
        raise ValueError("none of the photos shows a face; give others (--photo)")
    return Report({}, [], {"ablation": sheets.sheet("The losses removed one by one", ["photo", *networks], rows)})


def geometry(reconstructors):
    """Distances to scans (table 1)."""
    from morph3d.evaluation.geometry import measurement, scan_sets, tables
    layout = scan_sets.find(FLAGS.scans)
    found = measurement.measure(reconstructors, scan_sets.subjects(layout, FLAGS.unit), left_out=layout.left_out)
    return tables.report(found, layout.name, FLAGS.unit)


def other_model(reconstructors, model):
    """Distances to the faces of a morphable model."""
    from morph3d.evaluation.geometry import measurement, synthetic_scans, tables
    found = measurement.measure(reconstructors, synthetic_scans.subjects(model, FLAGS.count))
    return tables.report(found, f"{FLAGS.count} faces of {model.name}")


def recognition(reconstructors):
    """Recall of the identity, similarities, verification (tables 2 and 3, figure 5)."""
    from morph3d.evaluation import judges
    from morph3d.evaluation.recognition import measurement, tables
    judge = judges.load(FLAGS.recognizer, reconstructors, FLAGS.training_recognizer_as_judge)
    return tables.report(measurement.measure(reconstructors, FLAGS.photos, judge, FLAGS.people, FLAGS.pairs, pictured=12))


def stress(reconstructors):
    """Series of pictures that get worse, and faces turned (figures 6 and 8 to 13)."""
    from morph3d import morphable
    from morph3d.evaluation import judges
    from morph3d.evaluation.stress import measurement, picture_series, scene_series, tables
    people = (picture_series.photographed(FLAGS.photo) if FLAGS.photo else
              scene_series.SyntheticPeople(morphable.load(FLAGS.synthetic), FLAGS.count, 0))
    judge = judges.load(FLAGS.recognizer, reconstructors, FLAGS.training_recognizer_as_judge) if FLAGS.recognizer else None
    return tables.report(measurement.measure(reconstructors, people, recognizer=judge))


def run():
    program.run(sys.modules[__name__], ["model", "output"])


if __name__ == "__main__":
    run()
