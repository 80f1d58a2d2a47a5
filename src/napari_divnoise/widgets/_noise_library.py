"""Noise models that are kept: choose one, keep one, and be offered one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QLineEdit, QListWidget, QListWidgetItem, QWidget

from ._library_work import Label
from ._parts import Card, Words, button, column, form, heading, row
from ._tooltips import tip

if TYPE_CHECKING:
    from ..runs.library import LibraryEntry
    from ._library_work import Shelf

LIST_HEIGHT = 132
EMPTY = (
    'The library is empty: make a noise model and press "Save to library...". It is '
    "then offered for images that look alike."
)


class LibraryForm(QWidget):
    """The noise models of the library: a click takes one, another deletes it.

    Signals
    -------
    entryChosen(str)
        Name of the noise model that was clicked.
    removeClicked(str)
        Name of the one that is to be deleted; the person has confirmed it.
    """

    entryChosen = Signal(str)
    removeClicked = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "plain")
        self._entries: dict[str, LibraryEntry] = {}
        self.list = QListWidget()
        self.list.setWordWrap(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setSpacing(2)
        tip(self.list, "noise.library")
        self._empty = Words(EMPTY, "quiet")
        self._about = Words(tone="quiet")
        self.delete_button = button("Delete...", "noise.delete")
        self._ask = Words()
        self.yes_button = button("Delete", "noise.delete.yes")
        self.no_button = button("Keep", "noise.delete.no")
        self.problem = Words()
        self.setLayout(
            column(
                self._empty,
                self.list,
                self._about,
                row(self.delete_button, None),
                self._ask,
                row(self.yes_button, self.no_button, None),
                self.problem,
            )
        )
        self._connect()
        self.say("")
        self._show_entry("")
        self.show_shelf(None)

    def _connect(self) -> None:
        self.list.currentItemChanged.connect(self._on_current_changed)
        self.delete_button.clicked.connect(lambda: self._show_question(asks=True))
        self.no_button.clicked.connect(lambda: self._show_question(asks=False))
        self.yes_button.clicked.connect(self._on_yes_clicked)

    def value(self) -> str:
        """Return the name of the chosen noise model, "" if none is."""
        item = self.list.currentItem()
        return "" if item is None else str(item.data(Qt.ItemDataRole.UserRole))

    def names(self) -> list[str]:
        """Return the names of all, as they are listed."""
        return list(self._entries)

    def show_shelf(self, shelf: Shelf | None) -> None:
        """List what there is; the choice stays if it is still there."""
        chosen = self.value()
        entries = [] if shelf is None else shelf.entries
        self._entries = {entry.name: entry for entry in entries}
        self.list.blockSignals(True)
        self.list.clear()
        for entry in entries:
            item = QListWidgetItem(f"{entry.name}\n{_facts(entry)}")
            item.setData(Qt.ItemDataRole.UserRole, entry.name)
            self.list.addItem(item)
        self.list.blockSignals(False)
        self.choose(chosen)
        self._fit_height()
        self.list.setVisible(bool(entries))
        self._empty.setVisible(shelf is not None and not entries)
        self.say("" if shelf is None else " ".join(shelf.problems))
        self._show_entry(self.value())

    def _fit_height(self) -> None:
        """Take the height of a few entries; more of them scroll."""
        edge = 2 * self.list.frameWidth() + 4
        per_entry = self.list.sizeHintForRow(0) + 2 * self.list.spacing()
        self.list.setFixedHeight(min(self.list.count() * per_entry + edge, LIST_HEIGHT))

    def choose(self, name: str) -> None:
        """Mark an entry, without announcing it."""
        names = self.names()
        self.list.blockSignals(True)
        self.list.setCurrentRow(names.index(name) if name in names else -1)
        self.list.blockSignals(False)
        self._show_entry(self.value())

    def say(self, reason: str) -> None:
        """Show what went wrong ("" if nothing)."""
        self.problem.say(reason, "bad")

    def _show_entry(self, name: str) -> None:
        entry = self._entries.get(name)
        words = "" if entry is None else entry.note or entry.description
        self._about.say(words, "quiet")
        self.delete_button.setVisible(entry is not None)
        self._show_question(asks=False)

    def _show_question(self, *, asks: bool) -> None:
        name = self.value()
        self._ask.say(f"Delete {name} from the library for good?" if asks else "")
        self.yes_button.setVisible(asks)
        self.no_button.setVisible(asks)
        self.delete_button.setVisible(bool(name) and not asks)

    def _on_current_changed(self, _new: Any, _old: Any) -> None:
        name = self.value()
        self._show_entry(name)
        if name:
            self.entryChosen.emit(name)

    def _on_yes_clicked(self) -> None:
        name = self.value()
        self._show_question(asks=False)
        self.removeClicked.emit(name)


class SaveForm(Card):
    """Write a label for a noise model, in place.

    Signals
    -------
    saveClicked(Label, bool)
        Keep it under this label; whether it may replace one of the same name.
    """

    saveClicked = Signal(object, bool)

    def __init__(self) -> None:
        self.name, self.camera = _line("noise.name"), _line("noise.camera")
        self.gain, self.note = _line("noise.gain"), _line("noise.note")
        self.name.setPlaceholderText("SpinningDisk 2x2")
        self.save_button = button("Save", "noise.keep", "primary")
        self.replace_button = button("Replace it", "noise.replace")
        self.cancel_button = button("Cancel", "noise.keep.cancel")
        self.problem = Words()
        super().__init__(
            heading("Save to library"),
            form(
                {
                    "Name": self.name,
                    "Camera": self.camera,
                    "Gain": self.gain,
                    "Note": self.note,
                }
            ),
            self.problem,
            row(self.save_button, self.replace_button, self.cancel_button, None),
        )
        self.save_button.clicked.connect(lambda: self._on_save_clicked(replace=False))
        self.replace_button.clicked.connect(lambda: self._on_save_clicked(replace=True))
        self.cancel_button.clicked.connect(self.hide)
        self.name.textChanged.connect(lambda: self.say(""))
        self.say("")
        self.hide()

    def ask(self) -> None:
        """Show the form, and let the person write."""
        self.say("")
        self.show()
        self.name.setFocus()

    def label(self) -> Label:
        """Return what was written."""
        fields = (self.name, self.camera, self.gain, self.note)
        return Label(*(field.text().strip() for field in fields))

    def say(self, reason: str, *, may_replace: bool = False) -> None:
        """Show why it was not saved, and whether replacing would do."""
        self.problem.say(reason, "bad")
        self.replace_button.setVisible(may_replace)
        self.save_button.setVisible(not may_replace)

    def _on_save_clicked(self, *, replace: bool) -> None:
        label = self.label()
        if not label.name:
            self.say("Give it a name, such as the microscope and its mode.")
            return
        self.saveClicked.emit(label, replace)


class OfferCard(Card):
    """One line: images look like those of a camera whose noise is known.

    Signals
    -------
    takeClicked(str)
        Name of the noise model that the person wants.
    """

    takeClicked = Signal(str)

    def __init__(self) -> None:
        self._name = ""
        self._words = Words()
        self.take_button = button("Use it", "noise.offer.yes", "primary")
        self.close_button = button("No", "noise.offer.no")
        super().__init__(self._words, row(self.take_button, self.close_button, None))
        self.take_button.clicked.connect(self._on_take_clicked)
        self.close_button.clicked.connect(self.hide)
        self.hide()

    def offer(self, entry: LibraryEntry | None) -> None:
        """Offer a noise model; ``None``: there is nothing to offer."""
        self._name = "" if entry is None else entry.name
        self.setVisible(entry is not None)
        if entry is not None:
            self._words.say(f"These images look like {entry.name}. Use it?")

    def offered(self) -> str:
        """Return the name that is offered, "" if none is."""
        return "" if self.isHidden() else self._name

    def _on_take_clicked(self) -> None:
        self.hide()
        self.takeClicked.emit(self._name)


def _facts(entry: LibraryEntry) -> str:
    gain = f"gain {entry.gain}" if entry.gain else ""
    parts = (entry.camera, gain, entry.kind, str(entry.date)[:10])
    return " · ".join(part for part in parts if part)


def _line(key: str) -> QLineEdit:
    field = QLineEdit()
    tip(field, key)
    return field
