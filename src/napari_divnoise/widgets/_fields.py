"""The form of the training's settings: it edits one frozen config, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QSpinBox,
    QWidget,
)

from ._parts import Words, form
from ._theme import set_tone
from ._tooltips import tip

if TYPE_CHECKING:
    from ..training import TrainingConfig

# field -> label, kind, arguments of the kind
_WHOLE, _REAL, _YES_NO, _CHOICE = "whole", "real", "yes or no", "choice"
LAYOUT: dict[str, tuple[str, str, tuple[Any, ...]]] = {
    "n_steps": ("Steps", _WHOLE, (1, 10_000_000)),
    "max_minutes": ("At most (minutes)", _REAL, (0.0, 100_000.0, 1, "no limit")),
    "patch_size": ("Patch (pixels)", _WHOLE, (32, 4096)),
    "batch_size": ("Patches per step", _WHOLE, (1, 4096)),
    "learning_rate": ("Learning rate", _REAL, (0.000_001, 1.0, 6, "")),
    "kl_weight": ("Weight of the rate", _REAL, (0.0, 1000.0, 3, "")),
    "depth": ("Depth of the network", _WHOLE, (1, 5)),
    "n_filters": ("Filters", _WHOLE, (1, 512)),
    "z_channels": ("Latent channels", _WHOLE, (1, 1024)),
    "mask_share": ("Share of hidden pixels", _REAL, (0.001, 0.25, 3, "")),
    "n_pixel_samples": ("Signals for a pixel", _WHOLE, (2, 4096)),
    "min_noise_std": ("Smallest noise std", _REAL, (0.0, 1e6, 3, "from the images")),
    "augment": ("Turn and mirror", _YES_NO, ()),
    "validation_fraction": ("Kept for validation", _REAL, (0.0, 0.5, 2, "")),
    "precision": ("Precision", _CHOICE, ("auto", "float32", "bfloat16")),
    "seed": ("Seed", _WHOLE, (0, 2**31 - 1)),
}
# What some methods do not ask for.
ONLY_FOR = {
    "kl_weight": ("divnoising", "vae"),
    "z_channels": ("divnoising", "vae"),
    "mask_share": ("n2v", "pn2v"),
    "n_pixel_samples": ("pn2v",),
    "min_noise_std": ("divnoising", "pn2v"),
}


class TrainingFields(QWidget):
    """Edits a `TrainingConfig`: no training, no viewer.

    Fields that are not shown keep the value they were given.

    Signals
    -------
    valueChanged(TrainingConfig)
        There is a new, valid value.
    problemChanged(str)
        Why what the fields say is no valid value, "" if it is one.
    """

    valueChanged = Signal(object)
    problemChanged = Signal(str)

    def __init__(self, config: TrainingConfig) -> None:
        super().__init__()
        self.setProperty("role", "plain")
        self._config = config
        self._fields = {name: _field(name) for name in LAYOUT}
        self._problem = Words()
        layout = form({LAYOUT[name][0]: field for name, field in self._fields.items()})
        layout.addRow(self._problem)
        self.setLayout(layout)
        self._problem.say("")
        self._show(config)
        for field in self._fields.values():
            _changed_signal(field).connect(self._on_field_changed)

    def value(self) -> TrainingConfig:
        """Return what the fields last said that was valid."""
        return self._config

    def setValue(self, config: TrainingConfig) -> None:
        """Show `config`, and announce it once if it is new."""
        is_new = config != self._config
        self._config = config
        self._show(config)
        self._say("", None)
        if is_new:
            self.valueChanged.emit(config)

    def field(self, name: str) -> QWidget:
        """Return the field of one setting."""
        return self._fields[name]

    def _show(self, config: TrainingConfig) -> None:
        for name, field in self._fields.items():
            field.blockSignals(True)
            _write(field, getattr(config, name))
            field.setEnabled(config.method in ONLY_FOR.get(name, (config.method,)))
            field.blockSignals(False)

    def _on_field_changed(self) -> None:
        values = {name: _read(name, field) for name, field in self._fields.items()}
        if self._config.kl_warmup_steps == self._config.n_steps:
            # A warm-up as long as the training follows it.
            values["kl_warmup_steps"] = values["n_steps"]
        try:
            # Made anew, so that every rule of the config is applied.
            config = type(self._config)(**{**self._config.model_dump(), **values})
        except ValueError as error:
            self._say(*_first_problem(error))
            return
        self._say("", None)
        if config != self._config:
            self._config = config
            self.valueChanged.emit(config)

    def _say(self, problem: str, name: str | None) -> None:
        for key, field in self._fields.items():
            set_tone(field, "bad" if key == name else "")
        self._problem.say(problem, "bad")
        self.problemChanged.emit(problem)


def settings_between(base: TrainingConfig, config: TrainingConfig) -> dict[str, Any]:
    """Return the settings of `config` that differ from those of `base`."""
    before, after = base.model_dump(), config.model_dump()
    return {name: value for name, value in after.items() if value != before[name]}


def _field(name: str) -> QWidget:
    _, kind, arguments = LAYOUT[name]
    if kind == _YES_NO:
        field: QWidget = QCheckBox()
    elif kind == _CHOICE:
        field = QComboBox()
        field.addItems(list(arguments))
    elif kind == _WHOLE:
        field = QSpinBox()
        field.setRange(*arguments)
        field.setKeyboardTracking(False)
    else:
        low, high, decimals, special = arguments
        field = QDoubleSpinBox()
        field.setDecimals(decimals)
        field.setRange(low, high)
        field.setKeyboardTracking(False)
        # The lowest value then stands for None.
        field.setSpecialValueText(special)
    tip(field, f"training.{name}")
    return field


def _changed_signal(field: QWidget) -> Any:
    if isinstance(field, QCheckBox):
        return field.toggled
    if isinstance(field, QComboBox):
        return field.currentIndexChanged
    return field.valueChanged  # type: ignore[attr-defined]


def _read(name: str, field: QWidget) -> Any:
    if isinstance(field, QCheckBox):
        return field.isChecked()
    if isinstance(field, QComboBox):
        return field.currentText()
    if isinstance(field, QSpinBox):
        return field.value()
    if isinstance(field, QDoubleSpinBox):
        is_none = bool(field.specialValueText()) and field.value() == field.minimum()
        return None if is_none else field.value()
    raise TypeError(f"{name} has a field of type {type(field).__name__}: add it here")


def _write(field: QWidget, value: Any) -> None:
    if isinstance(field, QCheckBox):
        field.setChecked(value)
    elif isinstance(field, QComboBox):
        field.setCurrentText(value)
    elif isinstance(field, QSpinBox):
        field.setValue(value)
    elif isinstance(field, QDoubleSpinBox):
        field.setValue(field.minimum() if value is None else value)


def _first_problem(error: ValueError) -> tuple[str, str | None]:
    """Return pydantic's first complaint as a sentence, and the field it is about."""
    errors = getattr(error, "errors", None)
    if errors is None:
        return str(error), None
    problem = errors()[0]
    text = problem["msg"].removeprefix("Value error, ")
    named = [str(part) for part in problem["loc"]]
    named += [name for name in LAYOUT if name in text]
    name = named[0] if named else None
    return text[0].upper() + text[1:] + ".", name
