"""Weights of other people's DivNoising checkpoints, under our names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .divnoising import DivNoising

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

_NAMES = (
    (r"encoder\.down_convs\.(\d+)\.conv1\.", r"encoder.blocks.\1.first."),
    (r"encoder\.down_convs\.(\d+)\.conv2\.", r"encoder.blocks.\1.second."),
    (r"encoder\.convmu\.", "encoder.mean."),
    (r"encoder\.convlogvar\.", "encoder.log_std."),
    (r"decoder\.up_convs\.(\d+)\.conv1\.", r"decoder.blocks.\1.first."),
    (r"decoder\.up_convs\.(\d+)\.conv2\.", r"decoder.blocks.\1.second."),
    (r"decoder\.up_convs\.(\d+)\.convtranspose\.", r"decoder.blocks.\1.upsample."),
    (r"decoder\.convrecon\.", "decoder.signal."),
)


def network_from_published(state_dict: Mapping[str, Tensor]) -> DivNoising:
    """Build the network of a published DivNoising checkpoint.

    Parameters
    ----------
    state_dict : mapping of str to torch.Tensor
        The weights as the published code names them (``encoder.down_convs...``).

    Returns
    -------
    DivNoising
        With these weights; depth, filters and latents are read from their shapes.

    Raises
    ------
    ValueError
        If the weights are not those of a published DivNoising network.

    Notes
    -----
    The published encoder gives log-variances; ours gives log-stds, half of them,
    so that those weights are halved.
    """
    weights = {_our_name(name): value.float() for name, value in state_dict.items()}
    if "encoder.mean.weight" not in weights or "decoder.signal.weight" not in weights:
        raise ValueError(
            "these are not the weights of a published DivNoising network: "
            "encoder.convmu and decoder.convrecon are missing; give the checkpoint "
            "that the published code saved, or train a model here"
        )
    for part in ("weight", "bias"):
        weights[f"encoder.log_std.{part}"] = weights[f"encoder.log_std.{part}"] / 2
    network = DivNoising(**_shape_of(weights))
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(
            "the checkpoint does not fit the published DivNoising network: "
            f"{str(error).splitlines()[-1].strip()}"
        ) from None
    return network


def published_state_dict(network: DivNoising) -> dict[str, Tensor]:
    """Return the network's weights under the names of the published code."""
    weights = {
        _their_name(name): value.detach().clone()
        for name, value in network.state_dict().items()
    }
    for part in ("weight", "bias"):
        weights[f"encoder.convlogvar.{part}"] *= 2
    return weights


def _our_name(name: str) -> str:
    for pattern, replacement in _NAMES:
        name = re.sub(pattern, replacement, name)
    return name


def _their_name(name: str) -> str:
    for theirs, ours in _NAMES:
        pattern = re.escape(ours).replace(re.escape(r"\1"), r"(\d+)")
        replacement = theirs.replace("\\.", ".").replace(r"(\d+)", r"\1")
        name = re.sub(pattern, replacement, name)
    return name


def _shape_of(weights: Mapping[str, Tensor]) -> dict[str, int]:
    pattern = re.compile(r"encoder\.blocks\.\d+\.first\.weight")
    return {
        "depth": sum(pattern.fullmatch(name) is not None for name in weights),
        "n_filters": weights["encoder.blocks.0.first.weight"].shape[0],
        "z_channels": weights["encoder.mean.weight"].shape[0],
        "out_channels": weights["decoder.signal.weight"].shape[0],
    }
