"""The kinds of networks, by name: what a model file says, and how it is built again."""

from __future__ import annotations

from typing import Any

import torch

from .divnoising import DivNoising
from .unet import UNet

#: Every kind has `kind`, `downsampling` and `configuration`, and is a torch module.
Network = DivNoising | UNet

KINDS: dict[str, type[DivNoising] | type[UNet]] = {
    kind.kind: kind for kind in (DivNoising, UNet)
}


def build_network(kind: str, *, seed: int = 0, **configuration: Any) -> Network:
    """Build a network with random weights.

    Parameters
    ----------
    kind : str
        "divnoising" or "unet".
    seed : int
        Of the weights.
    **configuration
        What the `configuration` of a network of this kind returned.

    Raises
    ------
    ValueError
        If there is no such kind.
    """
    if kind not in KINDS:
        raise ValueError(
            f"there is no kind of network {kind!r}, only {', '.join(KINDS)}: it may "
            "come from a newer napari-divnoise"
        )
    # torch's initialisers draw from the process's random state, which is put back.
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return KINDS[kind](**configuration)
