"""What this machine can do: found in a thread, because it loads torch."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..training import TrainingConfig

DEVICES = ("auto", "cuda", "mps", "cpu")


@dataclass(frozen=True, slots=True)
class Ready:
    """What the Train page needs to know before it can show its fields.

    Attributes
    ----------
    device_name : str
        Of what "auto" chooses, in words.
    missing : dict of str to str
        Devices that are not there, each with the reason.
    config : type
        `TrainingConfig`, whose module is loaded now.
    """

    device_name: str
    missing: dict[str, str]
    config: type[TrainingConfig]


def get_ready() -> Ready:
    """Load what training and sampling need, and look at the devices."""
    from ..networks import resolve_device
    from ..training import TrainingConfig

    missing = {}
    for name in DEVICES:
        try:
            resolve_device(name)
        except ValueError as error:
            missing[name] = str(error)
    return Ready(_name_of(resolve_device("auto")), missing, TrainingConfig)


def _name_of(device: Any) -> str:
    if device.type == "cuda":
        import torch

        return str(torch.cuda.get_device_name(device))
    if device.type == "mps":
        return "Apple GPU"
    n_cores = os.cpu_count() or 1
    return f"CPU, {n_cores} core{'s' if n_cores > 1 else ''}"
