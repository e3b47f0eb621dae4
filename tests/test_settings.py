"""Settings are kept, and only the same are gone on with."""
import pytest

from morph3d import settings


def test_work_goes_on_with_the_settings_it_began_with_only(tmp_path):
    path = tmp_path / "settings.json"
    settings.require_same(path, {"fingerprint": "a"}, ["fingerprint"])  # nothing there yet
    settings.write(path, {"fingerprint": "a", "seed": 1})
    assert settings.read(path) == {"fingerprint": "a", "seed": 1}
    settings.require_same(path, {"fingerprint": "a"}, ["fingerprint"])
    with pytest.raises(ValueError, match="settings.json: begun with fingerprint = 'a', but 'b' was asked for; give that again"):
        settings.require_same(path, {"fingerprint": "b"}, ["fingerprint"])


@pytest.mark.parametrize("content, message", [(None, "not found"), ("{", "not the settings of a run"),
                                              ("[1]", "not the settings of a run")])
def test_unreadable_settings_name_the_file(tmp_path, content, message):
    path = tmp_path / "settings.json"
    if content:
        path.write_text(content)
    with pytest.raises(ValueError, match=f"settings.json: {message}"):
        settings.read(path)
