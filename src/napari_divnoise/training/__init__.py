"""Stage 4: fitting a network.

What each method needs is known at once; torch is loaded with the first name that
needs it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from .methods import METHODS, has_posterior, needs_noise_model, network_kind

if TYPE_CHECKING:
    from .config import (
        PRESETS,
        SMALLEST_IMAGE,
        SMALLEST_VALIDATED_IMAGE,
        TrainingConfig,
    )
    from .loop import Trainer, fitting_patch_size
    from .progress import Progress

__all__ = [
    "METHODS",
    "PRESETS",
    "SMALLEST_IMAGE",
    "SMALLEST_VALIDATED_IMAGE",
    "Progress",
    "Trainer",
    "TrainingConfig",
    "fitting_patch_size",
    "has_posterior",
    "needs_noise_model",
    "network_kind",
]

_FILE_OF = {
    "PRESETS": "config",
    "SMALLEST_IMAGE": "config",
    "SMALLEST_VALIDATED_IMAGE": "config",
    "Progress": "progress",
    "Trainer": "loop",
    "TrainingConfig": "config",
    "fitting_patch_size": "loop",
}


def __getattr__(name: str) -> object:
    """Load the file that holds `name` the first time it is asked for (PEP 562)."""
    if name not in _FILE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f".{_FILE_OF[name]}", __name__), name)
    globals()[name] = value
    return value
