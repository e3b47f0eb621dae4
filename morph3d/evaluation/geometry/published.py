"""Others' figures for the geometry of faces, in mm, as their papers and the benchmarks' pages print them; all of the full sets."""

# (data set, protocol): the conditions, or what else the columns are, and who: what is printed.
FIGURES = {
    ("MICC Florence", "micc"): (("cooperative", "indoor", "outdoor"), {
        "Tran et al. 2017": ("1.93 +- 0.27", "2.02 +- 0.25", "1.86 +- 0.23"),
        "Genova et al. 2018": ("1.50 +- 0.13", "1.50 +- 0.11", "1.48 +- 0.11")}),
    ("MICC Florence", "deng"): (("all",), {
        "Genova et al. 2018": ("1.77 +- 0.53",), "Deng et al. 2019": ("1.67 +- 0.50",), "its PyTorch port": ("1.53 +- 0.45",)}),
    ("NoW", "now"): (("median", "mean", "deviation"), {
        "Tran et al. 2017": ("1.84", "2.33", "2.05"), "PRNet": ("1.50", "1.98", "1.88"), "3DDFA-V2": ("1.23", "1.57", "1.39"),
        "Deng et al. 2019": ("1.23", "1.54", "1.29"), "RingNet": ("1.21", "1.53", "1.31"), "SMIRK": ("1.18", "1.47", "1.16"),
        "Deng et al., PyTorch": ("1.11", "1.41", "1.21"), "DECA": ("1.09", "1.38", "1.18"), "FOCUS": ("1.04", "1.30", "1.10"),
        "SHeaP": ("0.97", "1.22", "1.04"), "MICA": ("0.90", "1.11", "0.92"), "TokenFace": ("0.87", "1.07", "0.88")})}
NOTE = "published: others' figures on the full set (see morph3d/evaluation/geometry/published.py)"


def rows(dataset, protocol, columns):
    """Rows (who, figure ...) of what is published of a data set by a protocol, under these columns; None where there is nothing."""
    printed, figures = FIGURES.get((dataset, protocol), ((), {}))
    found = [(f"{who}, published", *(dict(zip(printed, values, strict=True)).get(column) for column in columns))
             for who, values in figures.items()]
    return [row for row in found if any(row[1:])]
