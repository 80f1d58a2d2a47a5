"""How good a fitted noise model is, in numbers and in one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from .gaussian import fit_gaussian_to
from .joint import JointHistogram, joint_histogram

if TYPE_CHECKING:
    import numpy.typing as npt

    from .model import NoiseModel

# A model that is this much worse than one Gaussian, in nats per pixel, has failed.
_WORSE = 0.01
# A smaller difference than this says nothing.
_EQUAL = 0.001
_MANY_OUTSIDE, _SOME_OUTSIDE = 0.05, 0.001
_FEW_PAIRS = 10_000
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
        Mean of ``-log p(observation | signal)``, in nats per pixel.
    gaussian_nll : float
        The same of the best single Gaussian with a linear variance.
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
                f"again with another seed or fewer Gaussians"
            )
        better = f"{gain:.3f} nats per pixel better than" if gain > _EQUAL else "like"
        return self._complaint() or (
            f"Describes the noise {better} the best single Gaussian, from "
            f"{self.n_pairs:,} pixels"
        )

    def _complaint(self) -> str:
        if self.share_outside > _SOME_OUTSIDE:
            return (
                f"{self.share_outside:.1%} of the pixels have a signal outside the "
                f"range of the noise model: it extrapolates there"
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
        nll=_nll(noise_model, pairs),
        gaussian_nll=_nll(fit_gaussian_to(pairs), pairs),
        share_outside=float(
            count[(signal < low) | (signal > high)].sum() / count.sum()
        ),
        n_bright=round(count[bright].sum()),
        bias=float(np.average(pairs.residual, weights=count) / noise_std),
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


def _nll(noise_model: NoiseModel, pairs: JointHistogram) -> float:
    log_prob = noise_model.log_prob(observation=pairs.observation, signal=pairs.signal)
    return -float(np.average(log_prob, weights=pairs.count))
