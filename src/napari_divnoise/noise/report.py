"""How good a fitted noise model is, in numbers and in one sentence."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from .gaussian import fit_gaussian_to
from .histogram_fitting import fit_histogram_to
from .joint import JointHistogram, joint_histogram

if TYPE_CHECKING:
    import numpy.typing as npt

    from .model import NoiseModel

# A model that is this much worse than one Gaussian, in nats per pixel, has failed.
_WORSE = 0.01
# A smaller difference than this says nothing.
_EQUAL = 0.001
_MANY_OUTSIDE, _SOME_OUTSIDE = 0.05, 0.001
# By as much a histogram may be ahead, which follows every grey value.
_FAR_FROM_HISTOGRAM = 0.05
# More clipped pixels than this are worth a word.
_MANY_CLIPPED = 0.01
_FEW_PAIRS = 10_000
_MOST_NATS = 100.0
# The brightest tenth of the range should hold this many pairs to be measured.
_FEW_BRIGHT = 100
# Mean residual, in standard deviations of the noise, that is no accident.
_BIASED = 0.1


@dataclass(frozen=True, slots=True)
class FitReport:
    """How well a noise model describes calibration pairs.

    Attributes
    ----------
    n_pairs : int
        Number of pixels.
    nll : float
        Mean of ``-log p(observation | signal)``, in nats per pixel; no pixel counts
        for more than 100, which a Gaussian gives 14 standard deviations off.
    gaussian_nll : float
        The same of the best single Gaussian with a linear variance.
    histogram_nll : float
        The same of a histogram of the same pairs: about the best that any noise model
        can do. It is fitted to the very pairs it is asked about, so that it flatters
        itself where pixels are few; nan where they were counted without a table.
    share_clipped : float
        Share of the pairs that were left out because the camera clipped them, 0 to 1.
    share_outside : float
        Share of the pairs whose signal is outside the range of the model, 0 to 1.
    n_bright : int
        Number of pairs in the brightest tenth of the range of the model.
    bias : float
        Mean of observation minus signal, in standard deviations of the noise.
    """

    n_pairs: int
    nll: float
    gaussian_nll: float
    share_outside: float
    n_bright: int
    bias: float
    histogram_nll: float = math.nan
    share_clipped: float = 0.0

    @property
    def grade(self) -> Literal["good", "fair", "poor"]:
        """The colour of the badge: green, amber or red."""
        if self.nll > self.gaussian_nll + _WORSE or self.share_outside > _MANY_OUTSIDE:
            return "poor"
        return "fair" if self._complaint() else "good"

    @property
    def sentence(self) -> str:
        """What a person should know, in one sentence."""
        gain = self.gaussian_nll - self.nll
        if gain < -_WORSE:
            return (
                f"Worse than a single Gaussian by {-gain:.3f} nats per pixel: fit "
                f"again with another seed, fewer Gaussians, or more bins of a histogram"
            )
        better = f"{gain:.3f} nats per pixel better than" if gain > _EQUAL else "like"
        missed = self.nll - self.histogram_nll
        beside = (
            f", but a histogram does so {missed:.3f} nats better"
            if missed > _FAR_FROM_HISTOGRAM
            else ""
        )
        return self._complaint() or (
            f"Describes the noise {better} the best single Gaussian, from "
            f"{self.n_pairs:,} pixels{beside}"
        )

    def _complaint(self) -> str:
        if self.share_outside > _SOME_OUTSIDE:
            return (
                f"{self.share_outside:.1%} of the pixels have a signal outside the "
                f"range of the noise model: it extrapolates there"
            )
        if self.share_clipped > _MANY_CLIPPED:
            return (
                f"{self.share_clipped:.1%} of the pixels were left out: the camera "
                f"clipped them, or their noise; use a shorter exposure for calibration"
            )
        if abs(self.bias) > _BIASED:
            return (
                f"Observations differ from the signal by {self.bias:+.2f} standard "
                f"deviations on average: the brightness drifted, or the signal is not "
                f"that of these frames"
            )
        if self.n_pairs < _FEW_PAIRS:
            return f"Only {self.n_pairs:,} pixels: use more frames or larger ones"
        if self.n_bright < _FEW_BRIGHT:
            return (
                f"Only {self.n_bright} pixels in the brightest tenth of the range: "
                f"bright structures are extrapolated"
            )
        return ""


def report_fit(
    noise_model: NoiseModel, observation: npt.ArrayLike, signal: npt.ArrayLike
) -> FitReport:
    """Compare a noise model with calibration pairs, in camera units.

    Raises
    ------
    ValueError
        If the pairs are unfit: see `joint_histogram`.
    """
    return report_on_pairs(noise_model, joint_histogram(observation, signal))


def report_on_pairs(noise_model: NoiseModel, pairs: JointHistogram) -> FitReport:
    """Compare a noise model with pairs that were counted already."""
    low, high = noise_model.signal_range
    count, signal = pairs.count, pairs.signal
    bright = (signal >= high - 0.1 * (high - low)) & (signal <= high)
    noise_std = np.sqrt(np.average(pairs.residual**2, weights=count))
    return FitReport(
        n_pairs=round(count.sum()),
        nll=mean_nll(noise_model, pairs),
        gaussian_nll=mean_nll(fit_gaussian_to(pairs), pairs),
        histogram_nll=_histogram_nll(pairs),
        share_outside=float(
            count[(signal < low) | (signal > high)].sum() / count.sum()
        ),
        n_bright=round(count[bright].sum()),
        bias=float(np.average(pairs.residual, weights=count) / noise_std),
        share_clipped=pairs.share_clipped,
    )


def share_out_of_range(noise_model: NoiseModel, image: npt.ArrayLike) -> float:
    """Return the share of pixels too dark or too bright to be noise on a known signal.

    Parameters
    ----------
    noise_model : NoiseModel
        In camera units.
    image : array
        Observations, in camera units. Pixels more than three standard deviations of
        the noise outside the model's range of signals count.
    """
    ends = np.array(noise_model.signal_range)
    low, high = ends + np.array([-3, 3]) * np.sqrt(noise_model.variance(ends))
    values = np.asarray(image)
    return float(np.mean((values < low) | (values > high)))


def mean_nll(noise_model: NoiseModel, pairs: JointHistogram) -> float:
    """Return the mean of ``-log p(observation | signal)`` of counted pairs, in nats."""
    observation, signal, count = pairs.observation, pairs.signal, pairs.count
    if noise_model.kind == "histogram" and pairs.table.size:
        # Cells may hold several grey values, which a histogram tells apart.
        observation, signal, count = pairs.tabled()
    log_prob = noise_model.log_prob(observation=observation, signal=signal)
    # One hot pixel among millions does not decide which of two models is better.
    log_prob = np.maximum(log_prob, -_MOST_NATS)
    return -float(np.average(log_prob, weights=count))


def _histogram_nll(pairs: JointHistogram) -> float:
    """Return how well a histogram describes the pairs that it was made of."""
    if not pairs.table.size:
        return math.nan
    with warnings.catch_warnings():
        # Signals without pixels have no part in the mean.
        warnings.simplefilter("ignore", UserWarning)
        return mean_nll(fit_histogram_to(pairs), pairs)
