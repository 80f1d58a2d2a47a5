"""A noise model from noisy images alone: in a process that never outstays."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
import pytest

from napari_divnoise.images import open_images
from napari_divnoise.widgets import _noise_bootstrap
from napari_divnoise.widgets._errors import HelperDiedError, ReportedError, explain
from napari_divnoise.widgets._noise_bootstrap import Order, bootstrap, part_of
from napari_divnoise.widgets._noise_fit import Kind, Stand
from napari_divnoise.widgets._processes import start_process

from .test_noise_fit import finish

if TYPE_CHECKING:
    import subprocess

    from napari_divnoise.images import ImageStack

# The tests give it seconds.
pytestmark = pytest.mark.filterwarnings("ignore:the first denoising got only")

GAUSSIAN = Kind("gaussian")


@pytest.fixture
def images(noisy: np.ndarray[Any, Any]) -> ImageStack:
    return open_images(np.stack([noisy, noisy[::-1]]), axes="NYX")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """The processes that are started, really, and remembered."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(*args: Any, **kwargs: Any) -> subprocess.Popen[bytes]:
        processes.append(start_process(*args, **kwargs))
        return processes[-1]

    monkeypatch.setattr(_noise_bootstrap, "start_process", start)
    return processes


def until_started(steps: Any, started: list[Any]) -> None:
    while not started:
        next(steps)


def test_where_no_process_can_be_started_the_thread_makes_it(
    images: ImageStack,
) -> None:
    stands: list[Stand] = []
    steps = bootstrap(Order(images, GAUSSIAN, 0.02, in_process=True))
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            fitted = end.value
            break
        if step is not None:
            stands.append(step)
    at = np.array([100.0], np.float32)
    assert 20 < fitted.noise_model.variance(at)[0] < 500
    assert fitted.report is not None
    assert fitted.picture is not None
    fractions = [s.fraction for s in stands if s.fraction is not None]
    assert fractions == sorted(fractions)
    assert any(s.words.startswith("Making a first denoising: ") for s in stands)
    assert len(stands[-1].losses) > 0
    assert len(stands[-1].nlls) > 0


def test_closing_ends_the_process_at_once(
    images: ImageStack, started: list[Any]
) -> None:
    steps = bootstrap(Order(images, in_process=False))
    until_started(steps, started)
    files = psutil.Process(started[0].pid).cmdline()
    folder = os.path.dirname(files[files.index("--out") + 1])
    assert os.path.isdir(folder)
    begun = time.monotonic()
    steps.close()
    assert time.monotonic() - begun < 1
    assert started[0].poll() is not None
    assert not os.path.exists(folder)


def test_stopped_too_early_it_says_so_within_a_second(
    images: ImageStack, started: list[Any]
) -> None:
    order = Order(images, in_process=False)
    steps = bootstrap(order)
    until_started(steps, started)
    order.enough.set()
    begun = time.monotonic()
    with pytest.raises(ValueError, match="before there was a noise model"):
        finish(steps)
    assert time.monotonic() - begun < 1.5
    assert started[0].poll() is not None


def test_stopped_later_it_keeps_the_best(images: ImageStack) -> None:
    order = Order(images, GAUSSIAN, 0.05, in_process=True)
    steps = bootstrap(order)
    first = next(s.fitted for s in steps if s is not None and s.fitted is not None)
    order.enough.set()
    begun = time.monotonic()
    fitted = finish(steps)
    assert time.monotonic() - begun < 1
    assert fitted.noise_model is first.noise_model
    assert fitted.report is not None


def test_a_process_that_dies_leaves_its_last_words(
    images: ImageStack, started: list[Any]
) -> None:
    steps = bootstrap(Order(images, in_process=False))
    until_started(steps, started)
    started[0].kill()
    with pytest.raises(HelperDiedError, match="signal 9") as died:
        finish(steps)
    assert "ended by itself with signal 9" in explain(died.value, "fitting").what


@pytest.mark.slow
def test_what_the_process_complains_of_is_passed_on(images: ImageStack) -> None:
    kind = Kind("mixture", (("n_components", 0),))
    with pytest.raises(ReportedError) as told:
        finish(bootstrap(Order(images, kind, 0.01, in_process=False)))
    assert "n_components must be" in explain(told.value, "fitting").what.lower()


def test_of_large_stacks_the_middle_of_a_few_is_handed_over() -> None:
    pixels = np.arange(40)[:, None, None] + np.zeros((40, 6, 9))
    part = part_of(open_images(pixels, axes="NYX"), 4, 7)
    assert part.shape == (4, 6, 7)
    assert part[:, 0, 0].tolist() == [0, 13, 26, 39]


def test_last_words_are_few_in_the_sentence_and_many_in_the_details() -> None:
    log = "\n".join(f"line {n}" for n in range(9))
    problem = explain(HelperDiedError(1, log, "the helper"), "fitting")
    assert problem.what.endswith("its last words: line 6 line 7 line 8")
    assert "line 0" in problem.details
