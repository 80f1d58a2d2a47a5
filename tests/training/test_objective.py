from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import stats

from napari_divnoise.networks import DivNoising
from napari_divnoise.noise import GaussianNoiseModel
from napari_divnoise.training.objective import (
    FreeGaussian,
    evidence_loss,
    kl_weight_at,
    learning_rate_at,
)


def test_the_loss_is_the_negative_elbo_per_pixel() -> None:
    torch.manual_seed(0)
    network = DivNoising(n_filters=4, z_channels=4)
    noise = GaussianNoiseModel(0.1, 0.5, 0.01, (-3, 3))
    x = torch.randn(2, 1, 16, 16)
    epsilon = torch.randn(2, 4, 4, 4)
    network.requires_grad_(requires_grad=False)
    loss = evidence_loss(network, noise, x, epsilon)

    q = network.encode(x)
    z = q.mean + q.log_std.exp() * epsilon
    signal = network.decode(z)
    likelihood = stats.norm.logpdf(
        x.numpy(),
        signal.numpy(),
        noise.variance(signal).sqrt().numpy(),
    )
    std = q.log_std.exp()
    kl = 0.5 * (q.mean**2 + std**2 - 1) - q.log_std
    assert float(loss.distortion) == pytest.approx(-likelihood.mean(), rel=1e-4)
    assert float(loss.rate) == pytest.approx(float(kl.sum()) / (2 * 256), rel=1e-4)
    expected = float(loss.distortion) + 3 * float(loss.rate)
    assert float(loss.total(3.0)) == pytest.approx(expected, rel=1e-5)


def test_the_vanilla_vae_likelihood_is_a_gaussian_with_a_free_spread() -> None:
    x, mean = torch.randn(1, 1, 4, 4), torch.randn(1, 1, 4, 4)
    log_std = torch.full((1, 1, 4, 4), -0.5)
    ours = FreeGaussian().log_prob(
        observation=x, signal=torch.cat([mean, log_std], dim=1)
    )
    expected = stats.norm.logpdf(x.numpy(), mean.numpy(), math.exp(-0.5))
    np.testing.assert_allclose(ours.numpy(), expected, rtol=1e-5)


def test_a_free_variance_cannot_run_to_zero() -> None:
    x = torch.zeros(1, 1, 2, 2)
    spread = torch.cat([x, torch.full_like(x, -1000.0)], dim=1)
    assert torch.isfinite(FreeGaussian().log_prob(observation=x, signal=spread)).all()


def test_the_rate_costs_nothing_first_and_its_full_weight_later() -> None:
    weights = [kl_weight_at(s, 0.0, final=2.0, warmup_steps=10) for s in (0, 5, 10, 99)]
    assert weights == [0.0, 1.0, 2.0, 2.0]
    assert kl_weight_at(0, 0.0, final=0.5, warmup_steps=0) == 0.5
    # The time is nearly up: so is the weight, whatever the steps say.
    assert kl_weight_at(3, 0.9, final=2.0, warmup_steps=1000) == 1.8


def test_the_learning_rate_rises_and_falls_to_its_end() -> None:
    rising = [learning_rate_at(0.0, s, peak=1.0) for s in range(60)]
    assert rising == sorted(rising)
    assert rising[-1] == pytest.approx(1.0)
    falling = [learning_rate_at(p, 1000, peak=1.0) for p in np.linspace(0.1, 1, 20)]
    assert falling == sorted(falling, reverse=True)
    assert falling[-1] == pytest.approx(0, abs=1e-6)
