"""Choose layers, or drop them here from napari's layer list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from ._parts import Words, column, row
from ._suitability import dropped_layers, is_image, made_here, pixels_of, why_not
from ._theme import set_tone
from ._tooltips import tip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from qtpy.QtGui import QDragEnterEvent, QDropEvent

LIST_HEIGHT = 132


class LayerRow(QWidget):
    """One layer of the list: a tick, the name, the shape, and a reason if it is bad."""

    toggled = Signal()

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.setProperty("role", "plain")
        self.layer = layer
        self._tick = QCheckBox(_shortened(layer.name))
        tip(self._tick, "data.layer")
        self._facts = QLabel(_facts(layer))
        set_tone(self._facts, "quiet")
        self._reason = Words()
        self.setLayout(column(row(self._tick, None, self._facts), self._reason))
        self._tick.toggled.connect(self._on_tick_toggled)
        self._reason.say("")

    @property
    def is_ticked(self) -> bool:
        """Whether the layer is chosen."""
        return self._tick.isChecked()

    def tick(self, on: bool) -> None:
        """Choose the layer, or no longer."""
        self._tick.setChecked(on)

    def say(self, reason: str) -> None:
        """Show why this layer cannot be used ("" if it can)."""
        self._reason.say(reason, "bad")

    def _on_tick_toggled(self, on: bool) -> None:
        self.say(why_not(self.layer) if on else "")
        self.toggled.emit()


def _facts(layer: Any) -> str:
    if not hasattr(layer, "rgb"):
        return type(layer).__name__
    data = pixels_of(layer)
    return f"{' x '.join(str(length) for length in data.shape)}  {data.dtype}"


def _shortened(name: str, length: int = 28) -> str:
    return name if len(name) <= length else f"{name[: length - 3]}..."


SHOWN_HEIGHT = 96
"""Pixels of the list that always show: three layers, and a part of the fourth."""


class LayerList(QFrame):
    """The viewer's Image layers with a tick each; others can be dropped in.

    Signals
    -------
    valueChanged(list)
        The chosen layers, in the order of the layer list.
    """

    valueChanged = Signal(list)

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self._viewer = viewer
        self._rows: list[LayerRow] = []
        self._dropped: list[Any] = []
        self._was_touched = False
        self.setProperty("role", "card")
        self.setAcceptDrops(True)
        tip(self, "data.layers")
        self._hint = Words("No image yet: open one, or drag a layer here.", "quiet")
        self._column = QVBoxLayout()
        self._column.setSpacing(3)
        inside = QWidget()
        inside.setProperty("role", "plain")
        self._column.addWidget(self._hint)
        self._column.addStretch(1)
        inside.setLayout(self._column)
        self._inside = inside
        self._scroll = QScrollArea()
        self._scroll.setProperty("role", "plain")
        self._scroll.setWidgetResizable(True)
        self._scroll.setWidget(inside)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self.setLayout(column(self._scroll))
        # A page longer than the dock would otherwise leave room for one row.
        self.setMinimumHeight(SHOWN_HEIGHT)
        self.reset_choices()

    def value(self) -> list[Any]:
        """Return the chosen layers."""
        return [row.layer for row in self._rows if row.is_ticked]

    def setValue(self, layers: Iterable[Any]) -> None:
        """Choose exactly these layers."""
        chosen = list(layers)
        self._was_touched = True
        self._dropped += [layer for layer in chosen if not self._is_listed(layer)]
        self._rebuild(chosen)

    def reset_choices(self, _event: Any = None) -> None:
        """Follow the viewer: layers came, went or have a new name."""
        alive = [layer for layer in self.value() if layer in self._viewer.layers]
        self._dropped = [
            layer for layer in self._dropped if layer in self._viewer.layers
        ]
        self._rebuild(alive or self._proposal())

    def say(self, layer: Any, reason: str) -> None:
        """Show `reason` below a layer."""
        for line in self._rows:
            if line.layer == layer:
                line.say(reason)

    def _proposal(self) -> list[Any]:
        """Choose for a person who has not chosen: what is selected, else one image."""
        if self._was_touched:
            return []
        images = [layer for layer in self._viewer.layers if self._is_listed(layer)]
        good = [layer for layer in images if not why_not(layer)]
        selected = [layer for layer in good if layer in self._viewer.layers.selection]
        return selected or [layer for layer in good if layer.visible][:1]

    def _is_listed(self, layer: Any) -> bool:
        return is_image(layer) and not made_here(layer)

    def _rebuild(self, chosen: list[Any]) -> None:
        before = self.value()
        for line in self._rows:
            self._column.removeWidget(line)
            line.deleteLater()
        layers = [
            layer
            for layer in self._viewer.layers
            if self._is_listed(layer) or layer in self._dropped
        ]
        self._rows = [LayerRow(layer) for layer in layers]
        for position, line in enumerate(self._rows):
            line.tick(line.layer in chosen)
            line.toggled.connect(self._on_row_toggled)
            self._column.insertWidget(position, line)
        self._hint.setVisible(not self._rows)
        self._fit_height()
        if self.value() != before:
            self.valueChanged.emit(self.value())

    def _fit_height(self) -> None:
        """Take the height of a few layers; more of them scroll."""
        # The layout knows new rows before the widget around it does.
        self._column.invalidate()
        wanted = self._column.sizeHint().height() + 4
        self._scroll.setFixedHeight(min(max(wanted, 44), LIST_HEIGHT))

    def _on_row_toggled(self) -> None:
        self._was_touched = True
        self._fit_height()
        self.valueChanged.emit(self.value())

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:
        """Accept layers, and nothing else."""
        if event is not None and dropped_layers(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent | None) -> None:
        """Tick what was dropped, beside what is ticked already."""
        if event is not None:
            self.drop(dropped_layers(event.mimeData()))
            event.acceptProposedAction()

    def drop(self, layers: list[Any]) -> None:
        """Tick `layers`, beside what is ticked already."""
        self.setValue([*self.value(), *layers])


class LayerCombo(QComboBox):
    """Choose one layer of the viewer, or drop it here.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose layers.
    accepts : callable
        Which layers are offered.
    tooltip : str
        Key of the sentence that says what the layer is for.
    proposes : bool
        Choose the layer if there is only one.
    """

    valueChanged = Signal(object)

    def __init__(
        self,
        viewer: Any,
        accepts: Callable[[Any], bool],
        tooltip: str,
        *,
        proposes: bool = False,
    ) -> None:
        super().__init__()
        self._proposes = proposes
        self._viewer = viewer
        self._accepts = accepts
        self._layers: list[Any] = []
        self.setAcceptDrops(True)
        self.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.setMinimumContentsLength(8)
        self.setPlaceholderText("choose a layer, or drop one here")
        tip(self, tooltip)
        self.reset_choices()
        self.currentIndexChanged.connect(self._on_index_changed)

    def value(self) -> Any:
        """Return the chosen layer, or ``None``."""
        index = self.currentIndex()
        return self._layers[index] if 0 <= index < len(self._layers) else None

    def setValue(self, layer: Any) -> None:
        """Choose `layer`; ``None`` or an unknown one chooses nothing."""
        known = layer in self._layers
        self.setCurrentIndex(self._layers.index(layer) if known else -1)

    def reset_choices(self, _event: Any = None) -> None:
        """Follow the viewer: layers came, went or have a new name."""
        chosen = self.value()
        self.blockSignals(True)
        self._layers = [layer for layer in self._viewer.layers if self._accepts(layer)]
        self.clear()
        self.addItems([layer.name for layer in self._layers])
        is_only_choice = self._proposes and len(self._layers) == 1
        self.setValue(self._layers[0] if is_only_choice else chosen)
        self.blockSignals(False)
        if self.value() != chosen:
            self.valueChanged.emit(self.value())

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:
        """Accept a layer that may be chosen."""
        if event is not None and any(
            map(self._accepts, dropped_layers(event.mimeData()))
        ):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent | None) -> None:
        """Choose what was dropped."""
        if event is not None:
            good = [x for x in dropped_layers(event.mimeData()) if self._accepts(x)]
            self.setValue(good[0] if good else None)
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()

    def _on_index_changed(self, _index: int) -> None:
        self.valueChanged.emit(self.value())
