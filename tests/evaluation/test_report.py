"""Reports: what is printed, and what is written for programs and for the eye."""
import base64
import html.parser
import io
import json

import numpy as np
import PIL.Image
import pytest

from morph3d.evaluation.report import Report, Table, page
from morph3d.evaluation.statistics import Estimate

TABLE = Table("Recall <of 84>", ("face", "top-1"), [("a & b", Estimate(.9405, .881, .988, 84)), ("chance", .0119), ("none", None)])


def test_a_table_lines_up_its_columns():
    lines = str(TABLE).splitlines()
    assert lines[0] == "Recall <of 84>"
    assert [line.index(cell) for line, cell in zip(lines[2:], ("top-1", "0.941", "0.0119", "-"), strict=True)] == [10] * 4


def test_html_holds_every_cell_as_text():
    class Cells(html.parser.HTMLParser):
        found: list[str] = []

        def handle_data(self, data):
            self.found.append(data)

    Cells().feed(TABLE.html())
    assert Cells.found == ["Recall <of 84>", "face", "top-1", "a & b", str(TABLE.rows[0][1]), "chance", "0.0119", "none", "-"]


def test_a_report_is_written_for_programs_and_for_the_eye(tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, [4, 5, 3], np.uint8)
    report = Report({"top1": Estimate(.94, .88, .99, 84), "people": np.int64(84), "models": {"a": {"mm": Estimate(2., 1., 3., 9)}},
                     "levels": [np.float32(.5), 1]}, [TABLE], {"faces": picture})
    paths = report.write(str(tmp_path / "new" / "figures.json"), str(tmp_path / "pictures"))
    assert paths == [tmp_path / "new" / "figures.json", tmp_path / "pictures" / "faces.png"]
    assert json.loads(paths[0].read_text()) == {
        "top1": .94, "top1_interval": [.88, .99], "top1_people": 84, "people": 84,
        "models": {"a": {"mm": 2., "mm_interval": [1., 3.], "mm_people": 9}}, "levels": [.5, 1]}
    np.testing.assert_array_equal(np.asarray(PIL.Image.open(paths[1])), picture)
    assert report.write() == []


def test_one_person_has_no_interval(tmp_path):
    alone = Estimate(1.5, 1.5, 1.5, 1)
    assert str(alone) == "1.500"
    Report({"mm": alone}, [], {}).write(str(tmp_path / "figures.json"))
    assert json.loads((tmp_path / "figures.json").read_text()) == {"mm": 1.5, "mm_interval": None, "mm_people": 1}


def test_what_json_cannot_hold_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "figures.json"
    path.write_text("before")
    with pytest.raises(ValueError):
        Report({"top1": float("nan")}, [], {}).write(str(path))
    assert path.read_text() == "before" and list(tmp_path.iterdir()) == [path]


def test_a_page_holds_its_pictures_and_tells_what_is_missing(tmp_path):
    class Page(html.parser.HTMLParser):
        images: list[str] = []
        text: list[str] = []

        def handle_starttag(self, tag, attributes):
            self.images += [dict(attributes)["src"]] if tag == "img" else []

        def handle_data(self, data):
            self.text.append(data)

    picture = np.random.default_rng(1).integers(0, 256, [4, 5, 3], np.uint8)
    Page().feed(page("All & more", [("Table 1", "", Report({}, [TABLE], {"a": picture})), ("Table 2", "Needs <scans>.", None)]))
    assert {"All & more", "Table 1", TABLE.title, "Table 2", "Needs <scans>."} <= set(Page.text)
    src, = Page.images
    encoded = src.removeprefix("data:image/png;base64,")
    np.testing.assert_array_equal(np.asarray(PIL.Image.open(io.BytesIO(base64.b64decode(encoded)))), picture)
