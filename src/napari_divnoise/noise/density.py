"""The formulas of the signal-dependent Gaussian mixture, and their derivatives.

Notation of `mixture`: relative signal t, offset polynomials m_k, variances v_k,
shares a_k, residual x - s. Tensors carry the parts first: ``(K, ...)``.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable

_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)

# Polynomials of signals many fitted ranges away overflow. No signal of a trained
# network is there; beyond, the parameters stay what they are at this t.
FARTHEST_T = 1e3
# Farther than this many of the smallest standard deviations, a residual's square
# would overflow float32, and its sign is all that matters.
_FARTHEST_RESIDUAL = 1e8


class Limits(NamedTuple):
    """The four numbers of a mixture that are no polynomial coefficients.

    Attributes
    ----------
    min_signal, max_signal : float
        Signals at ``t = 0`` and ``t = 1``.
    min_variance : float
        Smallest variance of a part.
    tol : float
        Constant added to the density.
    """

    min_signal: float
    max_signal: float
    min_variance: float
    tol: float


class Parts(NamedTuple):
    """What the K parts are at each signal, all of shape ``(K, ...)``.

    Attributes
    ----------
    offset : torch.Tensor
        Mean of each part, counted from the signal.
    variance : torch.Tensor
        Variance of each part.
    logit : torch.Tensor
        Logarithm of each share, up to a constant that all parts have in common.
    share : torch.Tensor
        Share of each part; they sum to 1.
    """

    offset: torch.Tensor
    variance: torch.Tensor
    logit: torch.Tensor
    share: torch.Tensor


def mixture_parts(
    coefficients: torch.Tensor, signal: torch.Tensor, limits: Limits
) -> Parts:
    """Evaluate the parts of a mixture.

    Parameters
    ----------
    coefficients : torch.Tensor, shape (3 * K, n)
        Offsets, variances (no logarithms) and logits, lowest power first.
    signal : torch.Tensor, any shape
        The signal, in the units of `limits`.
    limits : Limits
        Range of the signal and smallest variance.
    """
    t = _relative(signal, limits)
    m, v, logit = _polynomials(coefficients, t).chunk(3)
    share = logit.softmax(0)
    offset = m - (share * m).sum(0)
    return Parts(offset, v.clamp_min(limits.min_variance), logit, share)


def mixture_log_prob(
    coefficients: torch.Tensor,
    observation: torch.Tensor,
    signal: torch.Tensor,
    limits: Limits,
) -> torch.Tensor:
    """Return log p(observation | signal), differentiable in everything.

    For fitting `coefficients`; `MixtureLogProb` is the faster form where only the
    images change.
    """
    parts = mixture_parts(coefficients, signal, limits)
    residual = _residual(observation, signal, limits) - parts.offset
    log_terms = (
        parts.logit - 0.5 * parts.variance.log() - 0.5 * residual**2 / parts.variance
    )
    log_mixture = log_terms.logsumexp(0) - parts.logit.logsumexp(0) - _HALF_LOG_2PI
    return _add_tolerance(log_mixture, limits.tol)


class MixtureLogProb(Function):
    """log p(observation | signal), with its derivatives found on the way forward.

    Training asks for the likelihood of the same pixels once forward and once
    backward. Finding both at once takes fewer passes over memory than the recorded
    graph of `mixture_log_prob`, and keeps one image in place of dozens.
    """

    @staticmethod
    def forward(
        ctx: Any,
        observation: torch.Tensor,
        signal: torch.Tensor,
        coefficients: torch.Tensor,
        limits: Limits,
    ) -> torch.Tensor:
        """Evaluate; `observation` and `signal` have the same shape."""
        if not any(ctx.needs_input_grad[:2]):
            return mixture_log_prob(coefficients, observation, signal, limits)
        value, *slopes = _log_prob_and_slopes(coefficients, observation, signal, limits)
        needed = zip(slopes, ctx.needs_input_grad, strict=False)
        ctx.save_for_backward(*(slope if needs else None for slope, needs in needed))
        return value

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Multiply by the derivatives that `forward` kept."""
        by_observation, by_signal = (
            None if slope is None else gradient * slope for slope in ctx.saved_tensors
        )
        return by_observation, by_signal, None, None


def _log_prob_and_slopes(
    coefficients: torch.Tensor,
    observation: torch.Tensor,
    signal: torch.Tensor,
    limits: Limits,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return log p and its derivatives by the observation and by the signal.

    With the residual e_k of part k, its responsibility ``r_k = a_k N_k / p``, the
    probability `keep` that the pixel is none of the tolerance's, and primes for
    derivatives by t,

        d log p / dx = -keep sum_k r_k e_k / v_k
        d log p / ds = -d log p / dx + keep t' sum_k r_k [a_k' / a_k
            + offset_k' e_k / v_k + v_k' / (2 v_k) (e_k^2 / v_k - 1)]
    """
    t = _relative(signal, limits)
    m, v, logit = _polynomials(coefficients, t).chunk(3)
    dm, dv, dlogit = _polynomials(_derivative(coefficients), t).chunk(3)

    logit = logit - logit.amax(0)
    share = logit.exp()
    norm = share.sum(0)
    share = share.div_(norm)
    mean = (share * m).sum(0)
    dshare = share * dlogit
    mean_dlogit = dshare.sum(0)
    dmean = dshare.mul_(m).addcmul_(share, dm).sum(0) - mean * mean_dlogit

    precision = v.clamp_min(limits.min_variance).reciprocal_()
    # v'/v, and 0 where the variance is held at its smallest.
    dlog_v = nn.functional.threshold(v, limits.min_variance, 0).mul_(precision)
    dlog_v = dlog_v.mul_(precision).mul_(dv)
    e = _residual(observation, signal, limits).add_(mean) - m
    pull = e * precision
    square = e.mul_(pull)

    r = precision.log_().sub_(square).mul_(0.5).add_(logit)
    highest = r.amax(0)
    r = r.sub_(highest).exp_()
    total = r.sum(0)
    log_mixture = (total / norm).log_().add_(highest).sub_(_HALF_LOG_2PI)
    value = _add_tolerance(log_mixture, limits.tol)
    keep = (log_mixture - value).exp_()

    growth = square.sub_(1).mul_(0.5).mul_(dlog_v)
    growth = growth.addcmul_(pull, dm).add_(dlogit).mul_(r).sum(0)
    pulled = pull.mul_(r).sum(0).div_(total)
    by_t = growth.div_(total).sub_(mean_dlogit).addcmul_(pulled, dmean, value=-1)
    by_residual = pulled.mul_(keep)
    by_signal = torch.addcmul(by_residual, by_t.mul_(keep), _dt_ds(t, limits))
    return value, -by_residual, by_signal


def _relative(signal: torch.Tensor, limits: Limits) -> torch.Tensor:
    scale = 1 / (limits.max_signal - limits.min_signal)
    return ((signal - limits.min_signal) * scale).clamp(-FARTHEST_T, FARTHEST_T)


def _dt_ds(t: torch.Tensor, limits: Limits) -> torch.Tensor:
    """Return dt / ds, which ends where t is held."""
    scale = 1 / (limits.max_signal - limits.min_signal)
    return (t.abs() < FARTHEST_T).to(t.dtype) * scale


def _residual(
    observation: torch.Tensor, signal: torch.Tensor, limits: Limits
) -> torch.Tensor:
    farthest = _FARTHEST_RESIDUAL * math.sqrt(limits.min_variance)
    return (observation - signal).clamp(-farthest, farthest)


def _polynomials(coefficients: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """Evaluate one polynomial per row of `coefficients`: ``(rows, *t.shape)``."""
    powers = coefficients.reshape(*coefficients.shape, *(1,) * t.ndim).unbind(1)
    result = powers[-1].expand(-1, *t.shape)
    for coefficient in reversed(powers[:-1]):
        result = torch.addcmul(coefficient, result, t)
    return result


def _derivative(coefficients: torch.Tensor) -> torch.Tensor:
    """Return the coefficients of the derivatives; one zero for a constant."""
    n = coefficients.shape[1]
    if n == 1:
        return torch.zeros_like(coefficients)
    powers = torch.arange(1, n, device=coefficients.device, dtype=coefficients.dtype)
    return coefficients[:, 1:] * powers


def _add_tolerance(log_density: torch.Tensor, tol: float) -> torch.Tensor:
    """Return log(density + tol)."""
    if tol == 0:
        return log_density
    floor = math.log(tol)
    return nn.functional.softplus(log_density - floor) + floor
