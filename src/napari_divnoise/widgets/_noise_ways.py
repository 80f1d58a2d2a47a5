"""The sources of a noise model, in the order and in the words of the Noise page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QComboBox, QWidget

from ._noise_forms import BootstrapForm, FileForm, FitForm, NumbersForm
from ._noise_kind import KindForm
from ._noise_library import LibraryForm
from ._parts import Words, button, column, row
from ._tooltips import tip

if TYPE_CHECKING:
    from ..images import ImageStack
    from ._noise_bootstrap import Order
    from ._noise_fit import Recipe

WAYS = {
    "bootstrap": "Make it from the noisy images",
    "library": "Take it from the library",
    "file": "Read it from a file",
    "calibration": "Measure it on a still or defocused scene",
    "pairs": "Measure it with a denoised or clean layer",
    "numbers": "Give it as numbers",
    "learn": "Learn it while training",
}
WHEN = {
    "bootstrap": "Use this when you have only the noisy images: a quick first "
    "denoising tells signal from noise well enough to measure the noise.",
    "library": "Use this for a camera that you have measured before.",
    "file": "Use this for a noise model from another computer, from here or from the "
    "published tools (.npz, .npy).",
    "calibration": "Use this when you can film something that does not move (50 frames "
    "or more), or take one frame out of focus. The best noise model there is.",
    "pairs": "Use this when a layer shows the same place denoised, by any program, or "
    "without noise, such as an average of many exposures.",
    "numbers": "Use this when the data sheet gives gain and read noise.",
    "learn": "Use this for a quick start: a variance that grows with the signal is "
    "found along with the network.",
}
FITTED = ("bootstrap", "calibration", "pairs")
"""Ways that need a fit, and let one choose what is fitted."""
ACTS = {
    "bootstrap": "Make noise model",
    "calibration": "Fit noise model",
    "pairs": "Fit noise model",
}
TO_DO = {
    "bootstrap": "Press Make noise model first.",
    "library": "Choose a noise model from the library.",
    "file": "Choose a noise-model file.",
    "numbers": "Give the numbers.",
}
NOT_NEEDED = {
    "vae": "The VAE baseline needs no noise model: it guesses a variance for every "
    "pixel. Go on to Train.",
    "n2v": "Noise2Void needs no noise model: it learns from the noisy images alone, "
    "and gives one image. Go on to Train.",
}


class Ways(QWidget):
    """The list of sources, and the form of the one that is chosen."""

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self.setProperty("role", "plain")
        self.box = QComboBox()
        self.box.addItems(list(WAYS.values()))
        # The longest of them would make the page wider than a dock.
        self.box.setMinimumContentsLength(12)
        self.box.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        tip(self.box, "noise.way")
        self._when = Words(tone="quiet")
        self.kind = KindForm()
        self.bootstrap = BootstrapForm()
        self.library = LibraryForm()
        self.file = FileForm()
        self.calibration = FitForm(viewer, with_signal=False)
        self.pairs = FitForm(viewer, with_signal=True)
        self.numbers = NumbersForm()
        self.forms: dict[str, QWidget] = {
            "bootstrap": self.bootstrap,
            "library": self.library,
            "file": self.file,
            "calibration": self.calibration,
            "pairs": self.pairs,
            "numbers": self.numbers,
        }
        self._details = QWidget()
        self._details.setProperty("role", "plain")
        self._details.setLayout(column(self._when, *self.forms.values(), self.kind))
        self.open_button = button("Settings", "noise.settings", "link")
        top = row(self.box, self.open_button)
        top.setStretch(0, 1)
        self.setLayout(column(top, self._details))
        self.open_button.clicked.connect(lambda: self.fold(on=False))
        self.fold(on=False)
        self.show_form()

    def value(self) -> str:
        """Return the key of the source that is chosen: "bootstrap", "file", ..."""
        return list(WAYS)[self.box.currentIndex()]

    def setValue(self, way: str) -> None:
        """Choose a source."""
        self.box.setCurrentIndex(list(WAYS).index(way))

    def show_form(self) -> None:
        """Show the form of the source that is chosen, and no other."""
        way = self.value()
        self.fold(on=False)
        self._when.say(WHEN[way], "quiet")
        for key, form in self.forms.items():
            form.setVisible(key == way)
        self.kind.setVisible(way in FITTED)

    def fold(self, *, on: bool) -> None:
        """Make room for the plots: hide all but the source, or show all again."""
        self._details.setVisible(not on)
        self.open_button.setVisible(on)

    def order(self, images: ImageStack | None) -> Order | Recipe | str:
        """Return what is to be fitted, or why that cannot be done yet.

        Parameters
        ----------
        images : ImageStack or None
            The session's.
        """
        if self.value() == "bootstrap":
            return self.bootstrap.order(images, self.kind.value())
        form = self.pairs if self.value() == "pairs" else self.calibration
        return form.recipe(self.kind.value())

    def say(self, reason: str) -> None:
        """Show at the form of the chosen source what went wrong."""
        self.fold(on=False)
        form = self.forms.get(self.value())
        if isinstance(form, FitForm | FileForm | BootstrapForm | LibraryForm):
            form.say(reason)

    def reset_choices(self, event: Any = None) -> None:
        """Follow the viewer's layers."""
        self.calibration.reset_choices(event)
        self.pairs.reset_choices(event)
