"""Fields of the FMD set, as the benchmarks use them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from skimage.io import imread

import napari_divnoise as dn

FIELDS = ("Confocal_MICE", "TwoPhoton_MICE", "Confocal_FISH")


@dataclass(frozen=True)
class Field:
    """Four noisy frames ``(4, Y, X)`` of one still scene, and the mean of 50."""

    frames: np.ndarray
    truth: np.ndarray

    def noise_model(self, kind: str) -> object:
        """Fit a noise model on frames 1 to 3; frame 4 is the one that is denoised."""
        if kind == "learn":
            return "learn"
        settings = {"n_components": 3, "n_coefficients": 3} if kind == "mixture" else {}
        return dn.fit_noise_model(self.frames[:3], self.truth, kind=kind, **settings)

    def psnr(self, image: np.ndarray) -> float:
        """Peak signal-to-noise ratio in dB, data range 255."""
        return float(dn.psnr(self.truth, image, data_range=255))


def load(name: str) -> Field:
    """Read a field from the folder that DIVNOISE_DATA names."""
    here = Path(__file__).resolve().parents[1]
    folder = Path(os.environ.get("DIVNOISE_DATA", here.parent / "shared" / "data"))
    if not (folder / "fmd").is_dir():
        raise SystemExit(f"no FMD images in {folder}: set DIVNOISE_DATA")
    frames = [imread(folder / "fmd" / "raw" / f"{name}_{i}.png") for i in range(1, 5)]
    truth = imread(folder / "fmd" / "gt" / f"{name}.png").astype(np.float32)
    return Field(np.stack(frames), truth)
