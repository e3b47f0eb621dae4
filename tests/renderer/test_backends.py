"""Who renders: the compiled ops, unless there are none or an accelerator is better."""
import logging

import pytest
import tensorflow as tf

from morph3d.renderer import backends, native, portable


@pytest.fixture(autouse=True)
def nothing_remembered():
    """What `ops` remembers is of this machine, not of the test's, and the other way round."""
    backends.ops.cache_clear()
    yield
    backends.ops.cache_clear()


@pytest.fixture
def no_compiled_ops(monkeypatch):
    def refuse():
        raise ImportError("no renderer for this TensorFlow")
    monkeypatch.setattr(native, "ops", refuse)


def see_devices(monkeypatch, *kinds):
    devices = [tf.config.PhysicalDevice(f"/physical_device:{kind}:0", kind) for kind in kinds]
    monkeypatch.setattr(tf.config, "get_visible_devices", lambda kind=None: devices)


def lines(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def test_by_itself_the_compiled_ops_render_on_a_cpu(monkeypatch, caplog):
    see_devices(monkeypatch, "CPU")
    assert backends.ops() is native.ops()
    assert not lines(caplog)


def test_by_itself_tensorflow_renders_where_there_are_no_compiled_ops_and_says_why_once(monkeypatch, caplog, no_compiled_ops):
    see_devices(monkeypatch, "CPU")
    assert backends.ops() is portable and backends.ops() is portable
    assert lines(caplog) == ["rendering with TensorFlow's own ops: no renderer for this TensorFlow"]


@pytest.mark.parametrize("kind", ["GPU", "TPU"])
def test_by_itself_tensorflow_renders_on_an_accelerator_and_says_so_once(monkeypatch, caplog, kind):
    see_devices(monkeypatch, "CPU", kind)
    assert backends.ops() is portable and backends.ops() is portable
    where = f"/physical_device:{kind}:0"
    assert lines(caplog) == [f"rendering with TensorFlow's own ops: they run on {where}, the compiled ones do not"]


def test_what_is_asked_for_by_name_renders_and_nothing_is_said(monkeypatch, caplog):
    see_devices(monkeypatch, "CPU", "GPU")
    assert backends.ops("native") is native.ops() and backends.ops("tensorflow") is portable
    assert not lines(caplog)


def test_compiled_ops_asked_for_by_name_that_cannot_be_loaded_are_an_error(no_compiled_ops):
    with pytest.raises(ImportError, match="no renderer for this TensorFlow"):
        backends.ops("native")


def test_another_name_is_refused():
    with pytest.raises(ValueError, match='backend must be "auto", "native" or "tensorflow", but is \'cuda\''):
        backends.ops("cuda")
