"""Sheets of pictures with words at their rows and columns."""
import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont

GAP = 4  # pixels between pictures
TEXT = 16  # pixels, the height of the words
INK, PAPER = (0, 0, 0), (255, 255, 255)


def sheet(title, columns, rows):
    """A sheet, as the paper's figures 6 and 8 to 13.

    Args:
      title: a line above all.
      columns: a text above each column.
      rows: (text at the left, [a picture of each column: [size, size, 3] uint8, or a text in place of one]) each; all pictures
        of one size.

    Returns:
      [H, W, 3] uint8.
    """
    font = PIL.ImageFont.load_default(TEXT)
    size = next(len(picture) for _, pictures in rows for picture in pictures if not isinstance(picture, str))
    margin = int(max(font.getlength(label) for label, _ in rows)) + 4 * GAP
    top, step = 3 * TEXT + 4 * GAP, size + GAP
    width = max(margin + len(columns) * step, int(font.getlength(title)) + 4 * GAP)
    page = PIL.Image.new("RGB", (width, top + len(rows) * step), PAPER)
    draw = PIL.ImageDraw.Draw(page)
    draw.text((2 * GAP, 2 * GAP), title, INK, font)
    for i, text in enumerate(columns):
        draw.text((margin + i * step + size / 2, top - GAP), text, INK, font, anchor="md")
    for j, (label, pictures) in enumerate(rows):
        draw.text((2 * GAP, top + j * step + size / 2), label, INK, font, anchor="lm")
        for i, picture in enumerate(pictures):
            _place(page, draw, font, picture, (margin + i * step, top + j * step), size)
    return np.asarray(page)


def _place(page, draw, font, picture, corner, size):
    if isinstance(picture, str):
        draw.text((corner[0] + size / 2, corner[1] + size / 2), picture, INK, font, anchor="mm")
    else:
        page.paste(PIL.Image.fromarray(picture), corner)
