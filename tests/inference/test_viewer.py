"""The page of faces, in a real browser."""
import base64
import dataclasses
import html.parser
import json
import types
import zipfile

import cv2
import numpy as np
import pytest
import skimage.data
from scipy.spatial.transform import Rotation

from morph3d.inference import viewer
from morph3d.inference.faces import Fitted
from morph3d.mesh import uv_atlas
from morph3d.renderer import texture_baking

READY = "until(() => document.documentElement.dataset.ready)"
SLIDE = "for (const slider of document.getElementsByName('{}')) {{ slider.value = {}; slider.dispatchEvent(new Event('input')); }}"
CHOOSE = "document.querySelector('input[value={}]').click()"
PRESS = "document.querySelector('canvas').dispatchEvent(new KeyboardEvent('keydown', {{key: '{}'}}))"
REACH = """{
  const slider = document.getElementsByName("NAME")[0], canvas = document.querySelector("canvas").getBoundingClientRect();
  slider.focus();
  const {x, y, width, height} = slider.getBoundingClientRect();
  const seen = Math.min(canvas.bottom, innerHeight) - Math.max(canvas.top, 0);
  console.log(`${document.documentElement.scrollWidth} wide, of the face: ${seen / canvas.height}, of the slider:`,
              document.elementFromPoint(x + width / 2, y + height / 2) === slider);
}"""
# Keeps what is drawn, or tells how far it is on average from what was kept, in steps of 8 bits.
KEEP = """{
  const canvas = document.querySelector("canvas"), copy = document.createElement("canvas");
  Object.assign(copy, {width: canvas.width, height: canvas.height});
  const context = copy.getContext("2d");
  context.drawImage(canvas, 0, 0);
  const {data} = context.getImageData(0, 0, copy.width, copy.height);
  window.differ = window.kept && data.reduce((sum, value, i) => sum + Math.abs(value - kept[i]), 0) / data.length;
  window.kept = data;
}"""
DIFFER = KEEP.replace("window.kept = data", "console.log(differ)")
# Tells how wide the photo is, what is touched in its middle, its color, that of the picture over it, and what of that is cut off.
COMPARED = """{
  const {x, y, width, height} = document.getElementById("photo").getBoundingClientRect(), copy = document.createElement("canvas");
  const color = image => {
    const context = copy.getContext("2d", {willReadFrequently: true}), names = ["red", "green", "blue"];
    context.drawImage(image, 0, 0);
    const pixel = context.getImageData(9, 9, 1, 1).data;
    return names[[0, 1, 2].findIndex(channel => pixel[channel] > 200)];
  };
  const overlay = document.getElementById("overlay");
  console.log(width, document.elementFromPoint(x + width / 2, y + height / 2).id, color(document.getElementById("photo")),
              overlay.checkVisibility() && color(overlay), getComputedStyle(overlay).clipPath);
}"""
MOVE = "document.getElementById('divider').value = {}; document.getElementById('divider').dispatchEvent(new Event('input'))"
SWITCH = "document.querySelectorAll('nav button')[{}].click()"
RESET = "document.getElementById('reset').click()"


@pytest.fixture(scope="module")
def face(tiny_reconstructor):
    return tiny_reconstructor.reconstruct(skimage.data.astronaut())


@pytest.fixture(scope="module")
def moving(face):
    """The face with two blendshapes."""
    front = np.float32(face.vertices[:, 2:] > 60.)
    return dataclasses.replace(face, blendshapes={"jawOpen": front * [0., -20., 0.], "cheekPuff": front * [0., 0., 30.]})

PRIMARIES = np.eye(3, dtype=np.uint8)  # red, green, blue


def fitted(face, vertices=None, turn=0., texture=None):
    """The face as it might be in a photo: red, under a green mesh and blue albedo."""
    pictures = {name: np.full([64, 64, 3], np.uint8(255) * color) for name, color in zip(("photo", "mesh", "albedo"), PRIMARIES)}
    rotation = Rotation.from_euler("y", turn).as_matrix()
    vertices = face.vertices if vertices is None else np.float32(vertices)
    return dataclasses.replace(face, fitted=Fitted(vertices, rotation, np.eye(3, 4), {}, np.zeros(2), pictures, texture))


@pytest.mark.slow  # brings a browser from npm, 120 MB
def test_a_face_is_drawn_and_turning_sliders_and_looks_change_it_and_nothing_leaves_the_page(moving, tmp_path, browse):
    (tmp_path / "index.html").write_text(viewer.page({"me": (moving, {"GLB": "me.glb"})}), "utf-8")
    steps = [READY, SLIDE.format("jawOpen", 1), SLIDE.format("shape 1", 3), SLIDE.format("texture 2", -3),
             SLIDE.format("cheekPuff", .5), RESET, PRESS.format("ArrowLeft"), PRESS.format("+"), RESET, CHOOSE.format("Albedo"),
             CHOOSE.format("Gray"), CHOOSE.format("Wireframe")]
    found = browse((tmp_path / "index.html").as_uri(), *steps)
    first, jaw, shape, texture, cheek, back, turned, nearer, again, albedo, gray, wires = found["looks"]
    assert found["said"] == [] and found["asked"] == []
    assert first["colors"] > 100
    different = [look["digest"] for look in (first, jaw, shape, texture, cheek, turned, nearer, albedo, gray, wires)]
    assert len(set(different)) == len(different)
    assert back == again == first


@pytest.mark.slow
def test_several_faces_are_chosen_from(face, moving, tiny_reconstructor, tmp_path, browse):
    faces = {"me": (face, {}), "<b>you</b>": (tiny_reconstructor.mean_face, {})}
    (tmp_path / "index.html").write_text(viewer.page(faces, "<i>us</i>"), "utf-8")
    choose = ("const buttons = [...document.querySelectorAll('nav button')]; buttons[1].click();"
              "console.log(document.title, ...buttons.map(button => button.textContent + button.getAttribute('aria-pressed')))")
    found = browse((tmp_path / "index.html").as_uri(), READY, choose)
    assert found["said"] == ["<i>us</i> mefalse <b>you</b>true"]
    assert found["looks"][0] != found["looks"][1]


@pytest.mark.slow
def test_on_a_phone_the_face_stays_in_sight_of_every_slider(moving, tmp_path, browse):
    names = [f"shape{number}" for number in range(60)]
    many = dataclasses.replace(moving, blendshapes=dict.fromkeys(names, moving.blendshapes["jawOpen"]))
    (tmp_path / "index.html").write_text(viewer.page({"me": (many, {})}), "utf-8")
    steps = [REACH.replace("NAME", name) for name in (names[0], names[30], names[26], names[-1])]
    found = browse((tmp_path / "index.html").as_uri(), READY, *steps, size=(390, 844))
    assert found["said"] == ["390 wide, of the face: 1, of the slider: true"] * 4


@pytest.mark.slow
def test_a_fitted_face_has_the_expression_of_its_photo_until_it_is_slid_away_and_its_pose_if_wished(moving, tmp_path, browse):
    face = dataclasses.replace(moving, vertices=np.rint(moving.vertices))  # so that nothing is rounded
    jaw = face.vertices + face.blendshapes["jawOpen"]
    shown = {"me": (fitted(face, jaw, turn=.3), {})}
    (tmp_path / "index.html").write_text(viewer.page(shown), "utf-8")
    turned = [CHOOSE.format("Albedo"), KEEP, *[PRESS.format("ArrowRight")] * 3, DIFFER, KEEP, RESET,
              SLIDE.format("Photo\\'s pose", 1), DIFFER]
    found = browse((tmp_path / "index.html").as_uri(), READY, SLIDE.format("Photo\\'s expression", 0), SLIDE.format("jawOpen", 1),
                   SLIDE.format("jawOpen", .5), SLIDE.format("Photo\\'s expression", .5), RESET, *turned)
    first, neutral, opened, _, half, again, *_ = found["looks"]
    assert first == opened == half == again != neutral
    unlike, like = map(float, found["said"])
    assert like < .1 * unlike


@pytest.mark.slow
def test_over_the_photo_lies_what_was_fitted_as_far_as_a_slider_across_it_says_but_not_of_an_unfitted_face(face, tmp_path, browse):
    shown = {"fitted": (fitted(face), {}), "plain": (face, {})}
    (tmp_path / "index.html").write_text(viewer.page(shown), "utf-8")
    found = browse((tmp_path / "index.html").as_uri(), READY, COMPARED, MOVE.format(25), CHOOSE.format("albedo"), COMPARED,
                   SWITCH.format(1), COMPARED, SWITCH.format(0), COMPARED)
    *seen, plain, back = found["said"]
    assert seen == ["276 divider red green inset(0px 0px 0px 50%)", "276 divider red blue inset(0px 0px 0px 25%)"]
    assert plain.startswith("150 photo ") and plain.split()[3] == "false"
    assert back == seen[-1]


@pytest.mark.slow
def test_a_texture_looks_as_vertices_of_its_colors_do_and_its_sliders_change_it_as_much(face, tmp_path, browse):
    laid_out = dataclasses.replace(face, uvs=uv_atlas.build(face.mesh))
    painted = dataclasses.replace(laid_out, colors=np.float32(.5 + .4 * face.vertices / np.abs(face.vertices).max(0)))
    textured = fitted(laid_out, texture=texture_baking.bake(painted.mesh))
    own = fitted(laid_out, texture=texture_baking.bake(laid_out.mesh))
    shown = {"textured": (textured, {}), "painted": (painted, {}), "own": (own, {}), "plain": (face, {})}
    (tmp_path / "index.html").write_text(viewer.page(shown), "utf-8")
    slide = SLIDE.format("texture 2", -3)
    looks = [KEEP, SWITCH.format(1), DIFFER, SWITCH.format(3), DIFFER, CHOOSE.format("Albedo"), KEEP, SWITCH.format(2), DIFFER,
             slide, DIFFER, KEEP, SWITCH.format(3), slide, DIFFER]
    found = browse((tmp_path / "index.html").as_uri(), READY, *looks)
    like, unlike, own_like, slid, slid_like = map(float, found["said"])
    assert like < .05 * unlike
    assert own_like < .05 * slid
    assert slid_like < .2 * slid


def test_a_texture_has_at_most_1024_texels_a_side_in_the_page(face):
    large = fitted(dataclasses.replace(face, uvs=uv_atlas.build(face.mesh)), texture=np.zeros([2048, 2048, 3], np.uint8))
    packed = viewer._packed({"me": (large, {})})
    link = json.loads(packed[4:4 + int.from_bytes(packed[:4], "little")])["faces"][0]["fitted"]["texture"]
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(link.partition(",")[2]), np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (1024, 1024, 3)


def test_the_page_is_one_document_that_asks_for_nothing(face):
    class Links(html.parser.HTMLParser):
        def __init__(self):
            super().__init__()
            self.found = []

        def handle_starttag(self, tag, attributes):
            self.found += [value for name, value in attributes if name in ("src", "href")]

    links = Links()
    links.feed(viewer.page({"me": (face, {})}))
    assert links.found == []


def test_in_a_notebook_a_face_is_a_frame_with_the_page_in_it_and_words_where_frames_are_taken_out(face):
    class Frame(html.parser.HTMLParser):
        def handle_starttag(self, tag, attributes):
            self.page = dict(attributes)["srcdoc"]

        def handle_data(self, data):
            self.instead = data

    frame = Frame()
    frame.feed(face._repr_html_())
    assert frame.page == viewer.page({"face": (face, {})})
    assert frame.instead == f"{face}: trust this notebook, or run it, to see it"


def test_another_viewer_of_trimesh_is_told(tmp_path, monkeypatch):
    path = tmp_path / "trimesh" / "resources" / "templates" / "viewer.zip"
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("viewer.html.template", "<script>babylon</script>")
    spec = types.SimpleNamespace(submodule_search_locations=[str(tmp_path / "trimesh")])
    monkeypatch.setattr(viewer.importlib.util, "find_spec", lambda name: spec)
    viewer._three.cache_clear()
    with pytest.raises(ValueError, match=".*trimesh: found another viewer than that of .*; install one of these"):
        viewer._three()
    viewer._three.cache_clear()
