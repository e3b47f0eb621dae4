"""The files of a reconstructed face: for viewers, for other programs, for people to look at."""
import csv
import dataclasses
import io
import json
import pathlib

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

from morph3d import atomic_files, images
from morph3d.inference import face_pictures
from morph3d.inference.names import unused
from morph3d.mesh import gltf, uv_atlas, writers
from morph3d.renderer import texture_baking

JPEG_QUALITY = 95  # of the texture in a GLB: a quarter of a PNG's size, and in the mean half a step of 8 bits off


def save(face, path):
    """Writes a face in the format that the ending of `path` names.

      .glb   a texture, normals, and the blendshapes as morph targets; meters, as glTF has it. A fitted face has two states more,
             "neutral" and "fitted", as it is in the photo, in which it is shown; one of a video has its track as an animation
      .obj   a texture and normals, with NAME.mtl and NAME_texture.png beside it (see writers.write_textured); mm
      .ply   vertex colors; mm
      .npz   the arrays of Face by their names
      .json  coefficients, landmarks in mm, how the network's crop lies in the photo, and how a fitted face does
      .png   the photo beside the face at -45, 0 and 45 degrees, or beside the neutral face and overlays of a fitted one
      .csv   the track of a video's fitted face, a row a frame: seconds; pitch, yaw and roll as in scene.Pose; mm to the right, up
             and toward the camera from the middle place; weights of the blendshapes; and whether the face was seen, 1 or 0

    Args:
      face: Face.
      path: of the file, which is replaced only once the new one is complete.

    Raises:
      ValueError: another ending, or .csv of a face without a track.
    """
    path = pathlib.Path(path)
    write = FORMATS.get(path.suffix.lower().removeprefix("."))
    if not write:
        raise ValueError(f'{path}: found extension "{path.suffix}", expected .{", .".join(FORMATS)}; rename the output')
    write(face, path)


def glb(face):
    """The bytes of a face's GLB file."""
    mesh = _laid_out(face)
    _, texture = cv2.imencode(".jpg", _texture(face, mesh)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    states, followed = _states(face), face.fitted and face.fitted.followed
    track = followed and followed.track._replace(weights=followed.track.weights[:, :len(face.blendshapes)])  # which may be left out
    return gltf.encode(mesh, texture.tobytes(), states | dict(face.blendshapes), {"fitted": 1.} if states else {}, track)


def _states(face):
    """{name: [V, 3] mm}, what brings a fitted face into its named states."""
    if not face.fitted or face.fitted.followed:
        return {}
    return {"neutral": np.zeros_like(face.vertices), "fitted": face.fitted.posed - face.vertices}


def numbers(face):
    """What JSON says of a face: coefficients in standard deviations, landmarks in mm, and how the crop lies in the photo."""
    found = {"shape": face.shape.tolist(), "texture": face.texture.tolist(), "landmarks": face.landmarks.tolist()}
    if face.framing:
        found |= {"photo_size": face.framing.photo_size, "crop_size": len(face.crop),
                  "crop_from_photo": face.framing.matrix.tolist()}
    if face.fitted:
        fitted = face.fitted
        found["fitted"] = {"camera": fitted.camera.tolist(), "rotation": fitted.rotation.tolist(),
                           "expression": fitted.expression.tolist(), "blendshapes": dict(fitted.weights)}
    return found


def offered(face, formats):
    """Those of some formats that a Face can be saved in: only that of a video has a track."""
    return [form for form in formats if form != "csv" or face.fitted and face.fitted.followed]


def save_all(face, folder, name, formats):
    """Saves a face in several FORMATS, and replaces what is there of them. -> the paths of all files, those of `paths`."""
    for form in formats:
        save(face, paths(folder, name, form)[0])
    return [path for form in formats for path in paths(folder, name, form)]


def paths(folder, name, form):
    """The paths of the files that a face of this name has in one of FORMATS; the first names the others.

    A name with slashes is a path below the folder.
    """
    base = pathlib.Path(folder, name)
    plain = writers.plain(base.name)
    names = {"obj": [f"{base.name}.obj", f"{plain}.mtl", f"{plain}_texture.png"], "png": [f"{base.name}_views.png"]}
    return [base.with_name(file) for file in names.get(form, [f"{base.name}.{form}"])]


def free_name(folder, name, formats, taken=()):
    """The name; or NAME_2, NAME_3 and so on, where a file there was not written by this package, or it is among those taken.

    Args:
      taken: names in lower case, for not all file systems tell case apart.
    """
    def ours(name):
        return all(is_ours(path) for form in formats for path in paths(folder, name, form))

    return unused(name, lambda each: each.lower() in taken or not ours(each))


def is_ours(path):
    """Whether a file may be replaced: there is none, or this package has written it, which puts its name near every beginning."""
    if not path.is_file():
        return not path.exists()
    try:
        with open(path, "rb") as file:
            return b"morph3d" in file.read(4096)
    except PermissionError:
        return False


def _laid_out(face):
    """The face's Mesh with uvs, of its morphable model or, where that has none, made for it."""
    return face.mesh if face.uvs else dataclasses.replace(face.mesh, uvs=uv_atlas.read(face.mesh))


def _texture(face, mesh):
    """The texture of its mesh, laid out: the photo's pixels where it has them, else the colors of its vertices."""
    found = face.fitted and face.fitted.texture
    return texture_baking.bake(mesh) if found is None else found


def _obj(face, path):
    mesh = _laid_out(face)
    writers.write_textured(path, mesh, _texture(face, mesh))


def _npz(face, path):
    content = io.BytesIO()
    arrays = {name: getattr(face, name) for name in ("shape", "texture", "vertices", "colors", "triangles", "landmarks", "crop")}
    if face.fitted:
        arrays |= {f"fitted_{name}": getattr(face.fitted, name) for name in ("vertices", "rotation", "camera", "expression")}
    np.savez_compressed(content, generator_morph3d=np.array("morph3d"), **arrays)  # the name of the first is the file's beginning
    _write(path, content.getvalue())


def _json(face, path):
    _write(path, json.dumps({"generator": "morph3d", **numbers(face)}, indent=1).encode("ascii"))


def _csv(face, path):
    followed = face.fitted and face.fitted.followed
    if not followed:
        raise ValueError(f"{path}: found a face without a track, expected one that was fitted to a video; choose another format")
    track, content = followed.track, io.StringIO()
    rows = csv.writer(content)
    rows.writerow([*COLUMNS, *face.blendshapes, "seen_by_morph3d"])
    turns = Rotation.from_matrix(track.rotations).as_euler("ZXY", degrees=True)[:, [1, 2, 0]]
    for time, turn, place, weights, seen in zip(track.times, turns, track.translations, track.weights, followed.seen, strict=True):
        shares = [f"{weight:.3f}" for weight in weights[:len(face.blendshapes)]]
        rows.writerow([f"{time:.4f}", *(f"{value:.2f}" for value in (*turn, *place)), *shares, int(seen)])
    _write(path, content.getvalue().encode("ascii"))


def _write(path, content):
    with atomic_files.replacing(path) as beside:
        beside.write_bytes(content)


COLUMNS = "time_s", "pitch_degrees", "yaw_degrees", "roll_degrees", "x_mm", "y_mm", "z_mm"
FORMATS = {"glb": lambda face, path: _write(path, glb(face)), "obj": _obj, "npz": _npz, "json": _json, "csv": _csv,
           "ply": lambda face, path: writers.write(path, face.mesh),
           "png": lambda face, path: images.write_png(path, face_pictures.draw_beside_photo(face))}
