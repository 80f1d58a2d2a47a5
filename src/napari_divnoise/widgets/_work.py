"""A generator becomes a thread with a name, a progress bar and a way to stop.

The generator runs in napari's `thread_worker` machinery, so that napari knows of it
and asks before it closes. Three things are added. Values are *conflated*: the window
is told the newest value at most 15 times a second, however fast they come. Stopping
closes the generator, so that its ``finally`` runs at once. And an error reaches the
page that started the work as a `Problem`, never as a traceback on the screen.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
import threading
import time
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari.qt.threading import GeneratorWorker, create_worker
from napari.utils import progress
from qtpy.QtCore import QCoreApplication, QEvent, QObject, QThreadPool, Signal

from ._errors import Problem, explain
from ._lifetime import is_alive

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

SHOWS_PER_SECOND = 15
MIN_THREADS = 8
NICENESS = 10
# How long a closing napari waits for work that is between two yields.
PATIENCE_MS = 10_000


@dataclass(frozen=True, slots=True)
class _Failed:
    problem: Problem


class _StoppableWorker(GeneratorWorker):
    """A worker whose `quit` lets the generator end in order."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stop_requested = threading.Event()

    def quit(self) -> None:
        """Ask for the end; napari calls this too, when it closes."""
        self.stop_requested.set()


class Work(QObject):
    """One piece of work in its own thread.

    Signals
    -------
    yielded(object)
        The newest value, at most 15 times a second, and always the last one.
    returned(object)
        What the generator returned; not emitted after `stop`.
    failed(Problem)
        What went wrong, in words.
    finished()
        Emitted last, whatever happened.
    """

    yielded = Signal(object)
    returned = Signal(object)
    failed = Signal(object)
    finished = Signal()

    def __init__(
        self,
        title: str,
        make: Callable[[], Generator[Any, None, Any]],
        per_second: float = SHOWS_PER_SECOND,
        owner: QObject | None = None,
    ) -> None:
        super().__init__()
        self._owner = None if owner is None else weakref.ref(owner)
        self.title = title
        self.is_running = True
        self._bar: progress | None = None

        def work() -> Generator[Any, None, Any]:
            stop = worker.stop_requested
            return (yield from _conflated(make(), stop, title, 1 / per_second))

        # napari's question before closing prints the name of the function.
        work.__qualname__ = title
        worker = create_worker(work, _worker_class=_StoppableWorker)
        self._worker = worker
        worker.yielded.connect(self._on_worker_yielded)
        worker.returned.connect(self._on_worker_returned)
        worker.finished.connect(self._on_worker_finished)

    @property
    def was_stopped(self) -> bool:
        """Whether somebody, or a closing napari, has asked for the end."""
        return bool(self._worker.stop_requested.is_set())

    def start(self) -> None:
        """Begin; call once, after the signals are connected."""
        # One thread watches a training that takes hours; two cores allow two threads.
        pool = _pool()
        pool.setMaxThreadCount(max(pool.maxThreadCount(), MIN_THREADS))
        _running.add(self)
        self._worker.start()

    def stop(self) -> None:
        """Ask for the end: the generator is closed at its next yield."""
        self._worker.quit()

    def show_progress(self, fraction: float | None) -> None:
        """Show the share done, 0 to 1, in napari's activity dock; ``None`` hides it.

        Its spinner draws 25 frames a second: where our dock shows the progress it is
        not needed.
        """
        if fraction is None:
            self._close_bar()
            return
        if self._bar is None:
            self._bar = progress(total=100, desc=self.title)
        ahead = int(100 * fraction) - self._bar.n
        if ahead > 0:
            self._bar.update(ahead)

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _is_wanted(self) -> bool:
        """Whether somebody listens; work that nobody waits for ends."""
        if self._owner is None:
            return True
        owner = self._owner()
        if owner is not None and is_alive(owner):
            return True
        self.stop()
        return False

    def _on_worker_yielded(self, value: Any) -> None:
        if self._is_wanted():
            self.yielded.emit(value)

    def _on_worker_returned(self, value: Any) -> None:
        if not self._is_wanted():
            return
        if isinstance(value, _Failed):
            self.failed.emit(value.problem)
        elif not self.was_stopped:
            self.returned.emit(value)

    def _on_worker_finished(self) -> None:
        self.is_running = False
        _running.discard(self)
        self._close_bar()
        if self._is_wanted():
            self.finished.emit()


def run(
    title: str,
    make: Callable[[], Generator[Any, None, Any]],
    *,
    on_yield: Callable[[Any], None] | None = None,
    on_return: Callable[[Any], None] | None = None,
    on_fail: Callable[[Problem], None] | None = None,
    on_finish: Callable[[], None] | None = None,
    per_second: float = SHOWS_PER_SECOND,
    owner: QObject | None = None,
) -> Work:
    """Start `make()` in a thread and return a handle to it.

    Parameters
    ----------
    title : str
        What is being done, as in "training cells"; people read it.
    make : callable
        Returns the generator. It is called in the thread, so heavy imports belong
        into it, and must yield at least every 200 ms to be stoppable.
    on_yield, on_return, on_fail, on_finish : callable, optional
        Called in the window's thread.
    per_second : float
        How often `on_yield` is called at most. Everything that changes in a window
        with an OpenGL canvas costs a whole frame.
    owner : QObject, optional
        The work ends with it. Needed where a callback is no method of a QObject: Qt
        forgets those by itself.
    """
    work = Work(title, make, per_second, owner)
    for signal, slot in (
        (work.yielded, on_yield),
        (work.returned, on_return),
        (work.failed, on_fail),
        (work.finished, on_finish),
    ):
        if slot is not None:
            signal.connect(slot)
    work.start()
    return work


def give_way() -> None:
    """Let the window go first: call it in a thread, before long computations.

    The threads that torch starts from this one inherit it. Linux only: elsewhere a
    thread's priority is not the process's to lower.
    """
    is_window_s = threading.current_thread() is threading.main_thread()
    if sys.platform == "linux" and not is_window_s:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def once(function: Callable[[], Any]) -> Callable[[], Generator[Any, None, Any]]:
    """Return a generator function that calls `function` and returns its result."""

    def make() -> Generator[Any, None, Any]:
        yield None
        return function()

    return make


def _conflated(
    generator: Generator[Any, None, Any],
    stop: threading.Event,
    title: str,
    interval_s: float,
) -> Generator[Any, None, Any]:
    """Pass on the newest value once per interval; errors become a result."""
    shown_at, newest, is_new = 0.0, None, False
    try:
        while not stop.is_set():
            try:
                newest, is_new = next(generator), True
            except StopIteration as end:
                if is_new:
                    yield newest
                return end.value
            now = time.monotonic()
            if is_new and now - shown_at >= interval_s:
                shown_at, is_new = now, False
                yield newest
        if is_new:
            yield newest
    except Exception as error:  # whatever it is, the page says it in words
        return _Failed(explain(error, title))
    finally:
        generator.close()


def _pool() -> QThreadPool:
    """Return the threads that napari's workers run in."""
    pool = QThreadPool.globalInstance()
    if pool is None:
        raise RuntimeError("Qt has no thread pool: is there a QApplication?")
    return pool


_running: set[Work] = set()


def wait_for_all(patience_ms: int = PATIENCE_MS) -> None:
    """Stop what runs and wait: a thread that outlives Qt takes the process with it."""
    for work in list(_running):
        work.stop()
    if _running:
        _pool().waitForDone(patience_ms)


def _leave_nothing() -> None:
    """End the work, and delete what waits to be deleted, before Qt is taken down.

    PyQt walks over all its objects at the end; a closed window that no event loop has
    deleted yet falls apart under its feet, and the program that ended well crashes.
    """
    wait_for_all()
    if QCoreApplication.instance() is not None:
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    gc.collect()


atexit.register(_leave_nothing)
