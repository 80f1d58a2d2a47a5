"""An upsampling and the convolution behind it, as one transposed convolution.

Between the 2x2 transposed convolution of DivNoising's decoder and the 3x3
convolution that follows stands no activation, so that both together are linear:
one 4x4 transposed convolution with stride 2, and a bias that differs only in the
outermost pixels, where the 3x3 convolution sees zeros instead of the first one's
bias. Exact, a third fewer operations, and the widest tensor is never made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from torch import Tensor, nn


def fused_kernel(
    upsample: nn.ConvTranspose2d, conv: nn.Conv2d
) -> tuple[Tensor, Tensor]:
    """Return kernel and bias of `conv` applied after `upsample`.

    Parameters
    ----------
    upsample : torch.nn.ConvTranspose2d
        Kernel 2x2, stride 2.
    conv : torch.nn.Conv2d
        Kernel 3x3, padded with one ring of zeros.

    Returns
    -------
    kernel : torch.Tensor
        ``(in, out, 4, 4)``, for a transposed convolution of stride 2, padding 1.
    bias : torch.Tensor
        ``(out, 3, 3)``: first row, rows between, last row, and columns likewise.

    Notes
    -----
    Tap t of the kernel collects the pairs of taps whose offsets add up to t:
    ``kernel[t] = sum_k conv[k] * upsample[t + k - 2]``, which is the correlation
    of the 2x2 kernel, padded by two, with the 3x3 kernel.
    """
    kernel = functional.conv2d(
        functional.pad(upsample.weight, (2, 2, 2, 2)), conv.weight
    )
    constant = _bias_of(upsample).view(1, -1, 1, 1).expand(1, -1, 3, 3)
    bias = functional.conv2d(constant, conv.weight, conv.bias, padding=1)
    return kernel, bias[0]


def fused_upsample(x: Tensor, kernel: Tensor, bias: Tensor) -> Tensor:
    """Return what `conv(upsample(x))` gives, ``(B, out, 2 Y, 2 X)``.

    Parameters
    ----------
    x : torch.Tensor
        Features, ``(B, in, Y, X)``.
    kernel, bias : torch.Tensor
        From `fused_kernel`.
    """
    kernel, bias = kernel.to(x.dtype), bias.to(x.dtype)
    if torch.is_grad_enabled():
        y = functional.conv_transpose2d(x, kernel, None, stride=2, padding=1)
        return y + edge_map(bias, y.shape[-2], y.shape[-1])
    y = functional.conv_transpose2d(x, kernel, bias[:, 1, 1], stride=2, padding=1)
    return _with_edges(y, bias)


def fused_head(x: Tensor, kernel: Tensor, bias: Tensor) -> Tensor:
    """Return `fused_upsample` for few output channels, in float32.

    A matrix product makes the 16 taps of every pixel, which are then added where
    they overlap: for one output channel several times as fast as a transposed
    convolution, and the grey levels keep float32's precision.
    """
    n_in, n_out = kernel.shape[:2]
    flat = x.permute(0, 2, 3, 1).float()  # (B, Y, X, in)
    taps = flat @ kernel.float().reshape(n_in, n_out * 16)
    y = overlap_add(taps.unflatten(-1, (n_out, 4, 4)))
    if torch.is_grad_enabled():
        return y + edge_map(bias.float(), y.shape[-2], y.shape[-1])
    y += bias[:, 1, 1, None, None]
    return _with_edges(y, bias.float())


def overlap_add(taps: Tensor) -> Tensor:
    """Return ``(B, C, 2 Y, 2 X)`` from the 4x4 taps of every pixel.

    Parameters
    ----------
    taps : torch.Tensor
        ``(B, Y, X, C, 4, 4)``; tap t of pixel i lands on pixel ``2 i + t - 1``.
    """
    top = taps[..., 1, :] + _shifted(taps[..., 3, :], 1, dim=1)
    bottom = taps[..., 2, :] + _shifted(taps[..., 0, :], -1, dim=1)
    rows = torch.stack([top, bottom], dim=2)  # (B, Y, 2, X, C, 4)
    left = rows[..., 1] + _shifted(rows[..., 3], 1, dim=3)
    right = rows[..., 2] + _shifted(rows[..., 0], -1, dim=3)
    both = torch.stack([left, right], dim=4)  # (B, Y, 2, X, 2, C)
    return both.flatten(3, 4).flatten(1, 2).permute(0, 3, 1, 2)


def edge_map(bias: Tensor, n_rows: int, n_columns: int) -> Tensor:
    """Return the bias of every pixel, ``(out, n_rows, n_columns)``."""
    rows = _edge_index(n_rows, bias.device)
    columns = _edge_index(n_columns, bias.device)
    return bias[:, rows][:, :, columns]


def _with_edges(y: Tensor, bias: Tensor) -> Tensor:
    """Correct, in place, the outermost pixels of what has the inner bias everywhere.

    Without gradients this saves one pass over the largest tensor.
    """
    change = bias - bias[:, 1:2, 1:2]
    rows = _edge_index(y.shape[-2], y.device)[1:-1]
    columns = _edge_index(y.shape[-1], y.device)
    for edge, place in ((0, 0), (2, -1)):
        y[..., place, :] += change[:, edge, columns]
        y[..., 1:-1, place] += change[:, rows, edge]
    return y


def _edge_index(length: int, device: torch.device) -> Tensor:
    index = torch.ones(length, dtype=torch.long, device=device)
    index[0], index[-1] = 0, 2
    return index


def _shifted(x: Tensor, by: int, *, dim: int) -> Tensor:
    """Return `x` moved by one along `dim`, a zero moved in."""
    zero = torch.zeros_like(x.narrow(dim, 0, 1))
    length = x.shape[dim] - 1
    if by > 0:
        return torch.cat([zero, x.narrow(dim, 0, length)], dim)
    return torch.cat([x.narrow(dim, 1, length), zero], dim)


def _bias_of(layer: nn.ConvTranspose2d) -> Tensor:
    if layer.bias is None:
        return layer.weight.new_zeros(layer.out_channels)
    return layer.bias
