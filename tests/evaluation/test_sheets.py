"""Sheets: every picture at its row and column, words beside them."""
import numpy as np

from morph3d.evaluation import sheets


def blue(value, size=40):
    """A picture of one color, which no letter has."""
    return np.full([size, size, 3], (value, 0, 200), np.uint8)


def test_every_picture_is_at_its_row_and_column():
    page = sheets.sheet("title", ["a", "b", "c"], [("first", [blue(1), blue(2), blue(3)]), ("second", [blue(4), "none", blue(6)])])
    pictures = (page[..., 2] == 200) & (page[..., 1] == 0)
    top, left = np.argwhere(pictures)[0]
    step = 40 + sheets.GAP
    for row, values in enumerate([(1, 2, 3), (4, None, 6)]):
        for column, value in enumerate(values):
            there = page[top + row * step:, left + column * step:][:40, :40]
            if value:
                np.testing.assert_array_equal(there, blue(value))
            else:
                assert 0 < (there < 128).any(-1).sum() < 200 and (there[0] == 255).all()  # letters on paper
    assert pictures.sum() == 5 * 1600
    for words in page[:top, left:], page[top:, :left]:
        assert words.min() < 128 and words.max() == 255


def test_a_long_title_is_not_cut_off():
    row = ("", [blue(1)])
    short, long = (sheets.sheet("x" * count, ["a"], [row]) for count in (1, 60))
    assert long.shape[1] > 3 * short.shape[1] and (long[:, -sheets.GAP:] == 255).all()
