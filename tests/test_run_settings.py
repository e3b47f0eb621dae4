"""Settings are kept, and only the same are gone on with."""
import pytest

from morph3d import run_settings


def test_work_goes_on_with_the_settings_it_began_with_only(tmp_path):
    path = tmp_path / "settings.json"
    run_settings.require_same(path, {"fingerprint": "a"}, ["fingerprint"])  # nothing there yet
    run_settings.write(path, {"fingerprint": "a", "seed": 1})
    assert run_settings.read(path) == {"fingerprint": "a", "seed": 1}
    run_settings.require_same(path, {"fingerprint": "a"}, ["fingerprint"])
    with pytest.raises(ValueError, match="settings.json: begun with fingerprint = 'a', but 'b' was asked for; give that again"):
        run_settings.require_same(path, {"fingerprint": "b"}, ["fingerprint"])
    with pytest.raises(ValueError, match="settings.json: begun by another version of this program, which did not note views"):
        run_settings.require_same(path, {"views": 3}, ["views"])


@pytest.mark.parametrize("content, message", [(None, "not found"), ("{", "no settings can be read from it"),
                                              ("[1]", "no settings can be read from it")])
def test_unreadable_settings_name_the_file(tmp_path, content, message):
    path = tmp_path / "settings.json"
    if content:
        path.write_text(content)
    with pytest.raises(ValueError, match=f"settings.json: {message}"):
        run_settings.read(path)
