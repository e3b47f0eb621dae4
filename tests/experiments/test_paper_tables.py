"""The page of the paper's tables: what is at hand is made, what is missing or broken is told."""
import numpy as np
import pytest
import skimage.data
from absl import flags

from experiments import paper_tables
from morph3d import images
from morph3d.evaluation.report import Report, Table


def test_what_is_missing_is_named_with_where_to_get_it():
    part = paper_tables.Part("Table 1", lambda: pytest.fail("nothing to make it of"), [paper_tables.SCANS, "photos"])
    words, made = paper_tables.made(part)
    assert made is None and words == f"Needs {paper_tables.SCANS}; and photos."


def test_one_part_that_fails_does_not_stop_the_others():
    def broken():
        raise ValueError("scan.obj: no triangles")

    assert paper_tables.made(paper_tables.Part("Table 1", broken, [])) == ("Could not be made: scan.obj: no triangles", None)
    found = Report({}, [Table("A table", ("a",), [(1,)])], {})
    assert paper_tables.made(paper_tables.Part("Table 2", lambda: found, [], "A note.")) == ("A note.", found)


def test_the_ablation_stands_beside_the_photo_and_the_full_model(tiny_reconstructor, tmp_path, monkeypatch):
    images.write_png(tmp_path / "me.png", skimage.data.astronaut())
    tiny_reconstructor.save(tmp_path / "no_loopback")
    chosen = flags.FlagValues()
    flags.DEFINE_multi_string("photo", [], "", flag_values=chosen)
    flags.DEFINE_multi_string("ablation", [], "", flag_values=chosen)
    chosen(["", f"--photo={tmp_path / 'me.png'}", f"--ablation=no loopback={tmp_path / 'no_loopback'}"])
    monkeypatch.setattr(paper_tables, "FLAGS", chosen)
    sheet = paper_tables.ablation({"ours": tiny_reconstructor}).pictures["ablation"]
    across = np.flatnonzero((sheet != 255).any(-1).sum(0) > 100)  # columns of pixels that are full of picture
    photo, ours, other = (sheet[:, part] for part in np.split(across, np.flatnonzero(np.diff(across) > 1) + 1))
    np.testing.assert_array_equal(ours[-164:], other[-164:])
    assert photo.shape == ours.shape and np.abs(photo[-164:].astype(int) - ours[-164:]).mean() > 5.
    chosen["ablation"].value = ["nothing"]
    with pytest.raises(ValueError, match="--ablation=nothing: expected LABEL=FOLDER"):
        paper_tables.ablation({"ours": tiny_reconstructor})
