"""VRML 2.0 (VRML97) files, plain or gzipped: the IndexedFaceSets in them. Transforms and prototypes are not followed."""
import gzip
import re

import numpy as np

from morph3d.mesh import polygons

SHAPE = re.compile(r"\bIndexedFaceSet\s*\{")
NAMED = re.compile(r"\bDEF\s+(\S+)\s+(Coordinate|Color)\s*\{")
COMMENT = re.compile(r'#[^\n"]*(?=\n)')


def read(path):
    """-> vertices [V, 3], triangles [F, 3] int32, colors [V, 3] in 0..1 or None.

    Raises:
      ValueError: the file is of another kind, or moves its shapes by a Transform.
    """
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
    if not content.startswith(b"#VRML V2.0"):
        raise ValueError(f"the first line is {content[:12]!r}, expected #VRML V2.0")
    if re.search(rb"\b(?:scale|translation|rotation)\s+[-+.\d]", content):
        raise ValueError("a Transform moves its shapes, which is not followed; apply it in a program such as MeshLab, and save the "
                         "mesh anew")
    text = COMMENT.sub("", content.decode("latin-1").replace("\r", "\n"))
    named = {match[1]: _block(text, match.end()) for match in NAMED.finditer(text)}
    shapes = [_shape(_block(text, match.end()), named) for match in SHAPE.finditer(text)]
    starts = np.cumsum([0, *(len(vertices) for vertices, _, _ in shapes)])
    colors = [color for _, _, color in shapes]
    return (np.concatenate([np.zeros([0, 3]), *(vertices for vertices, _, _ in shapes)]),
            np.concatenate([np.zeros([0, 3], np.int32), *(part + start for (_, part, _), start in zip(shapes, starts))]),
            np.concatenate(colors) if colors and all(color is not None for color in colors) else None)


def _block(text, start):
    """What stands between a brace, which ends at `start`, and the one that closes it."""
    depth = 1
    for brace in re.compile(r"[{}]").finditer(text, start):
        depth += 1 if brace[0] == "{" else -1
        if not depth:
            return text[start:brace.start()]
    raise ValueError("a brace is not closed: the file ends early")


def _shape(text, named):
    vertices = _field(_node(text, "coord", "Coordinate", named), "point").reshape(-1, 3)
    indices = _field(text, "coordIndex").astype(np.int64)
    if len(indices) and indices[-1] >= 0:
        indices = np.append(indices, -1)  # which may be left out at the end
    ends = np.flatnonzero(indices < 0)
    starts = np.append(0, ends[:-1] + 1)[:len(ends)]
    triangles = polygons.triangles(indices, starts, ends - starts)
    if re.search(r"\bccw\s+FALSE\b", text):
        triangles = triangles[:, ::-1]
    colors = _field(_node(text, "color", "Color", named), "color").reshape(-1, 3)
    return vertices, triangles, colors if len(colors) == len(vertices) > 0 and not re.search(r"\bcolorIndex\b", text) else None


def _node(text, field, kind, named):
    """The inside of the node in a field, also where it is used again by its name; "" where there is none."""
    if used := re.search(rf"\b{field}\s+USE\s+(\S+)", text):
        if used[1] not in named:
            raise ValueError(f"{used[1]} is used and not defined")
        return named[used[1]]
    found = re.search(rf"\b{field}\s+(?:DEF\s+\S+\s+)?{kind}\s*\{{", text)
    return _block(text, found.end()) if found else ""


def _field(text, name):
    """The numbers [N] between a field's brackets; none where there is no such field."""
    found = re.search(rf"\b{name}\s*\[([^\]]*)\]", text)
    return np.array(found[1].replace(",", " ").split() if found else [], np.float64)
