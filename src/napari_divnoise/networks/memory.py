"""Keep the memory that one step frees for the next one."""

from __future__ import annotations

import ctypes
import sys
from functools import lru_cache

# Parameters of glibc's mallopt, from its malloc.h.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3
_LARGEST_THRESHOLD = 32 << 20
_KEPT = 512 << 20
_STEP = 32 << 20


@lru_cache(maxsize=1)
def keep_freed_memory() -> bool:
    """Tell the C library to keep up to half a gigabyte of freed memory.

    A step on the processor allocates and frees the same tensors of a few megabytes
    again and again. By default glibc hands them back to the system, which clears
    every page when it gives them out again: backward convolutions then take up to
    three times as long. This holds for the whole process, once, and only for glibc;
    elsewhere nothing is done.

    Returns
    -------
    bool
        Whether the C library listened.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    settings = (
        (_M_MMAP_THRESHOLD, _LARGEST_THRESHOLD),
        (_M_TRIM_THRESHOLD, _KEPT),
        (_M_TOP_PAD, _STEP),
    )
    answers = [mallopt(name, value) for name, value in settings]
    return answers == [1] * len(settings)
