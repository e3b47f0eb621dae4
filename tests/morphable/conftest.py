"""A head for all tests of painting, and its albedo as the package makes it, which takes some seconds: once."""
import pytest

from morph3d.morphable import albedo
from tests.morphable import ellipsoid_head


@pytest.fixture(scope="session")
def head():
    return ellipsoid_head.build()


@pytest.fixture(scope="session")
def painted_by_default(head):
    """Of as many people, and with as many modes, as the package takes."""
    return albedo.paint(*head[:3])
