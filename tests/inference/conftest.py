"""What the tests of exported networks and of pages share."""
import json
import os
import pathlib
import subprocess

import pytest


@pytest.fixture(scope="module")
def saved(network, tmp_path_factory):
    """The folder of a SavedModel of the `network` of the module that asks."""
    from morph3d.inference import export
    folder = tmp_path_factory.mktemp("export") / "saved_model"
    export.save(network, folder)
    return folder


@pytest.fixture(scope="session")
def browse(npm):
    """A function that does steps in the page of an address, in a window of some size, and tells what came of them: browser.js."""
    folder = npm("@sparticuz/chromium@147.0.0", "puppeteer-core@24.43.1")

    def browse(address, *steps, size=(900, 600)):
        command = ["node", str(pathlib.Path(__file__).with_name("browser.js")), address, *map(str, size), *steps]
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"NODE_PATH": str(folder / "node_modules")})
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return browse
