"""The stopwatch that shows where a program's time goes."""
import collections
import re
import threading
import time

import pytest

from morph3d import stopwatch


@pytest.fixture(autouse=True)
def seconds(monkeypatch):
    found = collections.Counter()
    monkeypatch.setattr(stopwatch, "_seconds", found)
    return found


def test_a_part_has_all_its_blocks_those_of_other_threads_too(seconds):
    def work():
        for _ in range(3):
            with stopwatch.timed("work"):
                time.sleep(.02)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seconds["work"] >= 12 * .02 and list(seconds) == ["work"]


def test_a_block_that_fails_counts_too(seconds):
    with pytest.raises(ValueError), stopwatch.timed("work"):
        time.sleep(.02)
        raise ValueError
    assert seconds["work"] >= .02


def test_parts_are_told_in_their_order(seconds, monkeypatch):
    said = []
    monkeypatch.setattr(stopwatch.logging, "debug", lambda words, *values: said.append(words % values))
    seconds |= {"network": 1.5, "detection": .25}
    stopwatch.tell()
    assert re.fullmatch(r"[\d.]+ s, of which, some at the same time: network 1.50 s, detection 0.25 s", said[0])
