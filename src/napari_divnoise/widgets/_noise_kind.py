"""Which kind of noise model is fitted, and its numbers for experts."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QDoubleSpinBox, QSpinBox, QWidget

from ._noise_fit import Kind
from ._parts import Fold, Segments, column, form, row
from ._tooltips import tip

KINDS = {"mixture": "Mixture", "histogram": "Histogram", "gaussian": "Gaussian"}


class KindForm(QWidget):
    """Choose the kind of noise model; its numbers are folded away."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "plain")
        self.kind = Segments(KINDS, "noise.kind")
        self.n_components = whole(1, 10, 3, "noise.n_components")
        self.n_coefficients = whole(1, 6, 2, "noise.n_coefficients")
        self.min_std = real(0.0, 1e6, 3, 0.0, "noise.min_std")
        # The lowest value stands for None.
        self.min_std.setSpecialValueText("auto")
        self.seed = whole(0, 2**31 - 1, 0, "noise.seed")
        self.n_bins = whole(8, 4096, 256, "noise.n_bins")
        self._mixture = _plain(
            {
                "Gaussians": self.n_components,
                "Coefficients": self.n_coefficients,
                "Smallest std": self.min_std,
                "Seed": self.seed,
            }
        )
        self._histogram = _plain({"Bins": self.n_bins})
        inside = QWidget()
        inside.setProperty("role", "plain")
        inside.setLayout(column(self._mixture, self._histogram))
        self._fold = Fold("Advanced", inside)
        self.setLayout(column(row(self.kind, None), self._fold))
        self.kind.valueChanged.connect(self._show_fields)
        self._show_fields(self.kind.value())

    def value(self) -> Kind:
        """Return what is chosen."""
        name = self.kind.value()
        settings: dict[str, Any] = {}
        if name == "mixture":
            settings = {
                "n_components": self.n_components.value(),
                "n_coefficients": self.n_coefficients.value(),
                "seed": self.seed.value(),
            }
            if self.min_std.value() > 0:
                # As the published tools have it, min_sigma is a variance.
                settings["min_sigma"] = self.min_std.value() ** 2
        elif name == "histogram":
            settings = {"n_bins": self.n_bins.value()}
        return Kind(name, tuple(settings.items()))

    def _show_fields(self, name: str) -> None:
        self._mixture.setVisible(name == "mixture")
        self._histogram.setVisible(name == "histogram")
        self._fold.setVisible(name != "gaussian")


def whole(low: int, high: int, value: int, key: str) -> QSpinBox:
    """Return a field for a whole number."""
    field = QSpinBox()
    field.setRange(low, high)
    field.setValue(value)
    tip(field, key)
    return field


def real(
    low: float, high: float, decimals: int, value: float, key: str
) -> QDoubleSpinBox:
    """Return a field for a number with decimals."""
    field = QDoubleSpinBox()
    field.setDecimals(decimals)
    field.setRange(low, high)
    field.setValue(value)
    field.setKeyboardTracking(False)
    tip(field, key)
    return field


def _plain(rows: dict[str, QWidget]) -> QWidget:
    result = QWidget()
    result.setProperty("role", "plain")
    result.setLayout(form(rows))
    return result
