"""What tests of the renderer may ask for."""
import pytest


@pytest.fixture
def tensorflow_graphics():
    pytest.importorskip("tensorflow_graphics.rendering", reason="needs `pip install --no-deps tensorflow-graphics`")
