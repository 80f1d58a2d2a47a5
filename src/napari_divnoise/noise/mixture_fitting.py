"""A mixture is fitted to counted pairs: weighted maximum likelihood."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from .density import Limits
from .gaussian import fit_gaussian_to
from .mixture import PUBLISHED_TOLERANCE, MixtureNoiseModel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .joint import JointHistogram
    from .model import NoiseModel
    from .pairs import Array

_STEPS_PER_REPORT = 10
# The fit has arrived once a report brings less than this, in nats per pixel.
_ARRIVED = 1e-6
# Smallest variance of a part, by default, as a share of the smallest variance of the
# noise: narrower parts settle on single values, and give steep gradients in training.
_FLOOR_SHARE = 0.01
# Where the parts start: their offsets, and the logarithms of their variances, differ
# by up to this, in standard deviations and in nats. Far enough apart to part company,
# and as a whole about as likely as one Gaussian.
_SPREAD = 0.6
_JITTER = 0.05
# Price, in nats per pixel, of a coefficient's squared distance from where it started.
# It costs a good fit some 1e-3 nats, and keeps parts that hardly any pixel needs from
# wandering off to where they would spoil the variance and the extrapolation.
_PRICE = 1e-6
# A trial step of the search may ask for a variance that overflows; none is needed
# that is e^30 times that of the noise.
_LARGEST_LOG_VARIANCE = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MixtureSettings:
    """How a mixture is fitted.

    Attributes
    ----------
    n_components : int
        Number K of Gaussians, at least 1.
    n_coefficients : int
        Coefficients of each polynomial of the signal, at least 1: 2 for lines.
    min_sigma : float, optional
        Smallest **variance** of a Gaussian, in squared camera units. By default a
        hundredth of the smallest variance of the noise, and for integer data not
        less than where a Gaussian would claim more than all of the probability for
        one grey value: 0.16.
    tol : float
        Constant added to the density: see `MixtureNoiseModel`.
    seed : int
        Seed of the small differences between the parts at the start.
    n_steps : int
        Most iterations. The fit ends before where nothing is gained any more.

    Raises
    ------
    ValueError
        If a number is out of its range.
    """

    n_components: int = 3
    n_coefficients: int = 2
    min_sigma: float | None = None
    tol: float = PUBLISHED_TOLERANCE
    seed: int = 0
    n_steps: int = 800

    def __post_init__(self) -> None:
        """Check every number."""
        for name in ("n_components", "n_coefficients", "n_steps"):
            if getattr(self, name) < 1:
                raise ValueError(
                    f"{name} must be at least 1, got {getattr(self, name)}: the "
                    f"defaults suit most cameras"
                )
        if self.min_sigma is not None and not self.min_sigma > 0:
            raise ValueError(
                f"min_sigma, the smallest variance of a Gaussian, must be above 0, got "
                f"{self.min_sigma}: leave it out to have it found from the data"
            )


@dataclass(frozen=True, slots=True)
class FitProgress:
    """Where the fit of a noise model stands.

    Attributes
    ----------
    step, n_steps : int
        Iterations done, and at most to be done.
    nll : float
        Mean of ``-log p(observation | signal)`` of the pairs, in nats per pixel. It
        may rise by some 1e-3 on the way: the fit also pays for far-off coefficients.
    noise_model : NoiseModel
        The best one so far, in camera units.
    """

    step: int
    n_steps: int
    nll: float
    noise_model: NoiseModel


def fitting_mixture_to(
    pairs: JointHistogram, settings: MixtureSettings
) -> Iterator[FitProgress]:
    """Fit a mixture to pairs that were counted already, yielding as it improves.

    The likelihood is maximised by L-BFGS in float64, over all cells at once, starting
    from parts around the best single Gaussian.

    Raises
    ------
    ValueError
        If the likelihood is not finite at the start.
    """
    problem = _Problem.of(pairs, settings)
    start = problem.start(settings)
    weight = torch.tensor(start, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [weight], max_iter=_STEPS_PER_REPORT, line_search_fn="strong_wolfe"
    )

    def loss() -> float:
        away = weight.detach().numpy() - start
        nll, slope = problem.nll_and_slope(weight.detach().numpy())
        weight.grad = torch.from_numpy(slope + 2 * _PRICE * away)
        return nll + _PRICE * float((away**2).sum())

    best = math.inf
    for step in range(0, settings.n_steps, _STEPS_PER_REPORT):
        optimizer.step(loss)
        now = loss()
        if not now < best:
            break
        yield FitProgress(
            step=min(step + _STEPS_PER_REPORT, settings.n_steps),
            n_steps=settings.n_steps,
            nll=problem.nll_and_slope(weight.detach().numpy())[0]
            + math.log(problem.scale),
            noise_model=problem.model(weight.detach().numpy()),
        )
        if best - now < _ARRIVED:
            break
        best = now
    if best == math.inf:
        raise ValueError(
            "the mixture could not be fitted, its likelihood is not finite: give a "
            "larger min_sigma, fewer n_components, or kind='gaussian'"
        )


@dataclass(frozen=True, slots=True)
class _Problem:
    """The pairs in units in which the fit is well conditioned.

    Signals are counted from the darkest one and all in standard deviations of the
    noise, so that coefficients are of the order of one.
    """

    share: Array
    residual: Array
    t: Array
    origin: float
    scale: float
    limits: Limits
    variance_ends: tuple[float, float]
    valid_range: tuple[float, float]

    @classmethod
    def of(cls, pairs: JointHistogram, settings: MixtureSettings) -> _Problem:
        """Change the units of the pairs."""
        low, high = pairs.signal_range
        gaussian = fit_gaussian_to(pairs)
        variance = gaussian.variance(pairs.signal)
        scale = math.sqrt(np.average(variance, weights=pairs.count))
        floor = settings.min_sigma or max(
            _FLOOR_SHARE * pairs.smallest_variance(), pairs.quantization_variance
        )
        ends = gaussian.variance(np.array([low, high])) / scale**2
        return cls(
            share=pairs.count / pairs.count.sum(),
            residual=pairs.residual / scale,
            t=(pairs.signal - low) / (high - low),
            origin=low,
            scale=scale,
            limits=Limits(
                0.0, (high - low) / scale, floor / scale**2, settings.tol * scale
            ),
            variance_ends=(float(ends[0]), float(ends[1])),
            valid_range=pairs.valid_range,
        )

    def start(self, settings: MixtureSettings) -> Array:
        """Return coefficients of parts that lie around the best single Gaussian."""
        k, n = settings.n_components, settings.n_coefficients
        rng = np.random.default_rng(settings.seed)
        weight = _JITTER * rng.standard_normal((3, k, n))
        rank = _SPREAD * np.linspace(-1, 1, k) * (k > 1)
        first, last = self.variance_ends
        growth = max(last - first, 1e-3 * first)
        # Powers above the first begin small: their logarithms cannot begin at zero.
        weight[1] += math.log(1e-2 * growth)
        weight[1, :, 0] += rank + math.log(first) - math.log(1e-2 * growth)
        weight[0, :, 0] += rank * math.sqrt(first)
        if n > 1:
            weight[1, :, 1] += rank + math.log(100)
            weight[0, :, 1] += rank * (math.sqrt(last) - math.sqrt(first))
        return weight.reshape(3 * k, n)

    def nll_and_slope(self, weight: Array) -> tuple[float, Array]:
        """Return the mean of -log p of the pairs, and its derivatives by the weight.

        The formulas of `density`, here in numpy, which works in one thread: for so
        little work torch's threads wait more than they work, above all beside a
        training. ``r_k`` are the responsibilities, ``h_k = r_k e_k / v_k``:

            d log p / dm_k = h_k - a_k sum_j h_j
            d log p / dv_k = r_k (e_k^2 / v_k - 1) / (2 v_k)
            d log p / dc_k = r_k - a_k sum_j r_j - a_k (m_k - mean) sum_j h_j
        """
        powers = self.t ** np.arange(weight.shape[1])[:, None]
        m_weight, log_v_weight, c_weight = np.split(weight, 3)
        v_weight = np.exp(np.minimum(log_v_weight, _LARGEST_LOG_VARIANCE))
        m, v, c = (
            np.einsum("kn,nm->km", w, powers) for w in (m_weight, v_weight, c_weight)
        )

        share, log_norm = _softmax(c)
        mean = (share * m).sum(0)
        free = v > self.limits.min_variance
        v = np.maximum(v, self.limits.min_variance)
        e = self.residual + mean - m
        z2 = e**2 / v
        r, log_p = _softmax(c - 0.5 * (np.log(v) + z2))
        log_p -= log_norm + 0.5 * math.log(2 * math.pi)
        total = np.logaddexp(log_p, _log(self.limits.tol))
        r *= self.share * np.exp(log_p - total)

        h = r * e / v
        pull = h.sum(0)
        by_m = h - share * pull
        by_v = free * r * (z2 - 1) / (2 * v)
        by_c = r - share * (r.sum(0) + (m - mean) * pull)
        slopes = [np.einsum("km,nm->kn", by, powers) for by in (by_m, by_v, by_c)]
        slopes[1] *= np.where(log_v_weight < _LARGEST_LOG_VARIANCE, v_weight, 0)
        return -float((self.share * total).sum()), -np.concatenate(slopes)

    def model(self, weight: Array) -> MixtureNoiseModel:
        """Return the mixture in camera units."""
        k = len(weight) // 3
        bounded = weight.copy()
        bounded[k : 2 * k] = np.minimum(bounded[k : 2 * k], _LARGEST_LOG_VARIANCE)
        model = MixtureNoiseModel(bounded, *self.limits)
        model = model.normalized(-self.origin / self.scale, 1 / self.scale)
        model.valid_range = self.valid_range
        return model


def _softmax(logits: Array) -> tuple[Array, Array]:
    """Return the softmax over the first axis, and the logarithm of its sum."""
    highest = logits.max(0)
    terms = np.exp(logits - highest)
    total = terms.sum(0)
    return terms / total, highest + np.log(total)


def _log(number: float) -> float:
    return math.log(number) if number > 0 else -math.inf
