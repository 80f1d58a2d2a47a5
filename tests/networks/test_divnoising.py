from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from napari_divnoise.networks import DivNoising


def step_by_step(network: DivNoising, z: torch.Tensor) -> torch.Tensor:
    """The decoder as the paper draws it: every layer on its own, nothing fused."""
    x = z
    for block in network.decoder.blocks:
        x = functional.relu(block.second(functional.relu(block.first(x))))
        x = block.upsample(x)
    return network.decoder.signal(x)


def network_with_biases(depth: int) -> DivNoising:
    torch.manual_seed(depth)
    network = DivNoising(depth=depth)
    for block in network.decoder.blocks:
        torch.nn.init.normal_(block.upsample.bias)
        torch.nn.init.normal_(block.second.bias)
    return network


@pytest.mark.parametrize(("depth", "n_parameters"), [(2, 261_281), (3, 880_417)])
def test_it_has_as_many_parameters_as_the_published_network(
    depth: int, n_parameters: int
) -> None:
    network = DivNoising(depth=depth, z_channels=64)
    assert sum(p.numel() for p in network.parameters()) == n_parameters


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_the_fused_decoder_equals_the_layers_one_by_one(depth: int) -> None:
    network = network_with_biases(depth)
    z = torch.randn(2, 64, 5, 9)
    expected = step_by_step(network, z)
    assert expected.abs().max() > 0.1
    torch.testing.assert_close(network.decode(z), expected, atol=3e-6, rtol=1e-5)
    with torch.no_grad():
        torch.testing.assert_close(network.decode(z), expected, atol=3e-6, rtol=1e-5)


def test_the_fused_decoder_teaches_every_weight_as_the_layers_do() -> None:
    network = network_with_biases(2)
    z = torch.randn(1, 64, 4, 4)
    names, parameters = zip(*network.decoder.named_parameters(), strict=True)
    target = torch.randn(1, 1, 16, 16)
    ours = torch.autograd.grad((network.decode(z) - target).square().sum(), parameters)
    plain = (step_by_step(network, z) - target).square().sum()
    theirs = torch.autograd.grad(plain, parameters)
    for name, a, b in zip(names, ours, theirs, strict=True):
        torch.testing.assert_close(a, b, atol=1e-3, rtol=1e-4, msg=name)


def test_scaled_layers_give_camera_units() -> None:
    network = network_with_biases(2)
    z = torch.randn(1, 64, 4, 4)
    with torch.no_grad():
        layers = network.decoder.layers()
        expected = layers(z) * 37.0 + 1200.0
        torch.testing.assert_close(layers.scaled(37.0, 1200.0)(z), expected)


@pytest.mark.parametrize("depth", [2, 3])
def test_an_output_pixel_sees_no_further_than_the_halos_say(depth: int) -> None:
    torch.manual_seed(0)
    network = DivNoising(depth=depth).double()
    factor = network.downsampling
    reach = network.encoder_halo + network.decoder_halo * factor
    size = 2 * (reach // factor + 4) * factor
    x = torch.randn(1, 1, size, size, dtype=torch.float64, requires_grad=True)
    middle = size // 2 // factor * factor
    latent = network.encoder(x).mean[0, :, middle // factor, middle // factor]
    seen = torch.autograd.grad(latent.sum(), x)[0]
    rows = seen[0, 0].abs().sum(1).nonzero()[:, 0]
    assert rows.min() >= middle - network.encoder_halo
    assert rows.max() < middle + factor + network.encoder_halo
    assert rows.min() < middle - network.encoder_halo + 2 * factor


def test_the_decoder_halo_is_enough() -> None:
    network = network_with_biases(3)
    z = torch.randn(1, 64, 20, 20)
    whole = network.decode(z)
    halo, factor = network.decoder_halo, network.downsampling
    part = network.decode(z[..., 8 - halo : 12 + halo, 6 - halo : 10 + halo])
    inner = part[..., halo * factor : -halo * factor, halo * factor : -halo * factor]
    expected = whole[..., 8 * factor : 12 * factor, 6 * factor : 10 * factor]
    torch.testing.assert_close(inner, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("depth", [0, 6])
def test_an_impossible_depth_is_refused(depth: int) -> None:
    with pytest.raises(ValueError, match=f"depth must be 1 to 5, got {depth}"):
        DivNoising(depth=depth)
