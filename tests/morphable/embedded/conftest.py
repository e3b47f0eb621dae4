"""The human head, its mesh and random people, which several of these tests look at."""
import pytest

from morph3d.morphable.embedded import human_head, people, topology


@pytest.fixture(scope="session")
def head():
    return human_head.read()


@pytest.fixture(scope="session")
def mesh():
    return topology.build()


@pytest.fixture(scope="session")
def published(head, mesh):
    """[V, 3] mm: the mesh of the head as it was published."""
    return mesh.matrix @ head.vertices


@pytest.fixture(scope="session")
def crowd():
    """300 random People."""
    return people.draw(300, seed=7)


@pytest.fixture(scope="session")
def crowd_vertices(crowd, mesh):
    """[300, V, 3] mm: their meshes, float32."""
    return (mesh.matrix.astype("f4") @ crowd.cages.transpose(1, 0, 2).reshape(mesh.matrix.shape[1], -1).astype("f4")).reshape(
        -1, len(crowd.cages), 3).transpose(1, 0, 2)
