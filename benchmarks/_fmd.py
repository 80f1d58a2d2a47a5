"""Fields of the FMD set, as the benchmarks use them."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from skimage.io import imread

import napari_divnoise as dn
from napari_divnoise.noise import MixtureNoiseModel

FIELDS = ("Confocal_MICE", "TwoPhoton_MICE", "Confocal_FISH")


@dataclass(frozen=True)
class Field:
    """Four noisy frames ``(4, Y, X)`` of one still scene, and the mean of 50."""

    frames: np.ndarray
    truth: np.ndarray

    def noise_model(self, kind: str, seed: int = 0) -> object:
        """Return a noise model, or the word for one that is learnt along.

        "mixture", "histogram" and "gaussian" are fitted to frames 1 to 3 and the truth
        (frame 4 is the one that is denoised), "bootstrap" to all four noisy frames
        alone. "mixture*4" states four times the variance, and so on.
        """
        kind, _, factor = kind.partition("*")
        if kind == "learn":
            return "learn"
        if kind == "bootstrap":
            return dn.bootstrap_noise_model(self.frames, seed=seed)
        settings = {"n_components": 3, "n_coefficients": 3} if kind == "mixture" else {}
        model = dn.fit_noise_model(self.frames[:3], self.truth, kind=kind, **settings)
        return with_variance_times(model, float(factor)) if factor else model

    def psnr(self, image: np.ndarray) -> float:
        """Peak signal-to-noise ratio in dB, data range 255."""
        return float(dn.psnr(self.truth, image, data_range=255))


def with_variance_times(mixture: MixtureNoiseModel, factor: float) -> MixtureNoiseModel:
    """Return a mixture that is as wrong as one wants: its noise is scaled."""
    offsets, log_variances, logits = np.split(mixture.as_arrays()["trained_weight"], 3)
    log_variances = log_variances.copy()
    log_variances += math.log(factor)
    weight = np.concatenate([offsets * factor**0.5, log_variances, logits])
    return MixtureNoiseModel(
        weight, *mixture.signal_range, mixture.min_sigma * factor, mixture.tol
    )


def load(name: str) -> Field:
    """Read a field from the folder that DIVNOISE_DATA names."""
    here = Path(__file__).resolve().parents[1]
    folder = Path(os.environ.get("DIVNOISE_DATA", here.parent / "shared" / "data"))
    if not (folder / "fmd").is_dir():
        raise SystemExit(f"no FMD images in {folder}: set DIVNOISE_DATA")
    frames = [imread(folder / "fmd" / "raw" / f"{name}_{i}.png") for i in range(1, 5)]
    truth = imread(folder / "fmd" / "gt" / f"{name}.png").astype(np.float32)
    return Field(np.stack(frames), truth)
