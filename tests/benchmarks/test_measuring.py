"""What is measured by turns."""
import numpy as np

from benchmarks import measuring


def test_functions_are_called_by_turns_and_two_rounds_do_not_count(monkeypatch):
    calls, clock = [], iter(np.arange(100.)**2)
    monkeypatch.setattr(measuring.time, "perf_counter", lambda: next(clock))
    found = measuring.medians({name: lambda name=name: calls.append(name) for name in "ab"}, rounds=3)
    assert calls == list("ababababab")
    # Call i begins at (2 i)^2 and ends at (2 i + 1)^2: it takes 4 i + 1 seconds; the middle ones that count are i = 6 and 7.
    assert found == {"a": 25., "b": 29.}
