"""The binary files of eos (Huber et al. 2016), as its library cereal writes them: little-endian, one member after the other.

A model is its version, and by that: shape and color (each a PcaModel), expressions (from version 2: a flag, a kind, and a PcaModel
or blend shapes), landmarks by name (from 3), uvs, and triangles of the uvs (in 4).
"""
from typing import NamedTuple

import numpy as np

VERSIONS = 1, 2, 3, 4


class LinearModel(NamedTuple):
    """A PcaModel: an orthonormal basis and eigenvalues, which are variances."""
    mean: np.ndarray  # [V, 3] float32
    modes: np.ndarray  # [K, V, 3] float32, one standard deviation each
    triangles: np.ndarray  # [F, 3] int32


class EosModel(NamedTuple):
    """What a file holds, in its own units."""
    shape: LinearModel
    color: LinearModel | None
    expression: LinearModel | None
    blendshapes: dict  # {name: [V, 3]}
    uvs: np.ndarray  # [U, 2] with v down; U is 0 where there are none
    uv_triangles: np.ndarray  # [F, 3] int32, or [0, 3]: those of the shape


def model(path, remedy):
    """The EosModel of a file.

    Args:
      path: the file.
      remedy: ends the messages.

    Raises:
      ValueError: the file is damaged, of another version, or its parts do not fit together.
    """
    archive = _Archive(path, remedy)
    version, = archive.numbers("<u4", 1)
    if version not in VERSIONS:
        archive.refuse(f"version {version} of eos' format", f"one of {', '.join(map(str, VERSIONS))}")
    shape, color = archive.linear_model(), archive.linear_model()
    if shape is None:
        archive.refuse("no shape", "a mean face")
    expression, blendshapes = (archive.expressions() if version > 1 else (None, {}))
    if version > 2 and not archive.flag():  # the flag says that there are no landmarks
        for _ in range(archive.size()):
            archive.text(), archive.numbers("<i4", 1)
    uvs = archive.numbers("<f8", 2 * archive.size()).reshape(-1, 2)
    uv_triangles = archive.triangles() if version > 3 else np.zeros([0, 3], np.int32)
    for part in filter(None, (color, expression)):
        if part.mean.shape != shape.mean.shape:
            archive.refuse(f"{len(part.mean)} vertices in colors or expressions", f"the {len(shape.mean)} of the shape")
    return EosModel(shape, color, expression, blendshapes, uvs, uv_triangles)


def blendshapes(path, remedy):
    """{name: [V, 3]} of a file of blend shapes; arguments and errors as those of `model`."""
    return _Archive(path, remedy).blendshapes()


class _Archive:
    """A file that is read from its beginning."""

    def __init__(self, path, remedy):
        self._path, self._remedy, self._at = path, remedy, 0
        with open(path, "rb") as file:
            self._content = file.read()

    def refuse(self, found, expected):
        raise ValueError(f"{self._path}: found {found}, expected {expected}; {self._remedy}")

    def numbers(self, kind, count):
        kind, count = np.dtype(kind), int(count)
        if not 0 <= count * kind.itemsize <= len(self._content) - self._at:
            self.refuse(f"{len(self._content)} bytes where {count} more numbers ought to follow byte {self._at}", "a whole file")
        found = np.frombuffer(self._content, kind, count, self._at)
        self._at += found.nbytes
        return found

    def size(self):
        return int(self.numbers("<u8", 1)[0])

    def flag(self):
        return bool(self.numbers("u1", 1)[0])

    def text(self):
        return self.numbers("u1", self.size()).tobytes().decode("utf-8", "replace")

    def matrix(self):
        rows, columns = self.numbers("<i4", 2).tolist()
        if min(rows, columns) < 0:
            self.refuse(f"a matrix ({rows}, {columns})", "no negative size")
        found = self.numbers("<f4", rows * columns).reshape(columns, rows).T  # columns first
        if not np.isfinite(found).all():
            self.refuse(f"a matrix {found.shape} with values that are not finite", "numbers")
        return found

    def vertices(self):
        column = self.matrix()
        if column.shape[1] != 1 or len(column) % 3:
            self.refuse(f"a matrix {column.shape}", "a column of x, y, z")
        return column.reshape(-1, 3)

    def triangles(self):
        return self.numbers("<i4", 3 * self.size()).reshape(-1, 3)

    def linear_model(self):
        """A LinearModel, or None if it is empty."""
        mean, basis, variances, triangles = self.matrix(), self.matrix(), self.matrix().ravel(), self.triangles()
        if not mean.size:
            return None
        if basis.shape != (mean.size, variances.size) or mean.size % 3 or not (variances >= 0.).all():
            self.refuse(f"a mean {mean.shape}, a basis {basis.shape} and {variances.size} eigenvalues",
                        "a basis of as many rows and columns, and no negative eigenvalue")
        return LinearModel(mean.reshape(-1, 3), (basis * np.sqrt(variances)).T.reshape(variances.size, mean.size // 3, 3),
                           triangles)

    def expressions(self):
        """-> a LinearModel or None, and {name: [V, 3]}."""
        if self.flag():  # which says that there are none
            return None, {}
        kind, = self.numbers("<i4", 1)
        if kind not in (0, 1):
            self.refuse(f"expressions of kind {kind}", "0 or 1")
        return (self.linear_model(), {}) if kind == 0 else (None, self.blendshapes())

    def blendshapes(self):
        return {self.text(): self.vertices() for _ in range(self.size())}
