"""Say what the dimensions of an array mean; name files instead of layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QComboBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QWidget,
)

from ..images import guess_axes, rows_sentence
from ._files import ask_for_path
from ._parts import IconButton, Words, button, column, row
from ._theme import set_tone
from ._tooltips import tip

if TYPE_CHECKING:
    from collections.abc import Sequence

MEANINGS = {
    "N": "images",
    "T": "time",
    "Z": "depth",
    "P": "position",
    "S": "sample",
    "C": "channel",
    "Y": "rows",
    "X": "columns",
}
CHIPS_PER_ROW = 4
IMAGE_FILES = "Images (*.tif *.tiff *.png);;All files (*)"


class AxesField(QWidget):
    """One drop-down per dimension, with its size, and a sentence that says it all.

    Two dimensions never mean the same: choosing a meaning that another dimension has
    swaps the two.

    Signals
    -------
    valueChanged(str)
        One letter per dimension.
    """

    valueChanged = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "plain")
        self._shape: tuple[int, ...] = ()
        self._letters = ""
        self._chips: list[QComboBox] = []
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(4)
        self._sentence = Words(tone="quiet")
        self.setLayout(column(self._grid, self._sentence))

    def value(self) -> str:
        """Return the letters, "" before there is an array."""
        return self._letters

    def setValue(self, letters: str) -> None:
        """Show `letters`, and announce them if they are new."""
        is_new = letters != self._letters
        self._letters = letters
        for chip, letter in zip(self._chips, letters, strict=True):
            chip.blockSignals(True)
            chip.setCurrentIndex(list(MEANINGS).index(letter))
            chip.blockSignals(False)
        self._sentence.say(rows_sentence(letters, self._shape), "quiet")
        if is_new:
            self.valueChanged.emit(letters)

    def show_array(self, shape: Sequence[int], labels: Sequence[str] = ()) -> None:
        """Begin with an array of `shape`, guessing from its `labels`; keep a choice.

        A choice that a person made stays as long as the shape does.
        """
        if tuple(shape) == self._shape:
            return
        self._shape = tuple(shape)
        self._letters = guess_axes(self._shape, labels or None)
        self._make_chips()
        self.setValue(self._letters)

    def clear(self) -> None:
        """Show no array."""
        self._shape, self._letters = (), ""
        self._make_chips()
        self._sentence.say("")

    def _make_chips(self) -> None:
        while item := self._grid.takeAt(0):
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        self._chips = []
        for position, size in enumerate(self._shape):
            chip = QComboBox()
            chip.addItems(list(MEANINGS.values()))
            # Four of them have to fit into a narrow dock.
            chip.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
            chip.setMinimumContentsLength(4)
            tip(chip, "data.axes")
            chip.currentIndexChanged.connect(self._on_chip_changed)
            self._chips.append(chip)
            line, place = divmod(position, CHIPS_PER_ROW)
            label = QLabel(str(size))
            set_tone(label, "quiet")
            self._grid.addWidget(chip, 2 * line, place)
            self._grid.addWidget(label, 2 * line + 1, place)

    def _on_chip_changed(self) -> None:
        wanted = [list(MEANINGS)[chip.currentIndex()] for chip in self._chips]
        changed = next(i for i, x in enumerate(wanted) if x != self._letters[i])
        letters = list(self._letters)
        if wanted[changed] in letters:
            letters[letters.index(wanted[changed])] = letters[changed]
        letters[changed] = wanted[changed]
        self.setValue("".join(letters))


class FilesField(QWidget):
    """A file, a folder or a pattern with ``*``.

    Signals
    -------
    valueChanged(str)
        What is written, once it is complete.
    """

    valueChanged = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._path = QLineEdit()
        self._path.setPlaceholderText("/data/stack.tif, /data/folder or /data/*.tif")
        tip(self._path, "data.path")
        file = button("File...", "data.browse_file")
        folder = IconButton("folder", "data.browse_folder")
        self._problem = Words()
        self.setLayout(column(row(self._path, file, folder), self._problem))
        self._problem.say("")
        self._path.editingFinished.connect(self._on_path_edited)
        file.clicked.connect(self._on_file_clicked)
        folder.clicked.connect(self._on_folder_clicked)
        self._announced = ""

    def value(self) -> str:
        """Return the path."""
        return self._path.text().strip()

    def setValue(self, path: str) -> None:
        """Write `path`."""
        self._path.setText(path)
        self._on_path_edited()

    def say(self, reason: str) -> None:
        """Show at the field what is wrong with it ("" if nothing)."""
        set_tone(self._path, "bad" if reason else "")
        self._problem.say(reason, "bad")

    def _on_path_edited(self) -> None:
        if self.value() != self._announced:
            self._announced = self.value()
            self.valueChanged.emit(self._announced)

    def _on_file_clicked(self) -> None:
        ask_for_path(self, "Noisy images", self.setValue, IMAGE_FILES)

    def _on_folder_clicked(self) -> None:
        ask_for_path(self, "Folder of noisy images", self.setValue)
