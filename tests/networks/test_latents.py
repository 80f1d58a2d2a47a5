from __future__ import annotations

import torch
from torch.distributions import Normal, kl_divergence

from napari_divnoise.networks import DiagonalGaussian
from napari_divnoise.networks.latents import LOG_STD_RANGE, bounded_log_std


def test_the_kl_is_that_of_torchs_distributions() -> None:
    mean, log_std = torch.randn(2, 3, 4, 5), torch.randn(2, 3, 4, 5)
    expected = kl_divergence(Normal(mean, log_std.exp()), Normal(0.0, 1.0))
    ours = DiagonalGaussian(mean, log_std).kl_to_standard()
    torch.testing.assert_close(ours, expected)


def test_draws_have_the_mean_and_the_spread_they_should() -> None:
    mean, log_std = torch.tensor([2.0]), torch.tensor([-1.0])
    epsilon = torch.randn(100_000, generator=torch.Generator().manual_seed(0))
    draws = DiagonalGaussian(mean, log_std).draw(epsilon)
    assert abs(draws.mean() - 2) < 0.01
    assert abs(draws.std() - torch.exp(log_std)) < 0.01


def test_a_log_std_stays_in_its_range_and_keeps_its_gradient() -> None:
    low, high = LOG_STD_RANGE
    raw = torch.tensor([-100.0, -1.0, 100.0], requires_grad=True)
    bounded = bounded_log_std(raw)
    torch.testing.assert_close(bounded.detach(), torch.tensor([low, -1.0, high]))
    bounded.sum().backward()
    torch.testing.assert_close(raw.grad, torch.ones(3))
