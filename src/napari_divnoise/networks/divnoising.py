"""DivNoising: a convolutional autoencoder with one level of latents.

Prakash, Krull and Jug, "Fully unsupervised diversity denoising with
convolutional variational autoencoders", ICLR 2021.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import nn
from torch.nn import functional

from .fusion import fused_head, fused_kernel, fused_upsample
from .latents import DiagonalGaussian, bounded_log_std

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor


class DownBlock(nn.Module):
    """Two convolutions, each rectified, then the strongest of every 2x2 pixels."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.second = nn.Conv2d(out_channels, out_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Return features at half the size, ``(B, out_channels, Y / 2, X / 2)``."""
        x = functional.relu(self.first(x), inplace=True)
        x = functional.relu(self.second(x), inplace=True)
        return functional.max_pool2d(x, 2)


class UpBlock(nn.Module):
    """Two convolutions, each rectified, and an upsampling for whoever comes next.

    The upsampling is linear and so is the convolution behind it: `Decoder` applies
    both at once (see `fusion`).
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.second = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        self.upsample = nn.ConvTranspose2d(out_channels, out_channels, 2, stride=2)


class Encoder(nn.Module):
    """An observation to the distribution of its latents."""

    def __init__(self, channels: Sequence[int], z_channels: int) -> None:
        super().__init__()
        pairs = zip([1, *channels], channels, strict=False)
        self.blocks = nn.ModuleList(DownBlock(n_in, n_out) for n_in, n_out in pairs)
        self.mean = nn.Conv2d(channels[-1], z_channels, 3, padding=1)
        self.log_std = nn.Conv2d(channels[-1], z_channels, 3, padding=1)

    def forward(self, x: Tensor) -> DiagonalGaussian:
        """Return q(z | x); `x` is ``(B, 1, Y, X)`` in network units."""
        for block in self.blocks:
            x = block(x)
        # One convolution for both heads reads the features once.
        weight = torch.cat([self.mean.weight, self.log_std.weight])
        bias = torch.cat([_bias(self.mean), _bias(self.log_std)])
        mean, log_std = (
            functional.conv2d(x, weight, bias, padding=1).float().chunk(2, 1)
        )
        return DiagonalGaussian(mean, bounded_log_std(log_std))


class Decoder(nn.Module):
    """Latents to a signal."""

    def __init__(
        self, channels: Sequence[int], z_channels: int, out_channels: int
    ) -> None:
        super().__init__()
        downwards = list(reversed(channels))
        pairs = zip([z_channels, *downwards], downwards, strict=False)
        self.blocks = nn.ModuleList(UpBlock(n_in, n_out) for n_in, n_out in pairs)
        self.signal = nn.Conv2d(channels[0], out_channels, 3, padding=1)

    def forward(self, z: Tensor) -> Tensor:
        """Return the decoded signal in network units, float32."""
        return self.layers()(z)

    def layers(self, dtype: torch.dtype | None = None) -> DecoderLayers:
        """Return the decoder as the list of operations that are carried out.

        Parameters
        ----------
        dtype : torch.dtype, optional
            What the weights are converted to; None leaves them as they are (the
            way to train, where autocast converts them).
        """
        blocks = [block for block in self.blocks if isinstance(block, UpBlock)]
        followers = [*(block.first for block in blocks[1:]), self.signal]
        with torch.autocast(self.signal.weight.device.type, enabled=False):
            fused = [
                fused_kernel(block.upsample, conv)
                for block, conv in zip(blocks, followers, strict=True)
            ]
        return DecoderLayers(blocks, fused, dtype)


class DecoderLayers:
    """A decoder's operations with every upsampling fused, made once, used often.

    Parameters
    ----------
    blocks : sequence of UpBlock
        From coarse to fine.
    fused : sequence of (kernel, bias)
        The fused upsampling behind each block; the last one makes the signal.
    dtype : torch.dtype, optional
        What the weights are converted to.
    """

    def __init__(
        self,
        blocks: Sequence[UpBlock],
        fused: Sequence[tuple[Tensor, Tensor]],
        dtype: torch.dtype | None,
    ) -> None:
        def weights(conv: nn.Conv2d) -> tuple[Tensor, Tensor]:
            return _converted(conv.weight, dtype), _converted(_bias(conv), dtype)

        self._first = weights(blocks[0].first)
        self._seconds = [weights(block.second) for block in blocks]
        self._fused = [(_converted(k, dtype), _converted(b, dtype)) for k, b in fused]
        # The head stays in float32: in bfloat16 grey levels would be lost.
        self._fused[-1] = fused[-1]

    def scaled(self, scale: float, offset: float) -> DecoderLayers:
        """Return the same decoder, its output times `scale` plus `offset`.

        The two numbers go into the last kernel: camera units cost nothing.
        """
        other = copy(self)
        kernel, bias = self._fused[-1]
        other._fused = [*self._fused[:-1], (kernel * scale, bias * scale + offset)]
        return other

    def __call__(self, z: Tensor) -> Tensor:
        """Return the decoded signal, ``(B, out_channels, Y, X)``, float32."""
        weight, bias = self._first
        x = functional.relu(functional.conv2d(z, weight, bias, padding=1), inplace=True)
        last = len(self._seconds) - 1
        for i, (weight, bias) in enumerate(self._seconds):
            x = functional.conv2d(x, weight, bias, padding=1)
            x = functional.relu(x, inplace=True)
            if i < last:
                x = functional.relu(fused_upsample(x, *self._fused[i]), inplace=True)
        with torch.autocast(x.device.type, enabled=False):
            return fused_head(x, *self._fused[-1])


class DivNoising(nn.Module):
    """The published network: encoder, one level of latents, decoder.

    Parameters
    ----------
    depth : int
        How often the encoder halves the image, 1 to 5. Published: 2, and 3 for
        images with larger structures. Latents are ``2 ** depth`` pixels apart.
    z_channels : int
        Latents at each place.
    n_filters : int
        Channels of the first encoder block; every further block has twice as many.
    out_channels : int
        1: the signal. 2: the signal and its log-std (the paper's vanilla VAE).

    Notes
    -----
    At depth 2 with 64 latent channels and 32 filters it has 261 281 parameters, and
    an output pixel depends on observed pixels at most 26 pixels away (58 at depth 3).
    """

    kind: ClassVar[str] = "divnoising"

    def __init__(
        self,
        *,
        depth: int = 2,
        z_channels: int = 64,
        n_filters: int = 32,
        out_channels: int = 1,
    ) -> None:
        super().__init__()
        if not 1 <= depth <= 5:
            raise ValueError(
                f"depth must be 1 to 5, got {depth}; published are 2 and 3"
            )
        channels = [n_filters * 2**i for i in range(depth)]
        self.depth = depth
        self.z_channels = z_channels
        self.n_filters = n_filters
        self.out_channels = out_channels
        self.encoder = Encoder(channels, z_channels)
        self.decoder = Decoder(channels, z_channels, out_channels)
        self.apply(_initialise)

    @property
    def downsampling(self) -> int:
        """Pixels between two latents; sizes must be multiples of it."""
        factor: int = 1 << self.depth
        return factor

    @property
    def encoder_halo(self) -> int:
        """Pixels beyond a latent's own that it depends on, a multiple of the latents.

        Two 3x3 convolutions and a pooling at each level, one 3x3 at the end: at
        level i each convolution reaches ``2 ** i`` pixels further.
        """
        reach = sum(2 * 2**i for i in range(self.depth)) + self.downsampling
        return int(-(-reach // self.downsampling) * self.downsampling)

    @property
    def decoder_halo(self) -> int:
        """Latents beyond a pixel's own that the decoded pixel depends on."""
        return 4

    def encode(self, x: Tensor) -> DiagonalGaussian:
        """Return q(z | x), ``(B, z_channels, Y / f, X / f)``, of ``(B, 1, Y, X)``."""
        posterior: DiagonalGaussian = self.encoder(x)
        return posterior

    def decode(self, z: Tensor) -> Tensor:
        """Return the decoded signal, ``(B, out_channels, Y, X)``, network units."""
        signal: Tensor = self.decoder(z)
        return signal

    def configuration(self) -> dict[str, int]:
        """Return the arguments that build this network."""
        return {
            "depth": self.depth,
            "z_channels": self.z_channels,
            "n_filters": self.n_filters,
            "out_channels": self.out_channels,
        }


def _initialise(layer: nn.Module) -> None:
    """He initialisation: with it training leaves the plateau at its start sooner."""
    if isinstance(layer, nn.Conv2d):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.zeros_(_bias(layer))


def _bias(layer: nn.Conv2d) -> Tensor:
    if layer.bias is None:
        return layer.weight.new_zeros(layer.out_channels)
    return layer.bias


def _converted(x: Tensor, dtype: torch.dtype | None) -> Tensor:
    if dtype is None:
        return x
    x = x.detach().to(dtype)
    return x.contiguous(memory_format=torch.channels_last) if x.dim() == 4 else x
