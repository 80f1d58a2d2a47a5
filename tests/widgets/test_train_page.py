"""The Train page and the trainer behind it: start, watch, pause, stop, keep."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from napari_divnoise.images import open_images
from napari_divnoise.runs import RunConfig, RunFolder, load_model
from napari_divnoise.session import Source, Training, session_of
from napari_divnoise.widgets._looking import renamed
from napari_divnoise.widgets._trainer import Trainer
from napari_divnoise.widgets._training import Order
from napari_divnoise.widgets.train_page import TrainPage, running_trainings

from .test_health import progress
from .test_training import LONG, TINY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from napari.components import ViewerModel
    from pytestqt.qtbot import QtBot
    from qtpy.QtWidgets import QMessageBox

    from napari_divnoise.session import Session


@pytest.fixture
def session(viewer: ViewerModel, noisy: np.ndarray[Any, Any]) -> Session:
    layer = viewer.add_image(noisy, name="cells", scale=(0.5, 0.5))
    session = session_of(viewer)
    session.axes = "YX"
    session.sources = (Source.of_layer(layer),)
    session.images = renamed(open_images(noisy, axes="YX"), ("cells",))
    session.noise_model = "learn"
    return session


@pytest.fixture
def trainer(viewer: ViewerModel, session: Session, until: Any) -> Iterator[Trainer]:
    trainer = Trainer(viewer)
    yield trainer
    work = trainer._work
    if work is not None and work.is_running:
        trainer.stop(keep=False)
        until(lambda: not work.is_running)


@pytest.fixture
def page(qtbot: QtBot, session: Session, trainer: Trainer, until: Any) -> TrainPage:
    page = TrainPage(session, trainer)
    qtbot.addWidget(page)
    until(lambda: page.device_name)
    return page


def order_of(session: Session, run: Path, settings: dict[str, Any]) -> Order:
    return Order(
        run=run,
        mode="new",
        config=RunConfig(
            preset="quick", device="cpu", previews=True, settings=settings
        ),
        images=session.images,
        noise_model="learn",
        source=session.sources[0],
        in_process=True,
    )


def answer(box: QMessageBox, text: str) -> None:
    next(b for b in box.buttons() if b.text() == text).click()


def test_a_training_fills_page_session_and_viewer(
    page: TrainPage,
    trainer: Trainer,
    session: Session,
    viewer: ViewerModel,
    home: Path,
    until: Any,
) -> None:
    assert page.why_not_start() == ""
    assert page.reason() == "Train a network, or drop a model file on napari."
    trainer.start(order_of(session, home / "run-1", TINY))
    assert session.training.activity == "preparing"
    assert page.start_button.isHidden()
    assert page.reason() == "Wait for the training, or stop it and keep the model."
    until(lambda: not session.training.is_active)
    assert session.training.outcome == "done"
    assert session.model is not None
    assert page.progress.plot.n_points() == len(session.history) > 0
    assert page._outcome.text() == "Done. The best network is ready."
    assert not page.denoise_button.isHidden()
    assert page.reason() == ""
    preview = viewer.layers["preview – run-1"]
    np.testing.assert_allclose(preview.scale[-2:], (0.5, 0.5))


def test_stopping_asks_and_keeping_keeps(
    page: TrainPage, trainer: Trainer, session: Session, home: Path, until: Any
) -> None:
    trainer.start(order_of(session, home / "run", LONG))
    until(lambda: session.training.activity == "running")
    box = page.ask_to_stop()
    answer(box, "Go on training")
    assert session.training.activity == "running"
    answer(page.ask_to_stop(), "Keep model")
    assert session.training.activity == "stopping"
    assert not page.stop_button.isEnabled()
    until(lambda: not session.training.is_active)
    assert session.training.outcome == "stopped"
    assert session.model is not None


def test_discarding_forgets_the_model(
    page: TrainPage, trainer: Trainer, session: Session, home: Path, until: Any
) -> None:
    trainer.start(order_of(session, home / "run", LONG))
    until(lambda: session.training.activity == "running")
    answer(page.ask_to_stop(), "Discard")
    until(lambda: not session.training.is_active)
    assert session.training.outcome == "discarded"
    assert session.model is None


def test_stopping_before_it_has_begun(
    trainer: Trainer, session: Session, home: Path, until: Any
) -> None:
    trainer.start(order_of(session, home / "run", LONG))
    trainer.stop(keep=True)
    until(lambda: not session.training.is_active)
    assert session.training.outcome == "stopped"


def test_pausing_and_going_on(
    page: TrainPage, trainer: Trainer, session: Session, home: Path, until: Any
) -> None:
    trainer.start(order_of(session, home / "run", LONG))
    until(lambda: session.training.activity == "running")
    page.pause_button.click()
    until(lambda: session.training.activity == "paused")
    assert page.pause_button.text() == "Go on"
    assert trainer.status()[0].startswith("Paused run")
    page.pause_button.click()
    until(lambda: session.training.activity == "running")


def test_a_deleted_image_does_not_disturb_the_training(
    trainer: Trainer, session: Session, viewer: ViewerModel, home: Path, until: Any
) -> None:
    trainer.start(order_of(session, home / "run", LONG))
    until(lambda: session.training.activity == "running")
    viewer.layers.clear()
    session.images = None
    n_before = len(session.history)
    until(lambda: len(session.history) > n_before)
    trainer.stop(keep=True)
    until(lambda: session.model is not None)


def test_a_run_that_exists_is_told_and_nothing_is_lost(
    trainer: Trainer, session: Session, home: Path, until: Any
) -> None:
    folder = RunFolder(home / "run")
    folder.create(RunConfig())
    folder.announce("started", step=0)
    problems: list[Any] = []
    trainer.failed.connect(problems.append)
    trainer.start(order_of(session, home / "run", TINY))
    until(lambda: not session.training.is_active)
    assert problems[0].title == "This run already exists"
    assert session.training.outcome == "failed"
    assert folder.events()[0]["event"] == "started"


def test_a_full_disk_is_told_in_words(
    trainer: Trainer,
    session: Session,
    home: Path,
    until: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_room(*_arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(RunFolder, "hand_over", no_room)
    problems: list[Any] = []
    trainer.failed.connect(problems.append)
    trainer.start(order_of(session, home / "run", TINY))
    until(lambda: problems)
    assert problems[0].title == "The disk is full"


def test_two_trainings_at_once_are_refused(
    trainer: Trainer, session: Session, home: Path, until: Any
) -> None:
    trainer.start(order_of(session, home / "run", LONG))
    with pytest.raises(RuntimeError, match="stop it first"):
        trainer.start(order_of(session, home / "other", LONG))


def test_a_broken_off_run_can_be_resumed_from_the_page(
    page: TrainPage, trainer: Trainer, session: Session, home: Path, until: Any
) -> None:
    run = page.form.folder()
    trainer.start(order_of(session, run, LONG))
    until(lambda: session.training.activity == "running")
    trainer.stop(keep=True)
    until(lambda: not session.training.is_active)
    page.form.run_name.setText(run.name)
    assert not page.resume_button.isHidden()
    assert "choose another name" in page._why.text()
    assert not page.start_button.isEnabled()


def test_without_images_or_noise_model_the_reason_is_given(
    page: TrainPage, session: Session
) -> None:
    session.noise_model = None
    assert page.why_not_start().startswith("Decide about the noise model")
    session.method = "vae"
    assert page.why_not_start() == ""
    session.images = None
    assert page.why_not_start().startswith("Choose images")
    assert not page.start_button.isEnabled()


def test_the_health_of_the_training_is_said(page: TrainPage, session: Session) -> None:
    session.history.append(progress(1000, rate=0.0))
    session.training = Training("running", progress=session.history[-1])
    assert "identical" in page.progress.health.text()
    assert page.progress.health.property("tone") == "warning"
    message = "memory ran out: going on with 4 patches"
    session.training = replace(session.training, message=message)
    assert page.progress.health.text() == message


def test_a_page_opened_again_shows_the_whole_curve(
    qtbot: QtBot, session: Session, trainer: Trainer
) -> None:
    session.history.extend(progress(n) for n in range(1, 50))
    session.training = Training("paused", progress=session.history[-1])
    page = TrainPage(session, trainer)
    qtbot.addWidget(page)
    assert page.progress.plot.n_points() == 49
    assert page.pause_button.text() == "Go on"


def test_a_network_can_be_used_before_the_training_ends(
    qtbot: QtBot, page: TrainPage, session: Session
) -> None:
    session.history.append(progress(10))
    session.training = Training("running", progress=session.history[-1])
    assert page.progress.use_button.isHidden()
    session.training = replace(session.training, has_model=True)
    with qtbot.waitSignal(page.useClicked):
        page.progress.use_button.click()


def test_a_model_is_saved_to_a_file(
    page: TrainPage, session: Session, model: Any, tmp_path: Path, until: Any
) -> None:
    session.model = model
    path = tmp_path / "mine.divnoise"
    page.save(str(path))
    until(path.exists)
    assert load_model(path).hash == model.hash


def test_trainings_that_are_running_are_found(home: Path) -> None:
    runs = home / "divnoise-runs"
    assert running_trainings(runs) == []
    idle, busy = RunFolder(runs / "idle"), RunFolder(runs / "busy")
    for folder in (idle, busy):
        folder.create(RunConfig())
        folder.announce("started", step=0)
    (runs / "notes").mkdir()
    with busy.locked():
        assert running_trainings(runs) == [busy.path]
