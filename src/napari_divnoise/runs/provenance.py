"""Where a model comes from: machine, versions, data, settings."""

from __future__ import annotations

import platform
import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch

from ..images import intensity_range
from .events import now
from .files import arrays_hash, data_hash
from .versions import package_version, versions

if TYPE_CHECKING:
    from ..images import ImageStack
    from ..noise import NoiseModel
    from ..training import Trainer, TrainingConfig


@dataclass(frozen=True, slots=True)
class Origin:
    """What stays the same from the beginning of a run to its end.

    Attributes
    ----------
    run_id : str
        Twelve hexadecimal digits, new for every run.
    images : dict
        Names, shape, type, hash and range of the images.
    noise_model : str
        What it is, in words, with its hash; "learn" if it is co-learned.
    started : str
        When, in UTC, ISO 8601.
    """

    run_id: str
    images: dict[str, Any]
    noise_model: str
    started: str

    @classmethod
    def of(
        cls, stack: ImageStack, pixels: Any, noise_model: NoiseModel | str | None
    ) -> Origin:
        """Look at the images and the noise model."""
        low, high = intensity_range(pixels)
        images = {
            "names": list(stack.names),
            "shape": [int(length) for length in pixels.shape],
            "dtype": str(pixels.dtype),
            "hash": data_hash(pixels),
            "range": [float(low), float(high)],
        }
        return cls(uuid.uuid4().hex[:12], images, _name_of(noise_model), now())

    def continuing(self, earlier: dict[str, Any]) -> Origin:
        """Return this origin under the name and date of an earlier sitting's."""
        known = {
            name: earlier[name] for name in ("run_id", "started") if name in earlier
        }
        return replace(self, **known)

    def identity(self, config: TrainingConfig) -> dict[str, Any]:
        """Return what a checkpoint must agree on to be resumed."""
        return {
            "data_hash": self.images["hash"],
            "noise_model": self.noise_model,
            "training": config.model_dump(mode="json"),
        }

    def record(self, trainer: Trainer, validation_loss: float | None) -> dict[str, Any]:
        """Return what a model says of its making."""
        return {
            "run_id": self.run_id,
            "package_version": package_version(),
            "date": now(),
            "method": trainer.config.method,
            "preset": trainer.config.preset,
            "seed": trainer.config.seed,
            "images": self.images,
            "noise_model": self.noise_model,
            "noise_model_hash": _hash_of(trainer.noise_model),
            "device": device_name(trainer.device),
            "step": trainer.step,
            "n_steps": trainer.config.n_steps,
            "elapsed_s": round(trainer.elapsed_s, 1),
            "validation_loss": validation_loss,
        }

    def provenance(self, trainer: Trainer) -> dict[str, Any]:
        """Return what ``provenance.json`` holds."""
        return {
            "run_id": self.run_id,
            "started": self.started,
            "versions": versions(),
            "device": device_name(trainer.device),
            "precision": str(trainer.dtype).removeprefix("torch."),
            "images": self.images,
            "noise_model": self.noise_model,
            "normalization": trainer.normalization.as_dict(),
            "training": trainer.config.model_dump(mode="json"),
        }


def device_name(device: torch.device) -> str:
    """Return a device with the name of its maker, where it has one."""
    if device.type == "cuda":
        return f"{device}: {torch.cuda.get_device_name(device)}"
    return f"{device}: {platform.processor() or platform.machine()}"


def _name_of(noise_model: NoiseModel | str | None) -> str:
    if noise_model is None:
        return "none"
    if isinstance(noise_model, str):
        return noise_model
    return f"{noise_model.describe()} [{_hash_of(noise_model)}]"


def _hash_of(noise_model: NoiseModel | None) -> str | None:
    return None if noise_model is None else arrays_hash(noise_model.as_arrays())
