"""Choose a method, or leave it to the noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QWidget

from ._methods import METHODS, method_for, words_of_auto, words_of_choice
from ._parts import Words, column
from ._tooltips import tip

if TYPE_CHECKING:
    from ..images import NoiseReport

AUTO = "auto"


class MethodChoice(QWidget):
    """Auto or a method, and a sentence about it.

    Signals
    -------
    valueChanged(str)
        The method that is to be trained: never "auto", but what it stands for.
    """

    valueChanged = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "plain")
        self._field = QComboBox()
        for key, text in {AUTO: "Auto: what fits the noise", **METHODS}.items():
            self._field.addItem(text, key)
        tip(self._field, "data.method")
        self.words = Words()
        self._report: NoiseReport | None = None
        self._announced = ""
        self.setLayout(column(self._field, self.words))
        self._field.currentIndexChanged.connect(self._show)
        self._show()

    @property
    def is_auto(self) -> bool:
        """Whether the noise decides."""
        return bool(self._field.currentData() == AUTO)

    def value(self) -> str:
        """Return the method that is to be trained."""
        if self.is_auto:
            return method_for(self._report)
        return str(self._field.currentData())

    def setValue(self, method: str) -> None:
        """Choose a method, or "auto"."""
        self._field.setCurrentIndex(self._field.findData(method))

    def show_report(self, report: NoiseReport | None) -> None:
        """Follow the noise of the images; ``None`` while it is not known."""
        self._report = report
        self._show()

    def _show(self, _index: int = 0) -> None:
        if self.is_auto:
            self.words.say(*words_of_auto(self._report))
        else:
            self.words.say(*words_of_choice(self.value(), self._report))
        if self.value() != self._announced:
            self._announced = self.value()
            self.valueChanged.emit(self._announced)
