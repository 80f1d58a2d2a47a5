from __future__ import annotations

import subprocess
import sys

import pytest

from napari_divnoise.networks import keep_freed_memory

PROGRAM = """
import resource, sys
import numpy as np
from napari_divnoise.networks import keep_freed_memory
if sys.argv[1] == "kept":
    assert keep_freed_memory()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(3):
    held = [np.ones(1 << 20) for _ in range(2)]
    del held
before = faults()
for _ in range(20):
    held = [np.ones(1 << 20) for _ in range(2)]
    del held
print(faults() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's mallopt")
def test_freed_memory_is_not_cleared_again_by_the_system() -> None:
    def page_faults(how: str) -> int:
        words = [sys.executable, "-c", PROGRAM, how]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        return int(done.stdout)

    if not keep_freed_memory():
        pytest.skip("this C library has no mallopt")
    assert page_faults("kept") < 0.1 * page_faults("returned")
