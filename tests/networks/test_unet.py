from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from napari_divnoise.networks import KINDS, UNet, build_network


def network(**settings: int) -> UNet:
    torch.manual_seed(0)
    made = UNet(**{"n_filters": 4, "out_channels": 3, **settings})
    for layer in made.modules():
        if isinstance(layer, torch.nn.Conv2d | torch.nn.ConvTranspose2d):
            assert layer.bias is not None
            torch.nn.init.normal_(layer.bias, std=0.1)
    return made.requires_grad_(requires_grad=False)


def test_forward_is_the_published_network() -> None:
    net = network()
    x = torch.randn(2, 1, 24, 16)
    weights = net.state_dict()

    def two(x: torch.Tensor, name: str) -> torch.Tensor:
        for part in ("first", "second"):
            weight, bias = (weights[f"{name}.{part}.{w}"] for w in ("weight", "bias"))
            x = functional.relu(functional.conv2d(x, weight, bias, padding=1))
        return x

    seen = [two(x, "entrance")]
    for i in range(2):
        seen.append(two(functional.max_pool2d(seen[-1], 2), f"down.{i}"))
    y = seen.pop()
    for i in range(2):
        weight, bias = (weights[f"up.{i}.upsample.{w}"] for w in ("weight", "bias"))
        y = functional.conv_transpose2d(y, weight, bias, stride=2) + seen.pop()
        y = two(y, f"up.{i}.convolutions")
    expected = functional.conv2d(y, weights["last.weight"], weights["last.bias"])
    torch.testing.assert_close(net(x), expected)


def test_the_paper_size_has_as_many_parameters_as_published() -> None:
    count = sum(p.numel() for p in UNet(n_filters=64, out_channels=800).parameters())
    assert 1.70e6 < count < 1.76e6
    single = sum(p.numel() for p in UNet(n_filters=64).parameters())
    assert 1.65e6 < single < 1.71e6


def test_it_begins_with_xavier_weights_and_no_biases() -> None:
    torch.manual_seed(0)
    net = UNet(n_filters=32)
    assert not any(p.any() for name, p in net.named_parameters() if "bias" in name)
    weight = net.down[0].second.weight
    expected = (2 / (64 * 9 + 64 * 9)) ** 0.5
    assert float(weight.detach().std()) == pytest.approx(expected, rel=0.05)


def test_the_head_of_some_pixels_is_that_of_all() -> None:
    net = network()
    x = torch.randn(1, 1, 16, 16)
    features = net.features(x)
    rows, columns = torch.tensor([3, 0, 15]), torch.tensor([5, 0, 9])
    some = net.head(features[0, :, rows, columns].T)
    torch.testing.assert_close(some, net(x)[0, :, rows, columns].T)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_no_output_depends_on_pixels_beyond_the_halo(depth: int) -> None:
    net = network(depth=depth)
    size = 4 * net.halo + net.downsampling
    x = torch.randn(1, 1, size, size, requires_grad=True)
    reached = []
    middle = size // 2
    for shift in range(net.downsampling):
        at = middle + shift
        (gradient,) = torch.autograd.grad(net(x)[0, :, at, at].sum(), x)
        touched = gradient[0, 0].nonzero()
        reached.append(int((touched - at).abs().max()))
    assert max(reached) <= net.halo
    # It is not larger than it must be, but for rounding up.
    assert net.halo - net.downsampling < max(reached) + net.downsampling
    assert net.halo % net.downsampling == 0


def test_a_configuration_builds_the_same_network() -> None:
    net = network(depth=3)
    other = build_network(net.kind, **net.configuration())
    assert isinstance(other, UNet)
    other.load_state_dict(net.state_dict())
    x = torch.randn(1, 1, 16, 16)
    torch.testing.assert_close(other(x), net(x))


def test_every_kind_is_known_by_its_name() -> None:
    assert {name: kind.__name__ for name, kind in KINDS.items()} == {
        "divnoising": "DivNoising",
        "unet": "UNet",
    }
    with pytest.raises(ValueError, match=r"'ladder', only divnoising, unet"):
        build_network("ladder")


@pytest.mark.parametrize("depth", [0, 6])
def test_an_impossible_depth_is_refused(depth: int) -> None:
    with pytest.raises(ValueError, match=f"depth must be 1 to 5, got {depth}"):
        UNet(depth=depth)
