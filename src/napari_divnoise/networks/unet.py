"""The U-Net of Noise2Void and Probabilistic Noise2Void.

Krull, Buchholz and Jug, "Noise2Void: learning denoising from single noisy images",
CVPR 2019, and Prakash et al., "Fully unsupervised probabilistic Noise2Void", ISBI
2020, whose network this is: the way up adds what the way down saw, rather than
joining it on.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import nn
from torch.nn import functional

if TYPE_CHECKING:
    from torch import Tensor


class TwoConvolutions(nn.Module):
    """Two 3x3 convolutions, each rectified; the size stays."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.second = nn.Conv2d(out_channels, out_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Return features, ``(B, out_channels, Y, X)``."""
        x = functional.relu(self.first(x), inplace=True)
        return functional.relu(self.second(x), inplace=True)


class UpBlock(nn.Module):
    """Twice the size, the features of the way down added, and two convolutions."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.upsample = nn.ConvTranspose2d(in_channels, out_channels, 2, stride=2)
        self.convolutions = TwoConvolutions(out_channels, out_channels)

    def forward(self, x: Tensor, seen: Tensor) -> Tensor:
        """Return features, ``(B, out_channels, 2 Y, 2 X)``."""
        features: Tensor = self.convolutions(self.upsample(x) + seen)
        return features


class UNet(nn.Module):
    """From an observation to one number, or to many, for each pixel.

    Parameters
    ----------
    in_channels : int
        Channels of the observation.
    out_channels : int
        1: the signal (N2V). More: signals that a pixel could have had, given what
        is around it (PN2V; published are 800).
    depth : int
        How often the image is halved, 1 to 5. Published: 2.
    n_filters : int
        Channels at full resolution, twice as many after each halving. Published: 64.

    Notes
    -----
    At depth 2 an output pixel depends on observed pixels at most 23 pixels away. All
    but the last 1x1 convolution is `features`; the loss of blind spots needs `head` at
    a few pixels only, and with 800 outputs for each that is the dearest layer.
    """

    kind: ClassVar[str] = "unet"

    def __init__(
        self,
        *,
        in_channels: int = 1,
        out_channels: int = 1,
        depth: int = 2,
        n_filters: int = 32,
    ) -> None:
        super().__init__()
        if not 1 <= depth <= 5:
            raise ValueError(f"depth must be 1 to 5, got {depth}; published is 2")
        channels = [n_filters * 2**i for i in range(depth + 1)]
        pairs = list(pairwise(channels))
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.depth = depth
        self.n_filters = n_filters
        self.entrance = TwoConvolutions(in_channels, n_filters)
        self.down = nn.ModuleList(
            TwoConvolutions(fine, coarse) for fine, coarse in pairs
        )
        self.up = nn.ModuleList(UpBlock(coarse, fine) for fine, coarse in pairs[::-1])
        self.last = nn.Conv2d(n_filters, out_channels, 1)
        self.apply(_initialise)

    @property
    def downsampling(self) -> int:
        """Sizes must be multiples of so many pixels."""
        factor: int = 1 << self.depth
        return factor

    @property
    def halo(self) -> int:
        """Pixels around a pixel that its output depends on, rounded up.

        A multiple of `downsampling`. At level i each of two convolutions reaches
        ``2 ** i`` pixels further, on the way down and on the way up; the poolings
        see the whole of a coarse pixel.
        """
        reach = 2 * sum(2 * 2**i for i in range(self.depth)) + 2 * self.downsampling
        reach += self.downsampling - 1
        return int(-(-reach // self.downsampling) * self.downsampling)

    def features(self, x: Tensor) -> Tensor:
        """Return what the outputs are made of, ``(B, n_filters, Y, X)``.

        `x` is ``(B, in_channels, Y, X)`` in network units, Y and X multiples of
        `downsampling`.
        """
        x = self.entrance(x)
        seen = []
        for block in self.down:
            seen.append(x)
            x = block(functional.max_pool2d(x, 2))
        for block in self.up:
            x = block(x, seen.pop())
        return x

    def head(self, features: Tensor) -> Tensor:
        """Return the outputs of some pixels, ``(M, out_channels)``, float32.

        Parameters
        ----------
        features : torch.Tensor
            ``(M, n_filters)``: any pixels of `features`.
        """
        # In float32: in bfloat16 grey levels would be lost.
        with torch.autocast(features.device.type, enabled=False):
            weight = self.last.weight.float().flatten(1)
            bias = None if self.last.bias is None else self.last.bias.float()
            return functional.linear(features.float(), weight, bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs of every pixel, ``(B, out_channels, Y, X)``, float32."""
        features = self.features(x).permute(0, 2, 3, 1)  # (B, Y, X, n_filters)
        return self.head(features).permute(0, 3, 1, 2)

    def configuration(self) -> dict[str, int]:
        """Return the arguments that build this network."""
        return {
            "in_channels": self.in_channels,
            "out_channels": self.out_channels,
            "depth": self.depth,
            "n_filters": self.n_filters,
        }


def _initialise(layer: nn.Module) -> None:
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.xavier_normal_(layer.weight)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
