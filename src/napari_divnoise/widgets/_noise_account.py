"""What a bootstrap has come to so far, from its reports and its files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ._noise_fit import Fitted, Stand
from ._noise_pictures import MeasuredDensity, curve_of, picture_of

if TYPE_CHECKING:
    from pathlib import Path

    from ..noise import JointHistogram, NoiseModel

STAGES = {
    "denoising": "Making a first denoising",
    "counting": "Comparing it with the images",
    "fitting": "Fitting the noise model",
}


class Account:
    """What is known of the work so far."""

    def __init__(self) -> None:
        self.fitted: Fitted | None = None
        self._words, self._fraction = "Starting", 0.0
        self._losses: list[tuple[float, float]] = []
        self._nlls: list[tuple[float, float]] = []
        self._is_fitting = False
        self._stamps: dict[str, int] = {}

    def take(self, facts: dict[str, Any]) -> None:
        """Take in one report: stage, fraction, and what else is known."""
        stage = facts["stage"]
        self._fraction = max(self._fraction, float(facts["fraction"]))
        percent = 100 * self._fraction
        # A fit on the way tells its own time, not that of the whole.
        left = _left(facts.get("eta_s")) if stage == "denoising" else ""
        self._words = f"{STAGES.get(stage, stage)}: {percent:.0f} %{left}"
        loss, nll = facts.get("loss"), facts.get("nll")
        if loss is not None and stage == "denoising":
            self._losses.append((percent, loss))
        if stage != "fitting":
            self._is_fitting = False
        elif nll is not None:
            self._note_nats(percent, nll)

    def _note_nats(self, percent: float, nll: float) -> None:
        """Keep the curve of this fit: others had other pairs, and do not compare."""
        if not self._is_fitting:
            self._nlls = []
        self._is_fitting = True
        if self._nlls and self._nlls[-1][0] == percent:
            self._nlls.pop()
        self._nlls.append((percent, nll))

    def read(self, folder: Path) -> None:
        """Read the noise model, and the pairs, if there are others than before."""
        from ..noise import load_noise_model
        from ..noise.joint_files import load_pairs

        model, pairs = folder / "noise_model.npz", folder / "pairs.npz"
        if not (pairs.exists() and self._is_new(model)):
            return
        old = None if self.fitted is None else self.fitted.pairs
        is_new = self._is_new(pairs) or old is None
        self.show(load_noise_model(model), load_pairs(pairs) if is_new else old)

    def show(self, model: NoiseModel, pairs: JointHistogram | None) -> None:
        """Make a noise model ready for the plots."""
        old = self.fitted
        if old is not None and old.noise_model is model:
            return
        if pairs is None:
            raise ValueError("a noise model came without its pairs: fit again")
        if old is not None and old.pairs is pairs:
            picture, measured = old.picture, old.measured
        else:
            picture, measured = picture_of(pairs), MeasuredDensity(pairs)
        curve = curve_of(model, pairs.signal_range)
        self.fitted = Fitted(model, curve, pairs, picture, measured)

    def stand(self) -> Stand:
        """Return where the work stands."""
        return Stand(
            self._words,
            self._fraction,
            np.array(self._losses).reshape(-1, 2),
            np.array(self._nlls).reshape(-1, 2),
            self.fitted,
        )

    def _is_new(self, path: Path) -> bool:
        """Whether a file is another one than at the last look."""
        if not path.exists():
            return False
        stamp = path.stat().st_mtime_ns
        was, self._stamps[path.name] = self._stamps.get(path.name), stamp
        return was != stamp


def _left(eta_s: float | None) -> str:
    """Say how long it will take."""
    if eta_s is None or not np.isfinite(eta_s):
        return ""
    if eta_s < 1:
        return ", nearly done"
    if eta_s < 90:
        return f", about {eta_s:.0f} s left"
    return f", about {eta_s / 60:.0f} min left"
