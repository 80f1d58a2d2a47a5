"""The fields of the Data page, laid out; what they mean is the page's matter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QComboBox, QLabel, QWidget

from ._data_fields import AxesField, FilesField
from ._looking import Wanted
from ._parts import Card, Segments, button, column, heading, row
from ._pickers import LayerList
from ._regions import region_choices, region_of
from ._suitability import pixels_of, why_not
from ._tooltips import tip

if TYPE_CHECKING:
    from ..session import Session
    from ._looking import Seen


class DataForm(QWidget):
    """Layers or files, axes, channel and region.

    Signals
    -------
    valueChanged()
        Something else is wanted; several changes of one click are one.
    """

    valueChanged = Signal()

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self._viewer = viewer
        self.kind = Segments({"layers": "Layers", "files": "Files"}, "data.source")
        self.layers = LayerList(viewer)
        self.files = FilesField()
        self.axes = AxesField()
        self.write_button = button("Write to layer", "data.write_axes", "link")
        self.channel = QComboBox()
        tip(self.channel, "data.channel")
        self._channel_label = QLabel("Channel")
        self.region = QComboBox()
        tip(self.region, "data.region")
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(30)
        self._lay_out()
        self._connect()
        self.fill_regions()

    def _lay_out(self) -> None:
        meaning = Card(
            heading("What the dimensions mean"),
            self.axes,
            row(self.write_button, None),
            row(self._channel_label, self.channel, None),
        )
        self.setLayout(
            column(
                row(self.kind, None),
                self.layers,
                self.files,
                meaning,
                row(QLabel("Use"), self.region, None),
                spacing=8,
            )
        )
        self.files.setVisible(False)
        self.write_button.setVisible(False)
        self.show_channels(1, ())

    def _connect(self) -> None:
        self._soon.timeout.connect(self.valueChanged)
        self.kind.valueChanged.connect(self._on_kind_changed)
        self.layers.valueChanged.connect(self.follow_layers)
        self.files.valueChanged.connect(self._on_path_changed)
        self.axes.valueChanged.connect(self._soon.start)
        self.channel.currentIndexChanged.connect(self._soon.start)
        self.region.currentIndexChanged.connect(self._soon.start)
        self.write_button.clicked.connect(self._on_write_clicked)

    @property
    def uses_files(self) -> bool:
        """Whether files are chosen rather than layers."""
        return self.kind.value() == "files"

    def problem(self) -> str:
        """Say what is wrong before anything is opened, "" if nothing is."""
        if self.uses_files:
            return "" if self.files.value() else "Give a file, a folder or a pattern."
        layers = self.layers.value()
        if not layers:
            return "Choose at least one noisy image."
        bad = next((layer for layer in layers if why_not(layer)), None)
        if bad is not None:
            return f"{bad.name}: {why_not(bad)}"
        shapes = {pixels_of(layer).shape for layer in layers}
        if len(shapes) > 1:
            sizes = ", ".join("x".join(map(str, shape)) for shape in sorted(shapes))
            return f"The layers differ in size ({sizes}): choose those of one size."
        return ""

    def value(self) -> Wanted:
        """Return what is chosen."""
        channel = max(self.channel.currentIndex(), 0)
        if self.uses_files:
            return Wanted(
                path=self.files.value(), axes=self.axes.value(), channel=channel
            )
        layers = self.layers.value()
        regions = [self.region_of(layer) for layer in layers]
        return Wanted(
            arrays=tuple(pixels_of(layer) for layer in layers),
            axes=self.axes.value(),
            channel=channel,
            regions=tuple(region for region in regions if region is not None),
        )

    def restore(self, session: Session) -> None:
        """Show what the session holds already, as after closing the dock."""
        alive = [source.layer() for source in session.sources if source.layer]
        layers = [layer for layer in alive if layer in self._viewer.layers]
        if layers:
            self.layers.setValue(layers)
        self.follow_layers()
        if layers and len(self.axes.value()) == len(session.axes):
            self.axes.setValue(session.axes)
        elif session.files:
            self.kind.setValue("files")
            self.files.setValue(session.files[0])

    def region_of(self, layer: Any) -> tuple[slice, slice] | None:
        """Return the rows and columns of a layer that are wanted, ``None`` for all."""
        choice = self.region.currentText()
        return region_of(self._viewer, layer, self.axes.value(), choice)

    def reset_choices(self, event: Any = None) -> None:
        """Follow the viewer's layers."""
        self.layers.reset_choices(event)
        self.fill_regions()

    # ------------------------------------------------------------------ showing

    def follow_layers(self, _layers: list[Any] | None = None) -> None:
        """Show the dimensions of the first chosen layer that has any."""
        good = [layer for layer in self.layers.value() if not why_not(layer)]
        if good:
            self.axes.show_array(pixels_of(good[0]).shape, good[0].axis_labels)
        else:
            self.axes.clear()
        self.fill_regions()
        self._soon.start()

    def show_seen(self, seen: Seen) -> None:
        """Show what opening has brought to light."""
        if self.uses_files and not self.axes.value():
            self.axes.blockSignals(True)
            self.axes.show_array(seen.images.shape, tuple(seen.images.axes.lower()))
            self.axes.blockSignals(False)
        self.files.say("")
        self.show_channels(seen.n_channels, seen.channel_names)
        self._show_write_button()

    def show_channels(self, n_channels: int, names: tuple[str, ...]) -> None:
        """Offer the channels, if there are several."""
        self.channel.setVisible(n_channels > 1)
        self._channel_label.setVisible(n_channels > 1)
        if self.channel.count() != n_channels:
            self.channel.blockSignals(True)
            self.channel.clear()
            self.channel.addItems(names or tuple(map(str, range(n_channels))))
            self.channel.blockSignals(False)

    def fill_regions(self) -> None:
        """Offer the regions that there are now."""
        choices = region_choices(self._viewer)
        if choices != [self.region.itemText(i) for i in range(self.region.count())]:
            self.region.blockSignals(True)
            self.region.clear()
            self.region.addItems(choices)
            self.region.blockSignals(False)

    def _show_write_button(self) -> None:
        said = tuple(self.axes.value().lower())
        layers = [] if self.uses_files else self.layers.value()
        differs = any(tuple(layer.axis_labels) != said for layer in layers)
        self.write_button.setVisible(differs)

    # ------------------------------------------------------------------ slots

    def _on_kind_changed(self, _kind: str) -> None:
        self.layers.setVisible(not self.uses_files)
        self.files.setVisible(self.uses_files)
        self.region.setEnabled(not self.uses_files)
        if self.uses_files:
            self._on_path_changed("")
        else:
            self.follow_layers()

    def _on_path_changed(self, _path: str) -> None:
        self.axes.clear()
        self._soon.start()

    def _on_write_clicked(self) -> None:
        for layer in self.layers.value():
            if layer.ndim == len(self.axes.value()):
                layer.axis_labels = tuple(self.axes.value().lower())
        self._show_write_button()
