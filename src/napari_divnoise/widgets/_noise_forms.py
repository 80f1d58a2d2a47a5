"""Where a noise model comes from: one small form for each way."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLineEdit, QWidget

from ..images import guess_axes
from ._files import ask_for_path
from ._noise_bootstrap import Order
from ._noise_fit import NO_TRIM, TRIM_DENOISED, Kind, Recipe
from ._noise_kind import real
from ._parts import Segments, Words, button, column, form, row
from ._pickers import LayerCombo
from ._suitability import is_image, pixels_of, why_not
from ._theme import set_tone
from ._tooltips import tip

if TYPE_CHECKING:
    from ..images import ImageStack
    from ..noise import GaussianNoiseModel

LINE = "variance = slope * signal + intercept, in camera units"
NOISE_MODEL_FILES = "Noise models (*.npz *.npy);;All files (*)"
SIGNALS = {"denoised": "Denoised", "clean": "Clean"}
MINUTES = 0.6
"""What `bootstrap_noise_model` takes by default."""


class FitForm(QWidget):
    """Choose layers to measure the noise from.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose layers.
    with_signal : bool
        Ask for an image without noise too; otherwise the frames give the signal
        themselves.
    """

    def __init__(self, viewer: Any, *, with_signal: bool) -> None:
        super().__init__()
        self.setProperty("role", "plain")
        self._with_signal = with_signal
        key = "noise.observation" if with_signal else "noise.frames"
        self.observation = LayerCombo(viewer, is_grey, key, proposes=not with_signal)
        self.signal = LayerCombo(viewer, is_image, "noise.signal")
        self.signal_is = Segments(SIGNALS, "noise.signal_is")
        # Where it is not asked for it has no place, and must go with this form.
        for part in (self.signal, self.signal_is):
            part.setParent(self)
            part.setVisible(with_signal)
        self.problem = Words()
        rows: dict[str, QWidget] = {"Frames": self.observation}
        if with_signal:
            rows = {
                "Noisy": self.observation,
                "Signal": self.signal,
                "It is": self.signal_is,
            }
        self.setLayout(column(form(rows), self.problem))
        self.say("")

    def say(self, reason: str) -> None:
        """Show why the fit cannot be made ("" if it can)."""
        self.problem.say(reason, "bad")

    def recipe(self, kind: Kind) -> Recipe | str:
        """Return what is to be fitted, or why that cannot be done yet."""
        noisy, clean = self.observation.value(), self.signal.value()
        if noisy is None:
            return "Choose the noisy layer." if self._with_signal else "Choose a layer."
        if why_not(noisy):
            return f"{noisy.name}: {why_not(noisy)}"
        signal = None
        if self._with_signal:
            problem = _mismatch(noisy, clean)
            if problem:
                return problem
            signal = pixels_of(clean)
        is_denoised = self._with_signal and self.signal_is.value() == "denoised"
        return Recipe(
            observation=pixels_of(noisy),
            axes=_axes(noisy),
            signal=signal,
            kind=kind,
            trim=TRIM_DENOISED if is_denoised else NO_TRIM,
            names=(noisy.name, clean.name) if self._with_signal else (),
        )

    def reset_choices(self, _event: Any = None) -> None:
        """Follow the viewer's layers."""
        self.observation.reset_choices()
        self.signal.reset_choices()


def _mismatch(noisy: Any, clean: Any) -> str:
    """Say why two layers make no pairs, "" if they may."""
    if clean is None:
        return "Choose the layer that shows the same place without noise."
    if clean == noisy:
        return "Noisy and signal are the same layer: choose two."
    if why_not(clean):
        return f"{clean.name}: {why_not(clean)}"
    seen, given = _shape(noisy), _shape(clean)
    if given in (seen, seen[-2:]):
        return ""
    return (
        f"{noisy.name} has {_size(seen)} pixels and {clean.name} {_size(given)}: they "
        f"must show the same place at the same size."
    )


def _axes(layer: Any) -> str:
    """Return its axes; a stack of images of one camera has no channels."""
    axes = guess_axes(pixels_of(layer).shape, layer.axis_labels)
    return axes.replace("C", "N") if len(axes) == 3 else axes


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
        self._path.setPlaceholderText("camera.npz, or a histogram as .npy")
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
        self.slope = real(0.0, 1e6, 4, 1.0, "noise.slope")
        self.intercept = real(-1e9, 1e9, 3, 0.0, "noise.intercept")
        self.smallest = real(1e-6, 1e6, 4, 1.0, "noise.smallest")
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


class BootstrapForm(QWidget):
    """Say what is bootstrapped from, and how long it may take."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "plain")
        self._about = Words(tone="quiet")
        self.max_minutes = real(0.05, 60.0, 2, MINUTES, "noise.max_minutes")
        self.max_minutes.setSingleStep(0.1)
        self.problem = Words()
        self.setLayout(
            column(self._about, form({"Minutes": self.max_minutes}), self.problem)
        )
        self.say("")
        self.show_images(None)

    def show_images(self, images: ImageStack | None) -> None:
        """Say which images are taken."""
        if images is None:
            self._about.say("From the images of the Data page.", "quiet")
            return
        n, (rows, columns) = images.n_images, images.size
        some = "the image" if n == 1 else f"{n} images"
        self._about.say(f"From {some} of {rows}x{columns} pixels.", "quiet")

    def say(self, reason: str) -> None:
        """Show why there is no noise model ("" if there is nothing to say)."""
        self.problem.say(reason, "bad")

    def order(self, images: ImageStack | None, kind: Kind) -> Order | str:
        """Return what is to be made, or why that cannot be done yet."""
        if images is None:
            return "Choose images on the Data page first."
        return Order(images, kind, self.max_minutes.value())


def is_grey(layer: Any) -> bool:
    """Whether a layer is an image of one intensity, not of colours."""
    return is_image(layer) and not layer.rgb


def _shape(layer: Any) -> tuple[int, ...]:
    """Return its shape without axes of length 1."""
    return tuple(n for n in pixels_of(layer).shape if n > 1)


def _size(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
