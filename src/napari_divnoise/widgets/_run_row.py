"""Start something, see how far it is, and stop it: two ways."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QWidget

from ._bar import ThinBar
from ._parts import Words, button, column, row


class RunRow(QWidget):
    """Buttons, a thin bar, and words on what is being done.

    Signals
    -------
    startClicked(), keepClicked(), cancelClicked()
        The person asks for it: begin, stop and keep the best, stop and forget.
    """

    startClicked = Signal()
    keepClicked = Signal()
    cancelClicked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "plain")
        self.start_button = button("Fit", "noise.fit", "primary")
        self.keep_button = button("Stop and keep", "noise.keep_best")
        self.cancel_button = button("Cancel", "noise.cancel")
        self._bar = ThinBar()
        self._words = Words(tone="quiet")
        buttons = row(self.start_button, self.keep_button, self.cancel_button, None)
        self.setLayout(column(buttons, self._words, self._bar))
        self.start_button.clicked.connect(self.startClicked)
        self.keep_button.clicked.connect(self._on_keep_clicked)
        self.cancel_button.clicked.connect(self.cancelClicked)
        self.show_running(is_running=False)

    def set_act(self, text: str) -> None:
        """Say on the button what it starts; "" hides all."""
        self.setVisible(bool(text))
        self.start_button.setText(text)

    def show_running(self, is_running: bool) -> None:
        """Offer to start, or to stop."""
        self.keep_button.setEnabled(is_running)
        self.keep_button.setVisible(is_running)
        if is_running and self.start_button.hasFocus():
            self.keep_button.setFocus()
        self.start_button.setVisible(not is_running)
        self.cancel_button.setVisible(is_running)
        self._bar.setVisible(is_running)
        self._bar.setValue(None)
        self._words.say("Starting" if is_running else "", "quiet")

    def show_work(self, words: str, fraction: float | None) -> None:
        """Show how far it is; once it is being stopped, nothing else counts."""
        if self.keep_button.isEnabled():
            self._bar.setValue(fraction)
            self._words.say(words, "quiet")

    def text(self) -> str:
        """Return what is said to be done."""
        return str(self._words.text())

    def _on_keep_clicked(self) -> None:
        self._words.say("Stopping with the best so far", "quiet")
        self.keep_button.setEnabled(False)
        self.keepClicked.emit()
