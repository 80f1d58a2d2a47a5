"""A run folder has one writer, and a dead one does not count."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from napari_divnoise.runs.locking import LockedError, is_locked, locked

if TYPE_CHECKING:
    from pathlib import Path


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not is_locked(path)
    with locked(path):
        assert is_locked(path)
        with pytest.raises(LockedError, match="another run folder"):  # noqa: SIM117
            with locked(path, patience_s=0.1):
                pass
    assert not is_locked(path)


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    code = (
        "import pathlib, sys, time; from napari_divnoise.runs.locking import locked\n"
        "with locked(pathlib.Path(sys.argv[1])):\n"
        "    sys.stdout.write('held\\n'); sys.stdout.flush(); time.sleep(60)"
    )
    words = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert is_locked(path)
        child.kill()
    with locked(path):
        pass
