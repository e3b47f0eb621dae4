"""What the tests of exported networks share."""
import pytest


@pytest.fixture(scope="module")
def saved(network, tmp_path_factory):
    """The folder of a SavedModel of the `network` of the module that asks."""
    from morph3d.inference import export
    folder = tmp_path_factory.mktemp("export") / "saved_model"
    export.save(network, folder)
    return folder
