"""Morphable models that several tests ask for; fixtures of every test through conftest.py."""
import tarfile

import numpy as np
import pytest

from morph3d import morphable
from morph3d.morphable import albedo, embedded
from morph3d.morphable.model import MorphableModel
from morph3d.morphable.readers import ict_facekit

ICT_EXPRESSIONS = ("jawOpen", "eyeBlink_L", "eyeBlink_R", "mouthSmile_L", "browInnerUp_L", "noseSneer_R")


@pytest.fixture(scope="session")
def small_embedded():
    """The first modes of the coarser embedded model."""
    model = embedded.read("embedded-7k")
    bases = (basis[:size] for basis, size in ((model.shape_basis, 12), (model.texture_basis, 20), (model.expression_basis, 8)))
    return MorphableModel("embedded", model.mean_vertices, model.mean_colors, *bases, model.triangles, model.landmarks,
                          model.blendshapes, known_parts=model.known_parts)


@pytest.fixture(scope="session")
def basel_model(data_folder):
    """A coarse mesh of Basel's head, 1,529 vertices, in the layout of 2017."""
    return morphable.load(data_folder / "basel" / "random-l4.h5")


@pytest.fixture(scope="session")
def ict_model(data_folder, tmp_path_factory):
    """The real ICT-FaceKit with 12 of its identities and the expressions above, in random colors."""
    folder = tmp_path_factory.mktemp("kit")
    identities = ict_facekit.IDENTITIES[:12]
    wanted = {f"{name}.obj" for name in (ict_facekit.TEMPLATE.removesuffix(".obj"), *identities, *ICT_EXPRESSIONS)}
    with tarfile.open(data_folder / "ict_facekit" / "FaceXModel.tar.xz") as archive:
        archive.extractall(folder, (member for member in archive if member.name.split("/")[-1] in wanted), filter="data")

    def paint(vertices, *_):
        random = np.random.default_rng(0)
        return albedo.Albedo(random.uniform(size=vertices.shape), random.normal(0., .1, [3, *vertices.shape]), ("a", "b", "c"),
                             np.zeros([1, 3]))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ict_facekit, "IDENTITIES", identities)
        patch.setattr(ict_facekit, "EXPRESSIONS", ICT_EXPRESSIONS)
        patch.setattr(albedo, "paint", paint)
        return morphable.load(folder)
