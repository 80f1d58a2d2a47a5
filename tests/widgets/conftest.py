"""What the docks are tested with: a viewer without a window, a tiny trained model."""

from __future__ import annotations

import os

os.environ.setdefault("QT_API", "pyqt6")

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.utils.notifications import notification_manager

from napari_divnoise.widgets import _denoiser, _trainer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from napari_divnoise.runs import Model
    from napari_divnoise.session import Session

PATIENCE_MS = 30_000
Until = "Callable[[Callable[[], object]], None]"


@pytest.fixture
def viewer() -> ViewerModel:
    """A viewer without a window: everything the pages ask for is in the model."""
    return ViewerModel()


@pytest.fixture
def until(qtbot: QtBot) -> Callable[[Callable[[], object]], None]:
    """Run the event loop until something is true; fail after half a minute."""

    def wait(is_true: Callable[[], object]) -> None:
        qtbot.waitUntil(lambda: bool(is_true()), timeout=PATIENCE_MS)

    return wait


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """Networks this small lose more than they gain by waiting for a second thread."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plugin_settings: None
) -> Path:
    """A home folder of the test's own: runs and noise models are kept there."""
    del plugin_settings
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))
    monkeypatch.setenv("DIVNOISE_LIBRARY", str(folder / "noise-models"))
    return folder


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show progress more often than a person needs it: tests wait for each report."""
    monkeypatch.setattr(_trainer, "SHOWS_PER_SECOND", 30)
    monkeypatch.setattr(_denoiser, "SHOWS_PER_SECOND", 30)


@pytest.fixture(autouse=True)
def _no_traceback_on_the_screen() -> Iterator[None]:
    """Fail the test in which napari shows an exception to the person."""
    shown: list[Any] = []

    def note(notification: Any) -> None:
        if getattr(notification, "exception", None) is not None:
            shown.append(notification)

    notification_manager.notification_ready.connect(note)
    yield
    notification_manager.notification_ready.disconnect(note)
    assert not shown


@pytest.fixture
def noisy() -> np.ndarray[Any, Any]:
    """64x64 pixels of bright discs under Poisson noise, uint16."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:64, :64]
    signal = 100.0 + 60 * (np.hypot(y % 32 - 16, x % 32 - 16) < 9)
    return rng.poisson(signal).astype(np.uint16)


@pytest.fixture(scope="session")
def model() -> Model:
    """A model whose network has never learned: every part of it works all the same."""
    import torch

    from napari_divnoise.images import Normalization
    from napari_divnoise.networks import DivNoising
    from napari_divnoise.noise import GaussianNoiseModel
    from napari_divnoise.runs import Model
    from napari_divnoise.training import TrainingConfig

    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = DivNoising(n_filters=4, z_channels=4)
    return Model(
        network=network.eval().requires_grad_(requires_grad=False),
        normalization=Normalization(120.0, 30.0),
        noise_model=GaussianNoiseModel(1.0, 0.0, 1.0, (90.0, 170.0)),
        config=TrainingConfig(n_filters=4, z_channels=4),
        record={"step": 7, "images": {"range": [60.0, 220.0]}},
    )


@pytest.fixture
def denoiser(
    viewer: ViewerModel, session: Session, until: Any
) -> Iterator[_denoiser.Denoiser]:
    """Denoises for the viewer's session, and comes to rest in the end."""
    denoiser = _denoiser.Denoiser(viewer)
    yield denoiser
    denoiser.cancel()
    until(lambda: not denoiser.is_running)
    if denoiser.results is not None and denoiser.results.samples is not None:
        denoiser.results.samples.close()
