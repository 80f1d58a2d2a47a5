"""The training process is started, watched and steered through its folder."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections import deque
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
import pytest

from napari_divnoise.images import open_images
from napari_divnoise.noise import GaussianNoiseModel
from napari_divnoise.runs import RunConfig, RunExistsError, RunFolder
from napari_divnoise.widgets._errors import ReportedError, TrainerDiedError
from napari_divnoise.widgets._processes import can_start_processes
from napari_divnoise.widgets._training import Order, train

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

TINY: dict[str, Any] = {
    "n_steps": 20,
    "max_minutes": 5.0,
    "n_filters": 4,
    "z_channels": 4,
    "patch_size": 32,
    "batch_size": 2,
    "precision": "float32",
    "validate_every": 10,
}
LONG = {**TINY, "n_steps": 1_000_000}
PATIENCE_S = 60.0


def order_of(run: Path, pixels: Any, settings: dict[str, Any], **changes: Any) -> Order:
    config = RunConfig(preset="quick", device="cpu", previews=True, settings=settings)
    facts: dict[str, Any] = {
        "mode": "new",
        "config": config,
        "images": open_images(pixels, axes="YX"),
        "noise_model": "learn",
    }
    return Order(run=run, **{**facts, **changes})


def finish(training: Generator[None, None, Any]) -> Any:
    while True:
        try:
            next(training)
        except StopIteration as end:
            return end.value


def go_until(
    training: Generator[None, None, Any], is_true: Callable[[], object]
) -> None:
    end = time.monotonic() + PATIENCE_S
    while not is_true():
        assert time.monotonic() < end, "the training never came so far"
        next(training)


def kinds(news: deque[Any]) -> set[str]:
    return {event["event"] for event in news}


def trainer() -> psutil.Process:
    """Return the process that trains for this one."""
    children = psutil.Process().children(recursive=True)
    alive = (p for p in children if p.status() != psutil.STATUS_ZOMBIE)
    return next(p for p in alive if "napari_divnoise" in p.cmdline())


def test_in_the_thread_it_trains_and_tells_all(
    tmp_path: Path, noisy: np.ndarray[Any, Any]
) -> None:
    news: deque[Any] = deque()
    run = tmp_path / "run"
    model = finish(train(order_of(run, noisy, TINY, in_process=True), news))
    assert model.config.n_steps == 20
    assert kinds(news) >= {"started", "progress", "preview", "finished"}
    shapes = [event["views"].shape for event in news if "views" in event]
    assert shapes[-1] == (len(shapes), 4, 64, 64)
    np.testing.assert_array_equal(np.load(run / "images.npy")[0], noisy)


def test_the_noise_model_goes_along(
    tmp_path: Path, noisy: np.ndarray[Any, Any]
) -> None:
    given = GaussianNoiseModel(1.5, -20.0, 2.0, (80.0, 190.0))
    order = order_of(tmp_path / "run", noisy, TINY, noise_model=given, in_process=True)
    model = finish(train(order, deque()))
    assert model.noise_model.describe() == given.describe()


def test_a_folder_that_holds_a_run_is_left_alone(
    tmp_path: Path, noisy: np.ndarray[Any, Any]
) -> None:
    run = tmp_path / "run"
    finish(train(order_of(run, noisy, TINY, in_process=True), deque()))
    before = (run / "model.divnoise").read_bytes()
    with pytest.raises(RunExistsError, match="already holds a run"):
        finish(train(order_of(run, noisy, TINY, in_process=True), deque()))
    assert (run / "model.divnoise").read_bytes() == before


def test_a_resumed_run_tells_only_what_is_new(
    tmp_path: Path, noisy: np.ndarray[Any, Any]
) -> None:
    run = tmp_path / "run"
    first = train(order_of(run, noisy, LONG, in_process=True), deque())
    go_until(first, lambda: RunFolder(run).events()[1:])
    first.close()
    RunFolder(run).request_stop()
    news: deque[Any] = deque()
    again = train(Order(run, "resume", in_process=True), news)
    go_until(again, lambda: "resumed" in kinds(news))
    again.close()
    assert "started" not in kinds(news)


@pytest.mark.slow
def test_a_process_is_paused_let_go_on_and_stopped(
    tmp_path: Path, noisy: np.ndarray[Any, Any]
) -> None:
    news: deque[Any] = deque()
    run = tmp_path / "run"
    folder = RunFolder(run)
    training = train(order_of(run, noisy, LONG), news)
    go_until(training, lambda: "progress" in kinds(news))
    process = trainer()
    if sys.platform != "win32":
        assert process.nice() > psutil.Process().nice()
        assert os.getpgid(process.pid) != os.getpgid(0)
    folder.request_pause()
    go_until(training, lambda: "paused" in kinds(news))
    folder.request_continue()
    go_until(training, lambda: "continued" in kinds(news))
    folder.request_stop()
    model = finish(training)
    assert model.config.n_filters == 4
    assert not process.is_running()
    assert news[-1]["reason"] == "stopped"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals are Unix's")
def test_a_process_that_outlives_its_watcher_is_found_again_and_dies_in_words(
    tmp_path: Path, noisy: np.ndarray[Any, Any]
) -> None:
    run = tmp_path / "run"
    news: deque[Any] = deque()
    watching = train(order_of(run, noisy, LONG, detached=True), news)
    go_until(watching, lambda: "progress" in kinds(news))
    process = trainer()
    watching.close()
    time.sleep(0.3)
    assert process.is_running()
    again: deque[Any] = deque()
    attached = train(Order(run, "attach"), again)
    go_until(attached, lambda: "progress" in kinds(again))
    assert "started" in kinds(again)
    process.send_signal(signal.SIGKILL)
    with pytest.raises(TrainerDiedError, match="signal 9"):
        finish(attached)


@pytest.mark.slow
def test_a_training_that_fails_says_why(
    tmp_path: Path, noisy: np.ndarray[Any, Any]
) -> None:
    order = order_of(tmp_path / "run", noisy, {**TINY, "patch_size": 33})
    with pytest.raises((ReportedError, TrainerDiedError), match=r"patch_size|ended"):
        finish(train(order, deque()))


def test_python_is_told_from_an_application(monkeypatch: pytest.MonkeyPatch) -> None:
    assert can_start_processes()
    monkeypatch.setattr(sys, "executable", "/Applications/napari.app/napari")
    assert not can_start_processes()
