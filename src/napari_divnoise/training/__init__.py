"""Stage 4: fitting a network."""

from __future__ import annotations

from .config import (
    METHODS,
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
]
