"""Where a noise model comes from: one small form for each way."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QDoubleSpinBox, QLineEdit, QSpinBox, QWidget

from ..images import guess_axes
from ._files import ask_for_path
from ._noise_fit import Recipe
from ._parts import Fold, Segments, Words, button, column, form, row
from ._pickers import LayerCombo
from ._suitability import is_image, pixels_of, why_not
from ._theme import set_tone
from ._tooltips import tip

if TYPE_CHECKING:
    from ..noise import GaussianNoiseModel

LINE = "variance = slope * signal + intercept, in camera units"
NOISE_MODEL_FILES = "Noise models (*.npz);;All files (*)"


class FitForm(QWidget):
    """Choose layers to measure the noise from, and what to fit.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose layers.
    with_signal : bool
        Ask for a clean image too; otherwise the mean of the frames is the signal.
    """

    def __init__(self, viewer: Any, *, with_signal: bool) -> None:
        super().__init__()
        self.setProperty("role", "plain")
        self._with_signal = with_signal
        accepts = is_image if with_signal else is_stack
        key = "noise.observation" if with_signal else "noise.frames"
        self.observation = LayerCombo(viewer, accepts, key, proposes=not with_signal)
        self.signal = LayerCombo(viewer, is_image, "noise.signal")
        # Where it is not asked for it has no place, and must go with this form.
        self.signal.setParent(self)
        self.signal.setVisible(with_signal)
        self.kind = Segments(
            {"mixture": "Gaussian mixture", "gaussian": "One Gaussian"}, "noise.kind"
        )
        self.n_components = _whole(1, 10, 3, "noise.n_components")
        self.n_coefficients = _whole(1, 6, 2, "noise.n_coefficients")
        self.seed = _whole(0, 2**31 - 1, 0, "noise.seed")
        self.problem = Words()
        more = QWidget()
        more.setProperty("role", "plain")
        more.setLayout(
            form(
                {
                    "Gaussians": self.n_components,
                    "Coefficients": self.n_coefficients,
                    "Seed": self.seed,
                }
            )
        )
        rows: dict[str, QWidget] = {"Frames": self.observation}
        if with_signal:
            rows = {"Noisy": self.observation, "Clean": self.signal}
        self.setLayout(
            column(
                form(rows),
                row(self.kind, None),
                Fold("More", more),
                self.problem,
            )
        )
        self.problem.say("")

    def say(self, reason: str) -> None:
        """Show why the fit cannot be made ("" if it can)."""
        self.problem.say(reason, "bad")

    def recipe(self) -> Recipe | str:
        """Return what is to be fitted, or why that cannot be done yet."""
        noisy, clean = self.observation.value(), self.signal.value()
        if noisy is None:
            return "Choose the noisy layer." if self._with_signal else "Choose a stack."
        if why_not(noisy):
            return f"{noisy.name}: {why_not(noisy)}"
        pixels, signal = pixels_of(noisy), None
        if self._with_signal:
            if clean is None:
                return "Choose the layer that shows the same place without noise."
            if clean == noisy:
                return "Noisy and clean are the same layer: choose two."
            signal = pixels_of(clean)
            if signal.shape[-2:] != pixels.shape[-2:]:
                return (
                    f"{noisy.name} has {_size(pixels)} pixels and {clean.name} "
                    f"{_size(signal)}: they must show the same place at the same size."
                )
        return Recipe(
            observation=pixels,
            axes=self._axes(noisy),
            signal=signal,
            kind=self.kind.value(),  # type: ignore[arg-type]
            n_components=self.n_components.value(),
            n_coefficients=self.n_coefficients.value(),
            seed=self.seed.value(),
        )

    def _axes(self, layer: Any) -> str:
        """Return its axes; a film of a still scene has frames and no channels."""
        axes = guess_axes(pixels_of(layer).shape, layer.axis_labels)
        if self._with_signal or "C" not in axes or len(axes) != 3:
            return axes
        return axes.replace("C", "N")

    def reset_choices(self, _event: Any = None) -> None:
        """Follow the viewer's layers."""
        self.observation.reset_choices()
        self.signal.reset_choices()


class FileForm(QWidget):
    """Choose a noise-model file.

    Signals
    -------
    valueChanged(Path)
        The file that was chosen.
    """

    valueChanged = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "plain")
        self._path = QLineEdit()
        self._path.setPlaceholderText("camera.npz, or drop the file on napari")
        tip(self._path, "noise.path")
        browse = button("File...", "noise.browse")
        self.problem = Words()
        self.setLayout(column(row(self._path, browse), self.problem))
        self.problem.say("")
        self._path.returnPressed.connect(lambda: self.setValue(self._path.text()))
        browse.clicked.connect(
            lambda: ask_for_path(self, "Noise model", self.setValue, NOISE_MODEL_FILES)
        )

    def setValue(self, path: str) -> None:
        """Choose `path`."""
        self._path.setText(path)
        self.say("")
        self.valueChanged.emit(Path(path.strip()).expanduser())

    def say(self, reason: str) -> None:
        """Show at the field what is wrong with it ("" if nothing)."""
        set_tone(self._path, "bad" if reason else "")
        self.problem.say(reason, "bad")


class NumbersForm(QWidget):
    """Give the line of the variance as numbers, for cameras with a data sheet.

    Signals
    -------
    valueChanged()
        There is another line.
    """

    valueChanged = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "plain")
        self.slope = _real(0.0, 1e6, 4, 1.0, "noise.slope")
        self.intercept = _real(-1e9, 1e9, 3, 0.0, "noise.intercept")
        self.smallest = _real(1e-6, 1e6, 4, 1.0, "noise.smallest")
        self.setLayout(
            column(
                Words(LINE, "quiet"),
                form(
                    {
                        "Slope": self.slope,
                        "Intercept": self.intercept,
                        "Smallest std": self.smallest,
                    }
                ),
            )
        )
        for field in (self.slope, self.intercept, self.smallest):
            field.valueChanged.connect(self.valueChanged)

    def noise_model(self, signal_range: tuple[float, float]) -> GaussianNoiseModel:
        """Return the model, said to be good over a range of signals."""
        from ..noise import GaussianNoiseModel

        return GaussianNoiseModel(
            self.slope.value(),
            self.intercept.value(),
            self.smallest.value() ** 2,
            signal_range,
        )


def is_stack(layer: Any) -> bool:
    """Whether a layer holds several images."""
    return is_image(layer) and not layer.rgb and pixels_of(layer).ndim >= 3


def _size(pixels: Any) -> str:
    return f"{pixels.shape[-2]}x{pixels.shape[-1]}"


def _whole(low: int, high: int, value: int, key: str) -> QSpinBox:
    field = QSpinBox()
    field.setRange(low, high)
    field.setValue(value)
    tip(field, key)
    return field


def _real(
    low: float, high: float, decimals: int, value: float, key: str
) -> QDoubleSpinBox:
    field = QDoubleSpinBox()
    field.setDecimals(decimals)
    field.setRange(low, high)
    field.setValue(value)
    field.setKeyboardTracking(False)
    tip(field, key)
    return field
