"""The page "Denoise": clean images, their mean, and where they disagree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QComboBox, QLabel, QSpinBox, QWidget

from ._compare import Comparison
from ._jobs import SLICE, Settings, jobs_of
from ._lifetime import connect_while_alive
from ._model_card import ModelCard
from ._parts import (
    Card,
    Fold,
    Segments,
    Words,
    button,
    column,
    form,
    heading,
    row,
)
from ._pickers import LayerList
from ._predictive_card import PredictiveCard
from ._preferences import preferences
from ._regions import VIEW, WHOLE
from ._results import VIEWS
from ._suitability import why_not
from ._tooltips import TOOLTIPS, tip

if TYPE_CHECKING:
    from ..runs import Model
    from ..session import Session, Source
    from ._denoiser import Denoiser
    from ._denoising import Step

QUANTILES = (0.05, 0.95)
NO_POSTERIOR = TOOLTIPS["denoise.no_posterior"]


class DenoisePage(QWidget):
    """Choose a model and images, and watch the results sharpen in the viewer.

    Signals
    -------
    reasonChanged()
        `reason` has something else to say.
    """

    reasonChanged = Signal()

    def __init__(self, viewer: Any, session: Session, denoiser: Denoiser) -> None:
        super().__init__()
        self._viewer, self._session, self._denoiser = viewer, session, denoiser
        self._comparison = Comparison(viewer)
        self._make_children()
        self._lay_out()
        self._connect()
        self._on_sources_changed(session.sources)
        self._on_model_changed(session.model)

    def _make_children(self) -> None:
        self.model_card = ModelCard(self._session)
        self.layers = LayerList(self._viewer)
        self.region = QComboBox()
        self.region.addItems([WHOLE, SLICE, VIEW])
        tip(self.region, "denoise.region")
        self.n_samples = _whole(2, preferences().n_samples, "denoise.n_samples")
        self.seed = _whole(0, 0, "denoise.seed")
        self.outputs = {
            key: _tick(key, f"denoise.{key}") for key in ("mean", "std", "samples")
        }
        self.quantiles = _tick("5 and 95 % quantiles", "denoise.quantiles", on=False)
        self.run_button = button("Denoise", "denoise.run", "primary")
        self.cancel_button = button("Cancel and keep", "denoise.cancel")
        self._no_samples = Words()
        self._why = Words()
        self._numbers = Words(tone="quiet")
        self.warning = Words()
        self.looks = Segments(VIEWS, "denoise.show")
        self.compare_button = button("Side by side", "denoise.compare")
        self.compare_button.setCheckable(True)
        self.check_card = PredictiveCard(self._session)

    def _lay_out(self) -> None:
        more = QWidget()
        more.setProperty("role", "plain")
        more.setLayout(column(form({"Seed": self.seed}), self.quantiles))
        self._look_at = Card(
            heading("Look at"), row(self.looks, None), row(self.compare_button, None)
        )
        layout = column(
            heading("Denoise", "question"),
            self.model_card,
            heading("Apply to"),
            self.layers,
            row(QLabel("Region"), self.region, None),
            Card(
                row(QLabel("Show"), *self.outputs.values(), None),
                self._no_samples,
                form({"Samples": self.n_samples}),
                Fold("More", more),
            ),
            row(self.run_button, self.cancel_button, None),
            self._why,
            self._numbers,
            self.warning,
            self._look_at,
            self.check_card,
            spacing=8,
        )
        layout.addStretch(1)
        self.setLayout(layout)
        self._look_at.setVisible(self._denoiser.results is not None)

    def _connect(self) -> None:
        self.layers.valueChanged.connect(self._show_state)
        for field in self.outputs.values():
            field.toggled.connect(self._show_state)
        self.run_button.clicked.connect(self._on_run_clicked)
        self.cancel_button.clicked.connect(self._denoiser.cancel)
        self.looks.valueChanged.connect(self._on_look_chosen)
        self.compare_button.toggled.connect(self._on_compare_toggled)
        self._denoiser.changed.connect(self._show_state)
        self._denoiser.stepped.connect(self._on_stepped)
        fields = self._session.events
        connect_while_alive(
            [
                (fields.model, self._on_model_changed),
                (fields.sources, self._on_sources_changed),
            ],
        )

    def reason(self) -> str:
        """Say why one cannot denoise, "" if one can."""
        if self._session.model is None:
            return "Train a network, or drop a model file on napari."
        layers = self.layers.value()
        if not layers and not self._session.files:
            return "Choose an image."
        bad = next((layer for layer in layers if why_not(layer)), None)
        if bad is not None:
            return f"{bad.name}: {why_not(bad)}"
        if not self._ticked():
            return "Choose something to show."
        return ""

    def reset_choices(self, event: Any = None) -> None:
        """Follow the viewer's layers."""
        self.layers.reset_choices(event)

    # ------------------------------------------------------------------ slots

    def _on_run_clicked(self) -> None:
        wants_quantiles = self.quantiles.isEnabled() and self.quantiles.isChecked()
        settings = Settings(
            region=self.region.currentText(),
            n_samples=self.n_samples.value(),
            seed=self.seed.value(),
            device=preferences().device,
            quantiles=QUANTILES if wants_quantiles else (),
        )
        jobs = jobs_of(self._viewer, self._session, self.layers.value(), settings)
        self.compare_button.setChecked(False)
        self.looks.setValue("mean")
        self.warning.say("")
        self._denoiser.run(jobs, self._ticked())

    def _ticked(self) -> frozenset[str]:
        """Return what is to be shown; what the model cannot give does not count."""
        return frozenset(
            key
            for key, field in self.outputs.items()
            if field.isEnabled() and field.isChecked()
        )

    def _on_stepped(self, step: Step) -> None:
        self.warning.say(step.opened.warning, "warning")
        numbers = (
            f"{step.n_done} samples, {step.samples_per_s:.3g} per second; the mean is "
            f"known to {step.standard_error:.2g} grey values"
        )
        if step.opened.posterior is None:
            numbers = f"{step.fraction:.0%} denoised, in one pass without samples"
        self._numbers.say(numbers, "quiet")
        for key in ("std", "samples"):
            self.looks.setChoiceEnabled(key, step.opened.posterior is not None)
        self._look_at.show()

    def _on_model_changed(self, model: Model | None) -> None:
        has_samples = model is None or model.has_posterior
        fields: dict[str, QWidget] = {
            "denoise.std": self.outputs["std"],
            "denoise.samples": self.outputs["samples"],
            "denoise.quantiles": self.quantiles,
            "denoise.n_samples": self.n_samples,
            "denoise.seed": self.seed,
        }
        for key, field in fields.items():
            field.setEnabled(has_samples)
            tip(field, key if has_samples else "denoise.no_posterior")
        self._no_samples.say("" if has_samples else NO_POSTERIOR, "quiet")
        self._show_state()

    def _on_sources_changed(self, sources: tuple[Source, ...]) -> None:
        alive = [source.layer() for source in sources if source.layer is not None]
        layers = [layer for layer in alive if layer in self._viewer.layers]
        if layers:
            self.layers.setValue(layers)

    def _on_look_chosen(self, key: str) -> None:
        self.compare_button.setChecked(False)
        if self._denoiser.results is not None:
            self._denoiser.results.show_only(key)

    def _on_compare_toggled(self, on: bool) -> None:
        results = self._denoiser.results
        if not on or results is None:
            self._comparison.end()
            return
        keys = ("mean", "samples", "std")
        layers = [results.noisy(), *map(results.layer, keys)]
        self._comparison.begin([layer for layer in layers if layer is not None])

    def _show_state(self, _value: Any = None) -> None:
        reason, is_running = self.reason(), self._denoiser.is_running
        self.run_button.setVisible(not is_running)
        self.run_button.setEnabled(not reason)
        self.cancel_button.setVisible(is_running)
        self._why.say("" if is_running else reason, "warning")
        self.reasonChanged.emit()


def _tick(text: str, key: str, *, on: bool = True) -> QCheckBox:
    field = QCheckBox(text)
    field.setChecked(on)
    tip(field, key)
    return field


def _whole(low: int, value: int, key: str) -> QSpinBox:
    field = QSpinBox()
    field.setRange(low, 2**31 - 1)
    field.setValue(value)
    field.setKeyboardTracking(False)
    tip(field, key)
    return field
