"""Freed memory stays with the process, where the C library can be told so."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from osteocount.memory import keep_freed_memory


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc keeps it")
def test_a_map_as_large_as_the_one_that_was_freed_takes_no_new_memory():
    resource = pytest.importorskip("resource")
    keep_freed_memory()

    def new_pages() -> int:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        np.ones(3_000_000, np.float32)
        return int(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)

    new_pages()
    assert new_pages() < 300  # of the 2,900 that hold a map of 12 MB
