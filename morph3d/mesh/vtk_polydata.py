"""Legacy VTK files (versions 2 to 5) of the dataset POLYDATA, ASCII or binary: points, polygons and triangle strips."""
import re

import numpy as np

from morph3d.mesh import polygons

TYPES = {"float": ">f4", "double": ">f8", "int": ">i4", "long": ">i8", "vtktypeint64": ">i8", "vtktypeint32": ">i4",
         "unsigned_char": ">u1", "char": ">i1", "short": ">i2", "unsigned_short": ">u2", "unsigned_int": ">u4",
         "unsigned_long": ">u8"}  # binary files are big-endian
SKIPPED = {"VERTICES", "LINES"}


def read(path):
    """-> vertices [V, 3], triangles [F, 3] int32, colors [V, 3] in 0..1 or None.

    Raises:
      ValueError: the file is of another kind or ends early.
    """
    file = _File(path.read_bytes())
    if not file.line().startswith("# vtk DataFile"):
        raise ValueError('the first line is not "# vtk DataFile Version ..."')
    file.line()  # the title
    file.binary = file.line().upper() == "BINARY"
    dataset = file.line().upper().split()
    if dataset != ["DATASET", "POLYDATA"]:
        raise ValueError(f'found {" ".join(dataset)}, expected DATASET POLYDATA')
    vertices, parts, colors = np.zeros([0, 3]), [], None
    while (words := file.line().split()):
        keyword = words[0].upper()
        if keyword == "POINTS":
            vertices = file.numbers(3 * int(words[1]), words[2]).reshape(-1, 3)
        elif keyword in ("POLYGONS", "TRIANGLE_STRIPS", *SKIPPED):
            parts.append(_cells(file, keyword, int(words[1]), int(words[2])))
        elif keyword == "COLOR_SCALARS":
            colors = _colors(file, len(vertices), int(words[2]))
        elif keyword == "METADATA":
            file.skip_paragraph()
        elif keyword != "POINT_DATA":
            break  # data of other kinds; colors after them are not looked for
    return vertices, np.concatenate([np.zeros([0, 3], np.int32), *parts]), colors


class _File:
    """Reads lines and blocks of numbers in turn."""

    def __init__(self, content):
        self.content, self.place, self.binary = content, 0, False

    def line(self):
        """The next line that is not empty, without blanks around it; "" at the end."""
        while self.place < len(self.content):
            end = self.content.find(b"\n", self.place)
            end = len(self.content) if end < 0 else end
            line, self.place = self.content[self.place:end].decode("latin-1").strip(), end + 1
            if line:
                return line
        return ""

    def skip_paragraph(self):
        """To the next empty line."""
        end = re.compile(rb"\n[ \t\r]*\n").search(self.content, self.place - 1)
        self.place = end.end() if end else len(self.content)

    def numbers(self, count, kind):
        dtype = np.dtype(TYPES[kind.lower()])
        if self.binary:
            numbers = np.frombuffer(self.content, dtype, count, self.place)
            self.place += numbers.nbytes
            return numbers.astype(dtype.newbyteorder("="))
        lines, found = [], 0
        while found < count:
            line = self.line()
            if not line:
                raise ValueError(f"the file ends after {found} of {count} numbers")
            lines.append(line)
            found += len(line.split())
        return np.array(" ".join(lines).split(), np.float64 if dtype.kind == "f" else np.int64)


def _cells(file, keyword, count, size):
    """The triangles of a section; none of points and lines."""
    before = file.place
    words = file.line().split()
    if words and words[0].upper() == "OFFSETS":  # version 5: ends of the cells, then their corners
        starts = file.numbers(count, words[1])
        corners = file.numbers(size, file.line().split()[1])
        starts, lengths = starts[:-1], np.diff(starts)
    else:  # each cell's length before its corners
        file.place = before
        corners, starts, lengths = file.numbers(size, "int"), np.empty(count, np.int64), np.empty(count, np.int64)
        place = 0
        for cell in range(count):
            starts[cell], lengths[cell] = place + 1, corners[place]
            place += 1 + lengths[cell]
    if keyword in SKIPPED:
        return np.zeros([0, 3], np.int32)
    return polygons.triangles(corners, starts, lengths) if keyword == "POLYGONS" else _strips(corners, starts, lengths)


def _strips(corners, starts, lengths):
    """Every second triangle of a strip is wound the other way."""
    numbers = [start + turn + np.array([0, 1, 2] if turn % 2 == 0 else [1, 0, 2])
               for start, length in zip(starts, lengths, strict=True) for turn in range(length - 2)]
    return np.asarray(corners)[np.array(numbers, np.int64).reshape(-1, 3)].astype(np.int32)


def _colors(file, count, channels):
    """Bytes in binary files, numbers in 0..1 in others."""
    values = file.numbers(count * channels, "unsigned_char") / 255. if file.binary else file.numbers(count * channels, "float")
    return values.reshape(count, channels)[:, :3] if channels >= 3 else None
