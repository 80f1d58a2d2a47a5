from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import nn
from torch.nn import functional

from napari_divnoise.networks import (
    DivNoising,
    network_from_published,
    published_state_dict,
)


def conv(n_in: int, n_out: int) -> nn.Conv2d:
    return nn.Conv2d(n_in, n_out, 3, padding=1)


class Published(nn.Module):
    """The published network, built from its description, under its own names."""

    def __init__(self, depth: int) -> None:
        super().__init__()
        self.encoder, self.decoder = nn.Module(), nn.Module()
        sizes = [1, *(32 * 2**i for i in range(depth))]
        downs, ups = [], []
        for n_in, n_out in pairwise(sizes):
            block = nn.Module()
            block.conv1, block.conv2 = conv(n_in, n_out), conv(n_out, n_out)
            downs.append(block)
        for n_in, n_out in zip([64, *sizes[:1:-1]], sizes[:0:-1], strict=True):
            block = nn.Module()
            block.conv1, block.conv2 = conv(n_in, n_out), conv(n_out, n_out)
            block.convtranspose = nn.ConvTranspose2d(n_out, n_out, 2, stride=2)
            ups.append(block)
        self.encoder.down_convs = nn.ModuleList(downs)
        self.encoder.convmu = conv(sizes[-1], 64)
        self.encoder.convlogvar = conv(sizes[-1], 64)
        self.decoder.up_convs = nn.ModuleList(ups)
        self.decoder.convrecon = conv(32, 1)

    def reconstruct(self, x: torch.Tensor, epsilon: torch.Tensor) -> torch.Tensor:
        for block in self.encoder.down_convs:
            x = functional.relu(block.conv2(functional.relu(block.conv1(x))))
            x = functional.max_pool2d(x, 2)
        mean, logvar = self.encoder.convmu(x), self.encoder.convlogvar(x)
        x = mean + torch.exp(0.5 * logvar) * epsilon
        for block in self.decoder.up_convs:
            x = functional.relu(block.conv2(functional.relu(block.conv1(x))))
            x = block.convtranspose(x)
        return self.decoder.convrecon(x)


@pytest.mark.parametrize("depth", [2, 3])
def test_a_published_checkpoint_gives_the_published_networks_pictures(
    depth: int,
) -> None:
    torch.manual_seed(0)
    published = Published(depth)
    network = network_from_published(published.state_dict())
    x = torch.randn(1, 1, 32, 32)
    epsilon = torch.randn(1, 64, 32 // 2**depth, 32 // 2**depth)
    with torch.no_grad():
        ours = network.decode(network.encode(x).draw(epsilon))
        expected = published.reconstruct(x, epsilon)
    torch.testing.assert_close(ours, expected, atol=1e-5, rtol=1e-4)


def test_weights_come_back_from_their_published_names() -> None:
    network = DivNoising(depth=3, n_filters=16, z_channels=8)
    again = network_from_published(published_state_dict(network))
    assert again.configuration() == network.configuration()
    for name, value in network.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], value, msg=name)


def test_foreign_weights_are_refused_with_the_way_out() -> None:
    with pytest.raises(ValueError, match="not the weights of a published DivNoising"):
        network_from_published({"fc.weight": torch.zeros(3)})


def test_weights_with_a_missing_layer_are_refused() -> None:
    weights = published_state_dict(DivNoising())
    del weights["decoder.up_convs.0.conv2.weight"]
    with pytest.raises(ValueError, match="does not fit the published DivNoising"):
        network_from_published(weights)
