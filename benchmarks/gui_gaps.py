"""How long the window stands still while it trains and samples.

Opens napari with the dock, lets it idle, trains, then samples, and asks a 5 ms timer
how late it fires; with --slots it times every call that Qt makes into our code, too.

    xvfb-run -a -s "-screen 0 1600x1000x24" python benchmarks/gui_gaps.py --seconds 60
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

INTERVAL_MS = 5
LONGEST_SLOT_S = 0.016
OURS = str(Path("napari_divnoise") / "widgets")


class Probe:
    """A timer that notes how long after the last time it fires."""

    def __init__(self) -> None:
        from qtpy.QtCore import Qt, QTimer

        self.gaps: list[float] = []
        self._last = time.perf_counter()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start(INTERVAL_MS)

    def _tick(self) -> None:
        now = time.perf_counter()
        self.gaps.append(now - self._last)
        self._last = now

    def read(self) -> str:
        """Return the gaps since the last reading, in words."""
        gaps = 1000 * np.array(self.gaps)
        self.gaps = []
        return (
            f"longest {gaps.max():6.1f} ms, 99th percentile "
            f"{np.percentile(gaps, 99):5.1f} ms, median {np.median(gaps):4.1f} ms"
        )


class Slots:
    """Times the outermost call into our widgets, on the main thread."""

    def __init__(self) -> None:
        self.longest: dict[str, float] = defaultdict(float)
        self._depth = 0
        self._start = 0.0

    def __call__(self, frame: FrameType, event: str, _arg: Any) -> None:
        """Be told by the interpreter of every call and return."""
        if event not in ("call", "return") or OURS not in frame.f_code.co_filename:
            return
        if event == "call":
            if self._depth == 0:
                self._start = time.perf_counter()
            self._depth += 1
        elif self._depth:
            self._depth -= 1
            if self._depth == 0:
                name = frame.f_code.co_qualname
                took = time.perf_counter() - self._start
                self.longest[name] = max(self.longest[name], took)

    def read(self) -> str:
        """Return the slowest slots, in words."""
        slowest = sorted(self.longest.items(), key=lambda item: -item[1])[:6]
        self.longest.clear()
        return ", ".join(f"{name} {1000 * s:.1f} ms" for name, s in slowest)


def main() -> None:
    """Read the command line, drive the window, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--slots", action="store_true", help="time our slots, too")
    wanted = parser.parse_args()
    # Runs are kept below the home folder, settings in napari's: neither is touched.
    os.environ["HOME"] = tempfile.mkdtemp()
    import napari
    from qtpy.QtWidgets import QApplication

    from napari_divnoise.widgets.workflow import WorkflowWidget

    viewer = napari.Viewer()
    dock = WorkflowWidget(viewer)
    viewer.window.add_dock_widget(dock, name="DivNoise")
    viewer.open_sample("napari-divnoise", "synthetic_cells")
    application = QApplication.instance()

    def spend(seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and not until():
            application.processEvents()
            time.sleep(0.0005)

    spend(5)
    probe, slots = Probe(), Slots()
    if wanted.slots:
        sys.setprofile(slots)
    measure = Measure(spend, probe, slots, wanted.seconds)
    measure("idle")
    drive(dock, measure, spend)
    sys.setprofile(None)
    viewer.close()


def drive(dock: Any, measure: Measure, spend: Callable[..., None]) -> None:
    """Click through noise, training and sampling, and measure the last two."""
    session = dock.session
    spend(60, lambda: session.images is not None and dock.data_page.reason() == "")
    dock.show_page(1)
    dock.noise_page.choose_way("learn")
    spend(20, lambda: dock.noise_page.reason() == "")
    dock.show_page(2)
    spend(30, dock.train_page.start_button.isEnabled)
    dock.train_page.start_button.click()
    spend(60, lambda: session.training.is_active and dock.status.isVisible())
    spend(15)  # torch is imported by the other process
    measure("training")
    dock.trainer.stop(keep=True)
    spend(60, lambda: not session.training.is_active)
    spend(30, lambda: session.model is not None)
    dock.show_page(3)
    dock.denoise_page.n_samples.setValue(100_000)
    dock.denoise_page.run_button.click()
    spend(60, lambda: dock.denoiser.results is not None)
    measure("sampling")
    dock.denoiser.cancel()
    spend(20, lambda: not dock.denoiser.is_running)


class Measure:
    """Spends the time of one phase and prints its figures."""

    def __init__(
        self, spend: Callable[..., None], probe: Probe, slots: Slots, seconds: float
    ) -> None:
        self._spend, self._probe, self._slots = spend, probe, slots
        self._seconds = seconds

    def __call__(self, phase: str, until: Callable[[], bool] = lambda: False) -> None:
        """Run one phase."""
        self._probe.read() if self._probe.gaps else None
        self._slots.longest.clear()
        self._spend(self._seconds, until)
        print(f"{phase:>9}: {self._probe.read()}")
        if slowest := self._slots.read():
            print(f"           our slowest slots: {slowest}", flush=True)


if __name__ == "__main__":
    main()
