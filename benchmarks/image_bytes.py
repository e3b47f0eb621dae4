"""Does the signature reconstruct_image_bytes see what the programs see? Crops and faces of photos by both ways.

    python -m benchmarks.image_bytes --photos=FOLDER

Both ways have the same five points, so that only decoding and alignment differ.
"""
import pathlib

import numpy as np
import tensorflow as tf
from absl import app, flags

from morph3d import images
from morph3d.inference import reconstructor
from morph3d.photos import crops, decoding, face_detection, graph_crops

_PHOTOS = flags.DEFINE_string("photos", None, "Folder with photos, in folders or not.", required=True)
_MODEL = flags.DEFINE_string("model", "shipped", "The network, as morph3d-reconstruct takes it.")
_COUNT = flags.DEFINE_integer("count", 84, "How many photos, evenly spread over the folder.")
AT_A_TIME = 16  # photos


def compare(loaded, paths):
    """{name: [N] differences} of photos with a face: pixels in levels of 255, root mean squares of coefficients, mm and colors."""
    crop_all = tf.function(lambda contents, points: graph_crops.crop_all(contents, points, loaded),
                           [tf.TensorSpec([None], tf.string), tf.TensorSpec([None, 5, 2])])
    found = {}
    for first in range(0, len(paths), AT_A_TIME):
        contents = [path.read_bytes() for path in paths[first:first + AT_A_TIME]]
        photos = [decoding.decode(content) for content in contents]
        points = face_detection.detect_all(photos)
        seen = [face for face in zip(contents, photos, points) if face[2] is not None]
        contents, photos, points = zip(*seen)
        pair = np.stack([crops.crop(*face, loaded) for face in zip(photos, points)]), crop_all(contents, np.float32(points)).numpy()
        faces = [loaded.network.reconstruct(images.to_float(each)) for each in pair]
        pixels = np.abs(np.subtract(*map(np.float32, pair)))
        figures = {"pixels, mean": pixels.mean((1, 2, 3)), "pixels, largest": pixels.max((1, 2, 3))}
        for name in "shape", "texture", "vertices", "colors":
            difference = np.reshape(faces[1][name] - faces[0][name], [len(seen), -1, 3 if name == "vertices" else 1])
            figures[name] = np.sqrt((difference**2).sum(2).mean(1))
        for name, values in figures.items():
            found.setdefault(name, []).extend(values)
    return found


def main(_):
    paths = sorted(path for path in pathlib.Path(_PHOTOS.value).rglob("*") if path.suffix.lower() in decoding.SUFFIXES)
    chosen = np.linspace(0, len(paths) - 1, min(_COUNT.value, len(paths))).astype(int)
    found = compare(reconstructor.load(_MODEL.value), [paths[number] for number in chosen])
    print(f"{len(found['shape'])} photos       median      95 %   largest")
    for name, values in found.items():
        print(f"{name:<16}", *(f"{value:9.4f}" for value in np.percentile(values, [50, 95, 100])), flush=True)


if __name__ == "__main__":
    app.run(main)
