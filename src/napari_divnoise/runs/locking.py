"""One writer per run folder, by a lock that the system drops when its owner dies."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _take(file: IO[bytes]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _take(file: IO[bytes]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)


class LockedError(OSError):
    """Another process writes to this run folder."""


@contextmanager
def locked(path: Path, *, patience_s: float = 1.0) -> Iterator[None]:
    """Hold the lock file `path` inside a ``with`` block.

    Parameters
    ----------
    path : Path
        The lock file; made if it is not there, and left behind, which means nothing:
        the lock is the system's, not the file's.
    patience_s : float
        How long to wait for another owner, in seconds. `is_locked` takes the lock for
        an instant, so a little patience is needed.

    Raises
    ------
    LockedError
        If another process, or another part of this one, holds the lock.
    """
    deadline = time.monotonic() + patience_s
    with path.open("ab") as file:
        while True:
            try:
                _take(file)
                break
            except OSError as error:
                if time.monotonic() > deadline:
                    raise LockedError(
                        f"{path.parent} is being written by another training: stop "
                        "that one first, or choose another run folder"
                    ) from error
                time.sleep(0.05)
        yield


def is_locked(path: Path) -> bool:
    """Tell whether somebody holds the lock file `path` now."""
    if not path.exists():
        return False
    try:
        with path.open("ab") as file:
            _take(file)
    except OSError:
        return True
    return False
