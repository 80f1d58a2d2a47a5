"""What is going on, and what went wrong: two strips that every page shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QFrame, QLabel, QSizePolicy, QWidget

from ._bar import ThinBar
from ._parts import IconButton, Words, button, column, row

if TYPE_CHECKING:
    from ._errors import Problem


class StatusLine(QWidget):
    """One running thing: words, a thin bar, pause and stop. Hidden when idle.

    Signals
    -------
    pauseClicked(), stopClicked()
        The person asks for it.
    """

    pauseClicked = Signal()
    stopClicked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._words = QLabel()
        self._words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._bar = ThinBar()
        self._pause = IconButton("pause", "status.pause")
        self._stop = IconButton("stop", "status.stop")
        words = row(self._words, self._pause, self._stop, spacing=2)
        self.setLayout(column(words, self._bar, spacing=2))
        self._pause.clicked.connect(self.pauseClicked)
        self._stop.clicked.connect(self.stopClicked)
        self.hide()

    def show_work(self, text: str, fraction: float | None, activity: str = "") -> None:
        """Show what runs.

        Parameters
        ----------
        text : str
            What, and how long it will take.
        fraction : float or None
            How far it is, 0 to 1; ``None`` if nobody knows.
        activity : str
            Of a training: "running" can be paused, "paused" can go on.
        """
        if text != self._words.text():
            self._words.setText(text)
            self._words.setToolTip(text)
        self._bar.setValue(fraction)
        self._pause.setVisible(activity in ("running", "paused"))
        self._pause.show_icon("play" if activity == "paused" else "pause")
        if self.isHidden():
            self.show()

    def text(self) -> str:
        """Return the words."""
        return self._words.text()


class ProblemCard(QFrame):
    """What went wrong and how to go on; the details are copied, never shown."""

    def __init__(self) -> None:
        super().__init__()
        self._problem: Problem | None = None
        self.setProperty("role", "card")
        self.setProperty("tone", "bad")
        self._title = Words()
        self._what = Words()
        self._todo = Words()
        copy = button("Copy details", "problem.copy", "link")
        close = IconButton("close", "problem.close")
        layout = column(
            row(self._title, close),
            self._what,
            self._todo,
            row(copy, None),
            spacing=3,
        )
        layout.setContentsMargins(8, 6, 8, 6)
        self.setLayout(layout)
        copy.clicked.connect(self._on_copy_clicked)
        close.clicked.connect(self.clear)
        self.hide()

    def show_problem(self, problem: Problem) -> None:
        """Show `problem` until it is closed or `clear` is called."""
        self._problem = problem
        self._title.say(problem.title, "bad")
        self._what.say(problem.what)
        self._todo.say(problem.todo)
        self.show()

    def clear(self) -> None:
        """Hide the card."""
        self._problem = None
        self.hide()

    def text(self) -> str:
        """Return what the card says, "" if it is hidden."""
        return self._problem.text() if self._problem else ""

    def _on_copy_clicked(self) -> None:
        clipboard = QGuiApplication.clipboard()
        if self._problem is not None and clipboard is not None:
            clipboard.setText(f"{self._problem.text()}\n\n{self._problem.details}")
