from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy import special, stats

from napari_divnoise.images import Normalization
from napari_divnoise.networks import DivNoising, UNet, valid_pixels
from napari_divnoise.noise import GaussianNoiseModel
from napari_divnoise.training import TrainingConfig
from napari_divnoise.training.blind_spots import draw_blind_spots
from napari_divnoise.training.objective import evidence_loss
from napari_divnoise.training.objectives import (
    BlindSpotObjective,
    Evidence,
    gaussian_distortion,
    mixture_distortion,
    objective_of,
)

NOISE = GaussianNoiseModel(0.1, 0.5, 0.01, (-3, 3))


class Saturating:
    """A noise model of which only observations between two bounds carry likelihood."""

    def __init__(self, lowest: float, highest: float) -> None:
        self.valid_range = (lowest, highest)

    def log_prob(
        self, *, observation: torch.Tensor, signal: torch.Tensor
    ) -> torch.Tensor:
        return NOISE.log_prob(observation=observation, signal=signal)


def unet(n_outputs: int) -> UNet:
    torch.manual_seed(0)
    net = UNet(n_filters=4, out_channels=n_outputs)
    torch.nn.init.normal_(net.last.bias)  # type: ignore[arg-type]
    return net.requires_grad_(requires_grad=False)


def generator(seed: int = 3) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_noise2void_loss_is_the_squared_error_of_hidden_pixels_as_nats() -> None:
    x, net = torch.randn(3, 1, 32, 32), unet(1)
    spots = draw_blind_spots((3, 32, 32), box=6, generator=generator())
    predicted = net(spots.hidden_in(x))
    error = (spots.taken_from(predicted) - spots.taken_from(x)).numpy()
    spread = float(np.sqrt(np.mean(error**2)))
    # A Gaussian as wide as the errors gives them this likelihood, and none a better.
    expected = -stats.norm.logpdf(error, scale=spread).mean()
    assert expected < -stats.norm.logpdf(error, scale=1.1 * spread).mean()
    loss = BlindSpotObjective(gaussian_distortion, 1 / 36).loss(
        net, NOISE, x, generator()
    )
    assert float(loss.distortion) == pytest.approx(expected, rel=1e-4)
    assert float(loss.rate) == 0
    assert float(loss.total(1.0)) == float(loss.distortion)


def test_the_probabilistic_loss_is_the_likelihood_averaged_over_the_outputs() -> None:
    x, net = torch.randn(3, 1, 32, 32), unet(7)
    spots = draw_blind_spots((3, 32, 32), box=6, generator=generator())
    signals = spots.taken_from(net(spots.hidden_in(x))).numpy()
    observed = spots.taken_from(x).numpy()
    std = NOISE.variance(signals) ** 0.5
    log_p = stats.norm.logpdf(observed, signals, std)
    expected = -np.mean(special.logsumexp(log_p, axis=1) - math.log(7))
    loss = BlindSpotObjective(mixture_distortion, 1 / 36).loss(
        net, NOISE, x, generator()
    )
    assert float(loss.distortion) == pytest.approx(expected, rel=1e-4)


def test_outputs_far_from_the_observation_cost_much_but_stay_finite() -> None:
    observations, outputs = torch.zeros(3), torch.full((3, 5), 1000.0)
    outputs.requires_grad_()
    loss = mixture_distortion(NOISE, observations, outputs)
    loss.backward()
    assert float(loss.detach()) > 100
    assert outputs.grad is not None
    assert torch.isfinite(outputs.grad).all()
    # The gradient says in which direction to go.
    assert (outputs.grad > 0).any()


def test_images_without_noise_do_not_make_the_loss_infinite() -> None:
    outputs = torch.zeros(4, 1, requires_grad=True)
    loss = gaussian_distortion(NOISE, torch.zeros(4), outputs)
    loss.backward()
    assert torch.isfinite(loss.detach())
    assert outputs.grad is not None
    assert torch.isfinite(outputs.grad).all()


def test_saturated_pixels_carry_no_likelihood() -> None:
    observations = torch.tensor([0.0, 1.0, 2.5, -2.5])
    outputs = torch.randn(4, 5)
    limited = Saturating(-2.5, 2.5)
    few = mixture_distortion(limited, observations, outputs)
    expected = mixture_distortion(NOISE, observations[:2], outputs[:2])
    torch.testing.assert_close(few, expected)
    nobody = mixture_distortion(Saturating(5, 6), observations, outputs)
    assert float(nobody) == 0


def test_the_evidence_leaves_saturated_pixels_out() -> None:
    torch.manual_seed(0)
    network = DivNoising(n_filters=4, z_channels=4).requires_grad_(requires_grad=False)
    x, epsilon = torch.randn(2, 1, 16, 16), torch.randn(2, 4, 4, 4)
    limited = evidence_loss(network, Saturating(-1.0, 1.0), x, epsilon)
    valid = ((x > -1) & (x < 1)).numpy()
    posterior = network.encode(x)
    signal = network.decode(posterior.draw(epsilon))
    log_p = NOISE.log_prob(observation=x, signal=signal).numpy()
    assert float(limited.distortion) == pytest.approx(-log_p[valid].mean(), rel=1e-4)
    kl = float(posterior.kl_to_standard().sum())
    assert float(limited.rate) == pytest.approx(kl / valid.sum(), rel=1e-4)


def test_a_saturated_grey_value_stays_so_in_network_units() -> None:
    rng = np.random.default_rng(0)
    for top in (255.0, 4095.0, 65535.0):
        grey = torch.tensor([0.0, 1.0, top - 1, top])
        for mean, std in zip(
            rng.uniform(0, top, 200), rng.uniform(1, top / 3, 200), strict=True
        ):
            x = Normalization(mean, std).normalize(grey)
            bounds = (0.0 - mean) / std, (top - mean) / std
            valid = valid_pixels(Saturating(*bounds), x)
            assert valid is not None
            assert valid.tolist() == [False, True, True, False]


def test_bounds_at_infinity_cost_nothing_and_change_nothing() -> None:
    x = torch.randn(2, 1, 16, 16)
    assert valid_pixels(NOISE, x) is None
    assert valid_pixels(Saturating(-math.inf, math.inf), x) is None
    valid = valid_pixels(Saturating(-math.inf, 0.5), x)
    assert valid is not None
    assert torch.equal(valid, x < 0.5)


@pytest.mark.parametrize("method", ["divnoising", "n2v", "pn2v"])
def test_a_validation_is_the_same_every_time(method: str) -> None:
    torch.manual_seed(0)
    net: Any = DivNoising(n_filters=4, z_channels=4)
    if method != "divnoising":
        net = unet(1 if method == "n2v" else 6)
    objective = objective_of(TrainingConfig(method=method))  # type: ignore[arg-type]
    x = torch.randn(2, 1, 32, 48)
    with torch.no_grad():
        first, again, other = (
            float(objective.validation_loss(net, NOISE, x, seed).distortion)
            for seed in (1, 1, 2)
        )
    assert first == again
    assert first != other


def test_each_method_has_its_objective() -> None:
    assert isinstance(objective_of(TrainingConfig(method="vae")), Evidence)
    assert isinstance(objective_of(TrainingConfig(method="pn2v")), BlindSpotObjective)
