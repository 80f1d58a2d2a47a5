"""The Noise page in a napari window: it goes on, and ends, with its dock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psutil
import pytest

from napari_divnoise.noise import GaussianNoiseModel
from napari_divnoise.session import session_of
from napari_divnoise.widgets import _noise_bootstrap
from napari_divnoise.widgets._processes import start_process
from napari_divnoise.widgets.workflow import NOISE, TRAIN

from .test_workflow import dock

if TYPE_CHECKING:
    import subprocess

    import numpy as np


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """The processes that are started, really, and remembered."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(*args: Any, **kwargs: Any) -> subprocess.Popen[bytes]:
        processes.append(start_process(*args, **kwargs))
        return processes[-1]

    monkeypatch.setattr(_noise_bootstrap, "start_process", start)
    return processes


@pytest.mark.parametrize("closes", ["the dock", "napari"])
def test_closing_ends_the_process(
    make_napari_viewer: Any,
    noisy: np.ndarray[Any, Any],
    until: Any,
    started: list[subprocess.Popen[bytes]],
    closes: str,
) -> None:
    viewer = make_napari_viewer()
    viewer.add_image(noisy, name="cells")
    session, widget = session_of(viewer), dock(viewer)
    until(lambda: session.images is not None)
    widget.show_page(NOISE)
    widget.noise_page.run_row.start_button.click()
    work = widget.noise_page.work._work
    until(lambda: started)
    assert psutil.pid_exists(started[0].pid)
    if closes == "the dock":
        viewer.window.remove_dock_widget(widget)
    del widget
    if closes == "napari":
        viewer.close()
    until(lambda: started[0].poll() is not None)
    until(lambda: not work.is_running)
    assert session.noise_model is None


def test_continue_anyway_goes_on(
    make_napari_viewer: Any, noisy: np.ndarray[Any, Any], until: Any
) -> None:
    viewer = make_napari_viewer()
    viewer.add_image(noisy, name="cells")
    widget = dock(viewer)
    until(lambda: widget.session.images is not None)
    widget.show_page(NOISE)
    widget.session.noise_model = GaussianNoiseModel(1.0, 0.0, 1.0, (1e4, 2e4))
    until(lambda: widget.reason.text().startswith("This noise model is poor"))
    assert not widget.next_button.isEnabled()
    widget.noise_page.view.accept_button.click()
    assert widget.page == TRAIN
    widget.show_page(NOISE)
    assert widget.next_button.isEnabled()
