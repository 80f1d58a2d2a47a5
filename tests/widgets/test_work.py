"""Work runs beside the window, can be stopped, and fails in words."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from napari_divnoise.widgets._work import once, run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot


def test_it_runs_in_another_thread_and_answers_in_the_window_s(
    qtbot: QtBot, until: Any
) -> None:
    threads: list[threading.Thread] = []
    work = run(
        "looking",
        once(threading.current_thread),
        on_return=lambda there: threads.extend([there, threading.current_thread()]),
    )
    until(lambda: not work.is_running)
    there, here = threads
    assert there is not threading.main_thread()
    assert here is threading.main_thread()


def test_fast_values_are_conflated_and_the_last_one_always_comes(
    qtbot: QtBot, until: Any
) -> None:
    def count() -> Iterator[int]:
        yield from range(20_000)

    values: list[int] = []
    work = run("counting", count, on_yield=values.append)
    until(lambda: not work.is_running)
    assert values[-1] == 19_999
    assert len(values) < 100


def test_stopping_closes_the_generator_at_once(qtbot: QtBot, until: Any) -> None:
    closed, returned = threading.Event(), []

    def forever() -> Iterator[int]:
        try:
            while True:
                time.sleep(0.01)
                yield 0
        finally:
            closed.set()

    work = run("waiting", forever, on_return=returned.append)
    qtbot.wait(50)
    start = time.monotonic()
    work.stop()
    until(lambda: not work.is_running)
    assert closed.is_set()
    assert time.monotonic() - start < 1
    assert returned == []


def test_what_napari_asks_to_quit_ends_too(qtbot: QtBot, until: Any) -> None:
    def forever() -> Iterator[int]:
        while True:
            time.sleep(0.01)
            yield 0

    work = run("waiting", forever)
    work._worker.quit()
    until(lambda: not work.is_running)
    assert work.was_stopped


def test_an_error_becomes_a_problem_in_words(qtbot: QtBot, until: Any) -> None:
    def fail() -> None:
        raise ValueError("24 pixels are too few: take 32")

    problems: list[Any] = []
    work = run("looking", once(fail), on_fail=problems.append)
    until(lambda: not work.is_running)
    assert problems[0].what == "24 pixels are too few: take 32."


def test_finished_comes_last(qtbot: QtBot, until: Any) -> None:
    order: list[str] = []
    work = run(
        "looking",
        once(lambda: 1),
        on_yield=lambda _: order.append("yield"),
        on_return=lambda _: order.append("return"),
        on_finish=lambda: order.append("finish"),
    )
    until(lambda: not work.is_running)
    assert order[-2:] == ["return", "finish"]


def test_progress_is_shown_in_napari_and_taken_away(qtbot: QtBot, until: Any) -> None:
    gate = threading.Event()

    def wait() -> Iterator[None]:
        while not gate.is_set():
            time.sleep(0.01)
            yield None

    work = run("sampling", wait)
    work.show_progress(0.25)
    assert work._bar is not None
    assert work._bar.n == 25
    work.show_progress(None)
    assert work._bar is None
    work.show_progress(0.5)
    gate.set()
    until(lambda: not work.is_running)
    assert work._bar is None


def test_more_pieces_of_work_than_cores_run_side_by_side(
    qtbot: QtBot, until: Any
) -> None:
    together = threading.Barrier(5)
    works = [run("meeting", once(lambda: together.wait(10))) for _ in range(5)]
    until(lambda: not any(work.is_running for work in works))
    assert not together.broken


SCRIPT = """
import sys, time
from qtpy.QtWidgets import QApplication
app = QApplication([])
from napari_divnoise.widgets._work import run

def forever():
    try:
        while True:
            time.sleep(0.02)
            yield 0
    finally:
        print("closed", flush=True)

run("waiting", forever)
end = time.monotonic() + 0.3
while time.monotonic() < end:
    app.processEvents()
"""


def test_a_program_that_ends_ends_the_work_and_does_not_crash() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "closed\n"), done.stderr
