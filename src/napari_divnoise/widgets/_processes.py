"""Our own command line as a process: beside the window, and kind to it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil

from ._work import NICENESS

LAST_LINES = 30


def can_start_processes() -> bool:
    """Whether `sys.executable` is a Python; inside an application it may not be."""
    return Path(sys.executable).stem.lower().startswith("python")


def start_process(
    arguments: list[str], *, says: Path | None, words: Path, outlives: bool
) -> subprocess.Popen[bytes]:
    """Start ``python -m napari_divnoise`` with `arguments`, at low priority.

    Parameters
    ----------
    arguments : list of str
        The command and its options.
    says : Path, optional
        File that takes its standard output; by default it goes nowhere.
    words : Path
        File that takes its standard error.
    outlives : bool
        Whether it is to go on when this process ends.
    """
    output = Path(os.devnull) if says is None else says
    with output.open("wb") as out, words.open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, "-m", "napari_divnoise", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            env=_environment(),
            start_new_session=outlives and sys.platform != "win32",
            creationflags=_flags(outlives),
        )
    if sys.platform != "win32":
        # The window goes first.
        os.setpriority(os.PRIO_PROCESS, process.pid, NICENESS)
    return process


def end_process(process: subprocess.Popen[bytes]) -> None:
    """End a process that nobody waits for any more, at once, and leave no zombie."""
    if process.poll() is None:
        process.kill()
    process.wait()


def last_words(*files: Path) -> str:
    """Return the last lines of what was written into `files`, in their order."""
    known = [path for path in files if path.exists()]
    text = "".join(path.read_text("utf-8", errors="replace") for path in known)
    return "\n".join(text.splitlines()[-LAST_LINES:])


def _flags(outlives: bool) -> int:
    """Return what Windows needs for a process that is kind, and may outlive us."""
    if sys.platform != "win32":
        return 0
    kind = subprocess.CREATE_NO_WINDOW | subprocess.BELOW_NORMAL_PRIORITY_CLASS
    return kind | (subprocess.CREATE_NEW_PROCESS_GROUP if outlives else 0)


def _environment() -> dict[str, str]:
    """Return the environment, with this package where Python looks for it.

    One core is left to the window. Not for its sake alone: the threads of a step wait
    for one another, and where one has to share its core, all are slowed down, many
    times over.
    """
    package = str(Path(__file__).parents[2])
    known = os.environ.get("PYTHONPATH", "")
    paths = [package, *(path for path in known.split(os.pathsep) if path)]
    n_cores = psutil.cpu_count(logical=False) or os.cpu_count() or 2
    return {
        "OMP_NUM_THREADS": str(max(n_cores - 1, 1)),
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
    }
