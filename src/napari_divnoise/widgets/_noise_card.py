"""What the noise check found, as a card: a verdict, the reason, and two plots."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QWidget

from ._check_plots import NeighbourMap, VariancePlot
from ._parts import Words, column, heading, row

if TYPE_CHECKING:
    from ..images import NoiseReport

CHECKING = "Checking the noise..."
VERDICTS = {
    "pixelwise": ("Noise is independent from pixel to pixel.", "good"),
    "rows": ("Noise runs along the rows.", "warning"),
    "columns": ("Noise runs along the columns.", "warning"),
    "structured": ("Noise has a fine pattern.", "warning"),
    "blurred": ("Noise was blurred after the camera.", "bad"),
    "jpeg": ("The image was compressed (JPEG).", "bad"),
}
"""Headline and tone of each verdict of `inspect_noise`."""


class NoiseCard(QWidget):
    """The verdict on the noise in words with a colour; below it what was measured."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "plain")
        self.report: NoiseReport | None = None
        self._title = heading("Noise")
        self.verdict = Words()
        self.reason = Words(tone="quiet")
        self.notes = Words()
        self.numbers = Words(tone="quiet")
        self.variance = VariancePlot()
        self.neighbours = NeighbourMap()
        self._plots = QWidget()
        self._plots.setProperty("role", "plain")
        line = row(self.variance, self.neighbours, spacing=2)
        line.setStretch(0, 4)
        line.setStretch(1, 3)
        self._plots.setLayout(line)
        self.setLayout(
            column(
                self._title,
                self.verdict,
                self.reason,
                self.notes,
                self._plots,
                self.numbers,
                spacing=4,
            )
        )
        self.clear()

    def clear(self) -> None:
        """Show nothing: there is no image."""
        self._empty()
        self.setVisible(False)

    def wait(self) -> None:
        """Say that the check is running; the card keeps its height."""
        self.report = None
        self.verdict.say(CHECKING, "quiet")
        self.setVisible(True)

    def show_report(self, report: NoiseReport) -> None:
        """Show what was found."""
        self.report = report
        self.verdict.say(*VERDICTS[report.verdict])
        self.reason.say(report.reason, "quiet")
        self.notes.say("\n".join(report.notes), "warning")
        self.numbers.say(numbers_of(report), "quiet")
        self.variance.show_report(report)
        self.neighbours.setValue(report.autocorrelation)
        self._plots.setVisible(True)
        self.setVisible(True)

    def show_problem(self, text: str) -> None:
        """Say why there is no verdict."""
        self._empty()
        self.verdict.say(text, "warning")
        self.setVisible(True)

    def _empty(self) -> None:
        self.report = None
        for words in (self.verdict, self.reason, self.notes, self.numbers):
            words.say("")
        self.variance.clear_report()
        self.neighbours.setValue(None)
        self._plots.setVisible(False)


def numbers_of(report: NoiseReport) -> str:
    """Return the figures in one line."""
    slope, intercept = report.mean_variance
    sign = "+" if intercept >= 0 else "−"
    step = f"grey step {report.step:.3g}" if report.step else "continuous values"
    parts = [
        f"variance ≈ {slope:.3g} × signal {sign} {abs(intercept):.3g}",
        f"structure {report.snr:.2g} × noise",
        f"dark level ≈ {report.offset:.4g}",
        step,
        f"saturated {_percent(report.saturated)}",
        f"at the bottom {_percent(report.zeros)}",
        f"rows {report.row_ratio:.1f}, columns {report.column_ratio:.1f} × independent",
    ]
    return " · ".join(parts)


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %"
