"""What a noise model looks like: plots, a bar, and a badge in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QWidget

from ._noise_coverage import MANY_OUTSIDE, CoverageBar, badge, grade_of
from ._noise_plots import DensityPlot, FitPlot, PairsPlot
from ._parts import Segments, Words, button, column, row
from ._tooltips import tip

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._noise_coverage import Grade
    from ._noise_fit import Fitted, Stand
    from ._noise_pictures import Coverage

STDS_SHOWN = 4.0
CURVE_POINTS = 160
TONES = {"good": "good", "fair": "warning", "poor": "bad"}
WORDS = {"good": "Good.", "fair": "Fair.", "poor": "Poor."}
VIEWS = {"observed": "Observed", "noise": "Noise alone"}


class NoiseView(QWidget):
    """Shows a noise model beside the pairs that it was fitted to, if there are any.

    Signals
    -------
    trustChanged()
        Whether the model can be trusted, or was accepted all the same.
    acceptClicked()
        The person goes on with a model that is poor.
    """

    trustChanged = Signal()
    acceptClicked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._fitted: Fitted | None = None
        self._coverage: Coverage | None = None
        self._is_accepted = self._is_finished = False
        self.badge, self._notes = Words(), Words()
        self._about = Words(tone="quiet")
        self.accept_button = button("Continue anyway", "noise.accept")
        self.fit_plot = FitPlot()
        self.pairs = PairsPlot()
        self.views = Segments(VIEWS, "noise.view")
        self.density = DensityPlot()
        self.coverage = CoverageBar()
        self._lay_out()
        tip(self.fit_plot, "noise.fit_plot")
        tip(self.pairs, "noise.pairs_plot")
        tip(self.density, "noise.density_plot")
        # One plot at a time, so that the window answers in between; and once however
        # often the line was moved meanwhile.
        self._due: list[Callable[[], None]] = []
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._show_next)
        self.pairs.signalMoved.connect(self._on_signal_moved)
        self.views.valueChanged.connect(self._on_view_chosen)
        self.accept_button.clicked.connect(self._on_accept_clicked)
        self.clear()

    def _lay_out(self) -> None:
        self._model = QWidget()
        self._model.setLayout(
            column(
                self.badge,
                row(self.accept_button, None),
                self._notes,
                self._about,
                self.coverage,
                row(self.views, None),
                self.pairs,
                self.density,
            )
        )
        self.setLayout(column(self.fit_plot, self._model))

    def clear(self) -> None:
        """Show nothing."""
        self._fitted = None
        self._coverage = None
        self._is_accepted = self._is_finished = False
        self.pairs.forget()
        self.coverage.setValue(None)
        self.accept_button.hide()
        self.fit_plot.hide()
        self.hide()

    def is_poor(self) -> bool:
        """Whether there is a model that should not be used, and was not accepted."""
        return self._grade() == "poor" and not self._is_accepted

    def is_new(self, fitted: Fitted | None) -> bool:
        """Whether these pairs were not seen before."""
        if fitted is None:
            return False
        return self._fitted is None or fitted.pairs is not self._fitted.pairs

    def show_stand(self, stand: Stand) -> None:
        """Show how far a fit has come, and the best model so far."""
        has_curve = bool(len(stand.losses) or len(stand.nlls) > 1)
        self._notes.say("")
        if has_curve:
            self.fit_plot.setValue(stand.losses, stand.nlls)
        self.fit_plot.setVisible(has_curve)
        self._model.setVisible(stand.fitted is not None)
        if stand.fitted is not None:
            self._show(stand.fitted)
            nats = (
                f" {stand.nlls[-1, 1]:.4f} nats per pixel." if len(stand.nlls) else ""
            )
            self.badge.say(f"The best so far:{nats}", "quiet")
        if has_curve or stand.fitted is not None:
            self.show()

    def setValue(self, fitted: Fitted) -> None:
        """Show a noise model that is finished."""
        self._is_accepted = False
        self._is_finished = True
        self._show(fitted)
        self._notes.say(" ".join(fitted.notes), "warning")
        self._model.show()
        self.show()
        self._show_trust()

    def show_coverage(self, coverage: Coverage) -> None:
        """Show which of the images' intensities the model explains."""
        self._coverage = coverage
        self.coverage.setValue(coverage)
        if self._is_finished:
            self._show_trust()

    def _grade(self) -> Grade | None:
        """Return how good the model is; ``None`` while nobody knows."""
        if self._fitted is None:
            return None
        report, coverage = self._fitted.report, self._coverage
        if report is None:
            return None if coverage is None else grade_of(coverage)
        if coverage is not None and coverage.share_outside > MANY_OUTSIDE:
            return "poor"
        return report.grade

    def _show_badge(self) -> None:
        grade, fitted = self._grade(), self._fitted
        if grade is None or fitted is None:
            self.badge.say("")
        elif fitted.report is not None and fitted.report.grade == grade:
            self.badge.say(f"{WORDS[grade]} {fitted.report.sentence}.", TONES[grade])
        elif self._coverage is not None:
            self.badge.say(f"{WORDS[grade]} {badge(self._coverage)}", TONES[grade])

    def _show(self, fitted: Fitted) -> None:
        is_new = self._fitted is None or fitted.noise_model is not (
            self._fitted.noise_model
        )
        if self.is_new(fitted) or fitted.pairs is None:
            self._coverage = None  # of another model; the bar stays until it is known
        self._fitted = fitted
        if not is_new:
            return
        self._about.say(fitted.noise_model.describe(), "quiet")
        self._show_soon(self._show_pairs, self._show_density)

    def _show_trust(self) -> None:
        self._show_badge()
        self.accept_button.setVisible(self.is_poor())
        self.trustChanged.emit()

    def _on_accept_clicked(self) -> None:
        self._is_accepted = True
        self._show_trust()
        self.acceptClicked.emit()

    def _on_view_chosen(self, view: str) -> None:
        self.pairs.show_noise(view == "noise")

    def _on_signal_moved(self, _signal: float) -> None:
        self._show_soon(self._show_density)

    def _show_soon(self, *parts: Callable[[], None]) -> None:
        self._due += [part for part in parts if part not in self._due]
        self._soon.start()

    def _show_next(self) -> None:
        self._due.pop(0)()
        if self._due:
            self._soon.start()

    def _show_pairs(self) -> None:
        if self._fitted is not None:
            self.pairs.setValue(self._fitted.picture, self._fitted.curve)

    def _show_density(self) -> None:
        if self._fitted is None:
            return
        signal = self.pairs.signal()
        self.density.say(f"observed at a signal of {signal:.4g} (drag the line)")
        model = self._fitted.noise_model
        at = np.array([signal], np.float32)
        mean, std = float(model.mean(at)[0]), float(np.sqrt(model.variance(at)[0]))
        observation = np.linspace(
            mean - STDS_SHOWN * std, mean + STDS_SHOWN * std, CURVE_POINTS
        ).astype(np.float32)
        curve = np.exp(model.log_prob(observation=observation, signal=at))
        if self._fitted.measured is not None:
            edges, density = self._fitted.measured.at(signal)
        else:
            edges, density = observation[[0, -1]], np.zeros(1)
        self.density.setValue(edges, density, observation, curve)
