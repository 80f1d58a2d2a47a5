"""What is to be trained, and for how long: the settings on the Train page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QComboBox, QLineEdit, QVBoxLayout, QWidget

from ._fields import TrainingFields, settings_between
from ._parts import Fold, Segments, Words, column, form, row
from ._preferences import preferences
from ._theme import set_tone
from ._tooltips import tip

if TYPE_CHECKING:
    from pathlib import Path

    from ..runs import RunConfig
    from ..session import Session
    from ..training import TrainingConfig
    from ._ready import Ready

PRESETS = {
    "quick": "Quick",
    "standard": "Standard",
    "best": "Best",
    "paper": "Paper",
}


class TrainForm(QWidget):
    """Goal, name of the run, device, and a fold with every setting.

    Signals
    -------
    valueChanged()
        Something has another value.
    """

    valueChanged = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setProperty("role", "plain")
        self._session = session
        self._ready: Ready | None = None
        self._was_named = False
        self.fields: TrainingFields | None = None
        self._problem = ""
        self.preset = Segments(PRESETS, "train.preset")
        self._means = Words("Getting ready...", "quiet")
        self.run_name = QLineEdit()
        tip(self.run_name, "train.run_name")
        self._where = Words()
        self.device = QComboBox()
        tip(self.device, "train.device")
        self.previews = QCheckBox("Show a preview in the viewer")
        self.previews.setChecked(True)
        tip(self.previews, "train.previews")
        self._more = QWidget()
        self._more.setProperty("role", "plain")
        self._more.setLayout(QVBoxLayout())
        self._lay_out()
        self.preset.setValue(preferences().preset)
        self.preset.valueChanged.connect(self._on_preset_changed)
        self.run_name.textEdited.connect(self._on_name_edited)
        self.run_name.textChanged.connect(self._check_name)
        self.propose_name()

    def _lay_out(self) -> None:
        name = QWidget()
        name.setProperty("role", "plain")
        name.setLayout(column(self.run_name, self._where, spacing=2))
        self._fold = Fold("More settings", self._more)
        self.setLayout(
            column(
                row(self.preset, None),
                self._means,
                form({"Run": name, "Device": self.device}),
                self.previews,
                self._fold,
            )
        )

    def set_ready(self, ready: Ready) -> None:
        """Show the fields, now that their defaults are known."""
        self._ready = ready
        self.device.addItems(["auto", "cuda", "mps", "cpu"])
        model: Any = self.device.model()
        for number, name in enumerate(("auto", "cuda", "mps", "cpu")):
            if name in ready.missing:
                model.item(number).setEnabled(False)
                model.item(number).setToolTip(ready.missing[name])
        wanted = preferences().device
        self.device.setCurrentText("auto" if wanted in ready.missing else wanted)
        self.fields = TrainingFields(self._preset_config())
        self._more.layout().addWidget(self.fields)  # type: ignore[union-attr]
        self.fields.valueChanged.connect(self._on_fields_changed)
        self.fields.problemChanged.connect(self._on_problem_changed)
        self._say_what_it_means()

    def refresh(self) -> None:
        """Follow the session: other images change what a preset means."""
        self._on_preset_changed(self.preset.value())
        self.propose_name()

    def reason(self) -> str:
        """Say why this cannot be trained, "" if it can."""
        if self.fields is None:
            return "Getting ready..."
        if self._problem:
            return "One of the settings is out of its range."
        if not self.run_name.text().strip():
            return "Give the run a name."
        return "This run exists: choose another name." if self.exists() else ""

    def folder(self) -> Path:
        """Return the folder of the run."""
        return preferences().runs / self.run_name.text().strip()

    def exists(self) -> bool:
        """Whether the folder holds a run already."""
        from ..runs import RunFolder

        return RunFolder(self.folder()).holds_a_run

    def config(self) -> RunConfig:
        """Return the run that is asked for, still without images and noise model."""
        from ..runs import RunConfig

        if self.fields is None:
            raise RuntimeError("the fields are not ready yet")
        asked = self.fields.value()
        # What stands in the run file, whatever the preset derives from it.
        given = {"n_steps": asked.n_steps, "max_minutes": asked.max_minutes}
        settings = given | settings_between(self._preset_config(**given), asked)
        seed = settings.pop("seed", asked.seed)
        return RunConfig(
            images=self._session.files,
            axes=self._session.axes or None,
            channel=self._session.channel,
            method=self._session.method,
            preset=self.preset.value(),
            seed=seed,
            device=self.device.currentText(),
            previews=self.previews.isChecked(),
            settings=settings,
        )

    def propose_name(self) -> None:
        """Name the run after its images, unless a person has named it."""
        images = self._session.images
        if self._was_named or images is None:
            return
        first = images.names[0] if images.names else "images"
        self.run_name.setText(free_name(preferences().runs, first))

    # ------------------------------------------------------------------ slots

    def _on_preset_changed(self, _preset: str) -> None:
        if self.fields is not None:
            self.fields.setValue(self._preset_config())
            self._say_what_it_means()
            self.valueChanged.emit()

    def _on_fields_changed(self, _config: TrainingConfig) -> None:
        self._say_what_it_means()
        self.valueChanged.emit()

    def _on_problem_changed(self, problem: str) -> None:
        self._problem = problem
        if problem:
            self._fold.setOpen(True)
        self.valueChanged.emit()

    def _on_name_edited(self, _text: str) -> None:
        self._was_named = True

    def _check_name(self, _text: str = "") -> None:
        name = self.run_name.text().strip()
        if not re.fullmatch(r"[\w .()+-]*", name):
            self.run_name.setText(slug(name))
            return
        taken = bool(name) and self.exists()
        set_tone(self.run_name, "bad" if taken else "")
        if taken:
            self._where.say(
                "This run exists: choose another name, or resume it.", "bad"
            )
        else:
            self._where.say(f"in {preferences().runs}", "quiet")
        self.valueChanged.emit()

    def _preset_config(self, **given: Any) -> TrainingConfig:
        if self._ready is None:
            raise RuntimeError("the presets are not loaded yet")
        images = self._session.images
        shape = None if images is None else (images.n_images, *images.size)
        return self._ready.config.from_preset(
            self.preset.value(),  # type: ignore[arg-type]
            shape=shape,
            method=self._session.method,
            **given,
        )

    def _say_what_it_means(self) -> None:
        if self.fields is not None:
            self._means.say(in_words(self.fields.value()), "quiet")


def in_words(config: TrainingConfig) -> str:
    """Say how long a training is."""
    patch = f"{config.patch_size}x{config.patch_size}"
    work = f"{config.n_steps:,} steps of {config.batch_size} patches of {patch} pixels"
    if config.max_minutes is None:
        return f"{work}, however long it takes."
    return f"At most {minutes(config.max_minutes)}: up to {work}."


def minutes(number: float) -> str:
    """Return a number of minutes in words: "30 s", "2 min", "1 h 5 min"."""
    if number < 1.5:
        return f"{max(round(60 * number), 0)} s"
    whole = round(number)
    hours, rest = divmod(whole, 60)
    parts = [f"{hours} h"] if hours else []
    return " ".join([*parts, f"{rest} min"] if rest or not hours else parts)


def slug(name: str) -> str:
    """Return a name that is a good folder name on every system."""
    return re.sub(r"[^\w.()+-]+", "-", name).strip("-.") or "run"


def free_name(folder: Path, name: str) -> str:
    """Return ``name-1``, or the first number that is not taken in `folder`."""
    number = 1
    while (folder / f"{slug(name)}-{number}").exists():
        number += 1
    return f"{slug(name)}-{number}"
