"""What tests of the renderer may ask for."""
import dataclasses

import numpy as np
import pytest
import trimesh

from morph3d.mesh import uv_atlas
from morph3d.mesh.mesh import Mesh


@pytest.fixture
def tensorflow_graphics():
    pytest.importorskip("tensorflow_graphics.rendering", reason="needs `pip install --no-deps tensorflow-graphics`")


@pytest.fixture(scope="session")
def egg():
    """A Mesh with uvs, of which every vertex has another color."""
    sphere = trimesh.creation.icosphere(subdivisions=3)
    colors = np.random.default_rng(0).uniform(size=sphere.vertices.shape)
    mesh = Mesh(sphere.vertices * [80., 110., 95.], sphere.faces, colors)
    return dataclasses.replace(mesh, uvs=uv_atlas.build(mesh))
