"""The fast form of the likelihood against the plain one, and against the papers'."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_divnoise.noise.density import Limits, MixtureLogProb, mixture_log_prob

LIMITS = Limits(min_signal=10.0, max_signal=200.0, min_variance=0.5, tol=1e-10)


def problem(k: int, n: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Random coefficients, observations and signals, in float64."""
    generator = torch.Generator().manual_seed(10 * k + n)
    coefficients = torch.randn(3 * k, n, generator=generator, dtype=torch.float64)
    coefficients[k : 2 * k] = coefficients[k : 2 * k].exp()
    if n > 1:
        coefficients[k : 2 * k, 1] += 200
    s = torch.rand(200, generator=generator, dtype=torch.float64) * 260 - 40
    x = s + 10 * torch.randn(200, generator=generator, dtype=torch.float64)
    return coefficients, x, s


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("k", [1, 3, 5])
def test_fast_form_is_the_plain_form(k: int, n: int) -> None:
    coefficients, x, s = problem(k, n)
    x.requires_grad_()
    s.requires_grad_()
    fast = MixtureLogProb.apply(x, s, coefficients, LIMITS)
    plain = mixture_log_prob(coefficients, x, s, LIMITS)
    torch.testing.assert_close(fast, plain, rtol=0, atol=1e-12)
    fast_slopes = torch.autograd.grad(fast.sum(), (x, s))
    plain_slopes = torch.autograd.grad(plain.sum(), (x, s))
    torch.testing.assert_close(fast_slopes, plain_slopes, rtol=0, atol=1e-11)


@pytest.mark.parametrize("tol", [0.0, 1e-10, 1e-3])
def test_gradcheck(tol: float) -> None:
    coefficients, x, s = problem(3, 3)
    x, s = x[:40].requires_grad_(), s[:40].requires_grad_()
    limits = LIMITS._replace(tol=tol)

    def log_prob(x: torch.Tensor, s: torch.Tensor) -> torch.Tensor:
        return MixtureLogProb.apply(x, s, coefficients, limits)

    assert torch.autograd.gradcheck(log_prob, (x, s))


def test_only_what_is_asked_for_gets_a_gradient() -> None:
    coefficients, x, s = problem(2, 2)
    s.requires_grad_()
    MixtureLogProb.apply(x, s, coefficients, LIMITS).sum().backward()
    assert x.grad is None
    assert torch.isfinite(s.grad).all()


def test_far_beyond_the_range_the_noise_stays_what_it_is() -> None:
    coefficients, _, _ = problem(3, 3)
    s = torch.tensor([3e5, 1e6, 1e9], dtype=torch.float64)
    found = mixture_log_prob(coefficients, s, s, LIMITS)
    assert found[0] == found[1] == found[2]


def published(
    weight: np.ndarray, x: np.ndarray, s: np.ndarray, limits: Limits
) -> np.ndarray:
    """The likelihood as the papers write it, in linear space, one pixel at a time."""
    k = len(weight) // 3
    result = []
    for observation, signal in zip(x, s, strict=True):
        t = (signal - limits.min_signal) / (limits.max_signal - limits.min_signal)
        powers = t ** np.arange(weight.shape[1])
        offset = weight[:k] @ powers
        variance = np.maximum(np.exp(weight[k : 2 * k]) @ powers, limits.min_variance)
        alpha = np.exp(weight[2 * k :] @ powers + 1e-10)
        alpha /= alpha.sum()
        mean = offset - (alpha * offset).sum() + signal
        normal = np.exp(-((observation - mean) ** 2) / (2 * variance))
        normal /= np.sqrt(2 * np.pi * variance)
        result.append((alpha * normal).sum() + limits.tol)
    return np.array(result)


def test_log_space_gives_what_the_papers_give() -> None:
    coefficients, x, s = problem(3, 2)
    weight = coefficients.numpy().copy()
    weight[3:6] = np.log(weight[3:6])
    expected = published(weight, x.numpy(), s.numpy(), LIMITS)
    found = mixture_log_prob(coefficients, x, s, LIMITS).exp()
    np.testing.assert_allclose(found, expected, rtol=1e-8)


def test_shares_do_not_overflow_where_the_papers_code_does() -> None:
    coefficients, x, s = problem(3, 2)
    coefficients[6:] *= 1e4
    assert torch.isfinite(mixture_log_prob(coefficients, x, s, LIMITS)).all()
