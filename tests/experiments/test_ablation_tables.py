"""The arithmetic of an ablation's tables, and its figure."""
import json

import numpy as np
import pytest

from experiments import ablation_tables
from experiments.ablation_measures import Figures

NAMES = ["full", "no batch distribution", "no loopback", "single view"]
PEOPLE = ["Ada", "Bo", "Cy", "Di", "Ed"]
MEASURES = {"likeness": ("top-1", "cosine"), "geometry": ("read, mm",), "moments": ("shape: mean deviation",), "pose": ("30°",)}


def figures(rng, people=PEOPLE):
    """Random Figures of some people."""
    found = {part: {measure: dict(zip(["everybody"] if part == "moments" else people, rng.random(len(people))))
                    for measure in measures} for part, measures in MEASURES.items()}
    return Figures(found, *rng.integers(256, size=[2, 3, 24, 24, 3], dtype=np.uint8))


def test_tables_have_the_means_over_seeds_and_the_differences_on_the_same_people(tmp_path):
    rng = np.random.default_rng(5)
    found = {setting: [figures(rng) for _ in range(3)] for setting in NAMES}
    found["no loopback"][1] = figures(rng, PEOPLE[1:])  # Ada's face was not found
    found["stage 1 only"] = [figures(rng)]
    page, path = ablation_tables.write(tmp_path, found)
    summary = json.loads(path.read_text())

    def of(setting, measure):
        """[seeds, people but Ada] of the likeness."""
        return np.array([[each.values["likeness"][measure][name] for name in PEOPLE[1:]] for each in found[setting]])

    for measure, said in summary["likeness"].items():
        assert said["people"] == 4 and list(said["settings"]) == [*NAMES, "stage 1 only"]
        for setting, spread in said["settings"].items():
            seeds = [np.mean(row) for row in of(setting, measure)]
            np.testing.assert_allclose(spread["seeds"], seeds, atol=1e-12)
            assert spread["mean"] == pytest.approx(sum(seeds) / len(seeds))
            if setting == "stage 1 only":
                assert spread["deviation"] is None
            else:
                assert spread["deviation"] == pytest.approx(np.sqrt(np.var(seeds) * 3. / 2.))
        for setting in [*NAMES[1:], "stage 1 only"]:
            each = of(setting, measure).mean(0) - of("full", measure).mean(0)
            assert said["differences"][setting] == pytest.approx(each.mean(), abs=1e-6)
            low, high = said["differences"][f"{setting}_interval"]
            assert each.min() <= low < each.mean() < high <= each.max()
    assert summary["pose"]["30°"]["people"] == 4 and summary["moments"]["shape: mean deviation"]["people"] == 1
    assert summary["moments"]["shape: mean deviation"]["differences"]["single view_interval"] is None
    text = page.read_text()
    assert text.count("<tr><td>full</td>") == 4 and text.count("<tr><td>single view</td>") == 8
    spread = summary["likeness"]["cosine"]["settings"]["single view"]
    assert f"<td>{spread['mean']:.3f} ± {spread['deviation']:.3f}</td>" in text


def test_the_figure_has_a_row_a_photo_and_a_column_a_setting_of_the_first_seed():
    rng = np.random.default_rng(6)
    found = {setting: [figures(rng), figures(rng)] for setting in NAMES}
    for number, setting in enumerate(NAMES):
        for seed, each in enumerate(found[setting]):
            each.photos[:] = 7
            each.faces[:] = 50 * number + 20 + 5 * seed
            each.faces[1] += 1
    sheet = ablation_tables.figure(found)
    row = [7, 20, 70, 120, 170]
    tile = ablation_tables.TILE
    step, left, top = tile + 4, sheet.shape[1] - 5 * (tile + 4), sheet.shape[0] - 3 * (tile + 4)
    seen = sheet[top + tile // 2::step, left + tile // 2::step, 0]
    np.testing.assert_array_equal(seen, [row, [7, *(value + 1 for value in row[1:])], row])


def test_nobody_who_was_found_by_all_is_told_as_nothing(tmp_path):
    rng = np.random.default_rng(7)
    found = {"full": [figures(rng, PEOPLE[:2])], "single view": [figures(rng, PEOPLE[2:])]}
    page, path = ablation_tables.write(tmp_path, found)
    said = json.loads(path.read_text())["pose"]["30°"]
    assert said == {"people": 0, "settings": {"full": None, "single view": None}, "differences": {"single view": None}}
    assert "<tr><td>single view</td><td>-</td></tr>" in page.read_text()
