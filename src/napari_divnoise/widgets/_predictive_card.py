"""Is what is left over noise? The check of a trained model on its images, as a card."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QWidget

from ._bar import ThinBar
from ._check_plots import HEIGHT, NeighbourMap
from ._lifetime import connect_while_alive
from ._parts import Card, Words, button, heading, row
from ._plots import Plot
from ._tooltips import tip
from ._work import give_way, run

if TYPE_CHECKING:
    from collections.abc import Generator

    import numpy.typing as npt

    from ..images import ImageStack
    from ..runs import Model, PredictiveCheck
    from ..session import Session
    from ._errors import Problem
    from ._theme import Palette
    from ._work import Work

TONES = {"good": "good", "fair": "warning", "poor": "bad"}
TITLE = "Is what is left over noise?"
WHY = (
    "Samples are made noisy again with the noise model, and compared with your images."
)


class PredictiveCard(Card):
    """Shown once there is a model that draws samples and states its noise."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._work: Work | None = None
        self.check_button = button("Check", "denoise.check")
        self.cancel_button = button("Cancel", "denoise.check.cancel")
        self._bar = ThinBar()
        self.verdict = Words()
        self.ranks = RankPlot()
        self.neighbours = NeighbourMap()
        self._plots = QWidget()
        self._plots.setProperty("role", "plain")
        line = row(self.ranks, self.neighbours, spacing=2)
        line.setStretch(0, 4)
        line.setStretch(1, 3)
        self._plots.setLayout(line)
        super().__init__(
            heading(TITLE),
            Words(WHY, "quiet"),
            row(self.check_button, self.cancel_button, None),
            self._bar,
            self.verdict,
            self._plots,
        )
        self.check_button.clicked.connect(self._on_check_clicked)
        self.cancel_button.clicked.connect(self._on_cancel_clicked)
        connect_while_alive(
            [
                (session.events.model, self._on_choice_changed),
                (session.events.images, self._on_choice_changed),
            ]
        )
        self._on_choice_changed()

    def _on_choice_changed(self, _value: Any = None) -> None:
        """Forget what was found for another model, or other images."""
        self._on_cancel_clicked()
        model, images = self._session.model, self._session.images
        can_check = (
            model is not None and model.noise_model is not None and model.has_posterior
        )
        self.setVisible(can_check and images is not None)

    def _on_check_clicked(self) -> None:
        model, images = self._session.model, self._session.images
        if model is None or images is None:
            return
        self._work = work = run(
            "checking what is left over",
            lambda: check(model, images),
            per_second=5,
            owner=self,
        )
        work.yielded.connect(self._on_share_done)
        work.returned.connect(lambda value: self._on_checked(work, value))
        work.failed.connect(lambda problem: self._on_failed(work, problem))
        self._show("Drawing samples", "quiet")

    def _on_cancel_clicked(self) -> None:
        if self._work is not None:
            self._work.stop()
        self._work = None
        self._show("")

    def _on_share_done(self, share: float | None) -> None:
        self._bar.setValue(share)

    def _on_checked(self, work: Work, value: PredictiveCheck) -> None:
        if work is self._work:
            self._work = None
            self._show(value.verdict, TONES[value.grade])
            self.ranks.setValue(value.pit_counts)
            self.neighbours.setValue(value.autocorrelation)
            self._plots.show()

    def _on_failed(self, work: Work, problem: Problem) -> None:
        if work is self._work:
            self._work = None
            self._show(problem.what, "bad")

    def _show(self, text: str, tone: str = "") -> None:
        is_running = self._work is not None
        self.check_button.setVisible(not is_running)
        self.cancel_button.setVisible(is_running)
        self._bar.setVisible(is_running)
        self._bar.setValue(None)
        self.verdict.say(text, tone)
        self._plots.hide()


class RankPlot(Plot):
    """Where each pixel stands among simulated ones: flat if the noise is as stated."""

    def __init__(self) -> None:
        super().__init__("rank among simulated pixels", "", height=HEIGHT)
        tip(self, "denoise.ranks")
        self._bars = self.plot(stepMode="center", fillLevel=0)
        self._even = pg.InfiniteLine(angle=0)
        self.addItem(self._even)
        self.getAxis("left").setStyle(showValues=False)
        self.getAxis("left").setWidth(8)

    def setValue(self, shares: npt.NDArray[Any]) -> None:
        """Show the share of the pixels in each of some even bins of the rank."""
        even = 1 / len(shares)
        self._bars.setData(np.linspace(0, 1, len(shares) + 1), shares)
        self._even.setValue(even)
        self.setXRange(0, 1, padding=0.02)
        self.setYRange(0, max(1.2 * float(shares.max()), 2 * even), padding=0)

    def restyle(self, colors: Palette) -> None:
        """Bars as in the other plots, a line where all should end."""
        self._bars.setPen(pg.mkPen(colors.line))
        self._bars.setBrush(pg.mkBrush(colors.field))
        style = Qt.PenStyle.DashLine
        self._even.setPen(pg.mkPen(colors.warning, width=1, style=style))


def check(
    model: Model, images: ImageStack
) -> Generator[float | None, None, PredictiveCheck]:
    """Do the check, and say what share is done.

    Raises
    ------
    ValueError
        If the images do not suit the model.
    """
    from ..runs import checking_predictions

    give_way()
    yield None
    return (yield from checking_predictions(model, images))
