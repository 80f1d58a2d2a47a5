"""What every test may ask for, and what every test must leave behind: nothing."""

from __future__ import annotations

import os

# Before anything loads torch or a BLAS: a test may not take the whole machine, and
# sums come out in the same order on all of them.
os.environ.setdefault("OMP_NUM_THREADS", "2")

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[1]


@pytest.fixture
def divnoise_data() -> Path:
    """The folder of real images; the test is skipped where there is none."""
    folder = Path(
        os.environ.get("DIVNOISE_DATA", ROOT.parent / "shared" / "data")
    ).expanduser()
    if not folder.is_dir():
        pytest.skip(f"no real images: DIVNOISE_DATA names {folder}, which is no folder")
    return folder


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    """A path for a run folder; nothing is there yet."""
    return tmp_path / "run"


@dataclass(frozen=True)
class Told:
    """What a person at a shell was told.

    Attributes
    ----------
    status : int
        Exit status.
    error : str
        The line that begins with "error: ", or "".
    notes : str
        All that was said besides the results.
    """

    status: int
    error: str
    notes: str


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Callable[..., Told]:
    """Run a divnoise command: at most one line of error, and never a traceback."""
    from napari_divnoise.cli import run

    def tell(*words: object) -> Told:
        capsys.readouterr()
        status = run([str(word) for word in words])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        errors = [line for line in err.splitlines() if line.startswith("error: ")]
        assert len(errors) <= 1
        return Told(status, "".join(errors), err)

    return tell


@pytest.fixture(autouse=True)
def _nothing_left_running() -> Iterator[None]:
    """Fail the test that leaves a trainer process or a Qt worker behind."""
    before = _trainers()
    yield
    left = {
        process: words
        for process, words in _trainers().items()
        if process not in before
    }
    _, alive = psutil.wait_procs(left, timeout=5)
    for process in alive:
        process.kill()
    if alive:
        commands = [" ".join(left[process]) for process in alive]
        pytest.fail(f"the test left these processes running: {commands}")
    if not _qt_workers_done(timeout_ms=5000):
        pytest.fail("the test left a worker running in Qt's thread pool")


def _trainers() -> dict[psutil.Process, list[str]]:
    """Our own programs among this process's descendants, each with its command."""
    found = {}
    for process in psutil.Process().children(recursive=True):
        try:
            words = process.cmdline()
        except psutil.Error:
            continue
        if "napari_divnoise" in words or any(
            Path(word).name == "divnoise" for word in words[:2]
        ):
            found[process] = words
    return found


def _qt_workers_done(timeout_ms: int) -> bool:
    """Whether Qt's thread pool, where napari's workers live, has come to rest."""
    core = sys.modules.get("qtpy.QtCore")
    return core is None or core.QThreadPool.globalInstance().waitForDone(timeout_ms)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs CUDA where there is none."""
    marked = [item for item in items if item.get_closest_marker("gpu")]
    if not marked:
        return
    import torch

    if not torch.cuda.is_available():
        for item in marked:
            item.add_marker(pytest.mark.skip(reason="needs CUDA, which torch misses"))
