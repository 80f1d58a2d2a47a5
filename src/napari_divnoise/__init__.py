"""Diversity denoising for napari: many clean images that could have made a noisy one.

The folders of this package are the journey of the data, in this order:

images
    What the microscope gave: any axes, any type of number, any size.
noise
    How a signal becomes an observation: noise models.
networks
    An observation becomes a distribution over signals.
training
    Fitting a network.
posterior
    Many signals that could have been behind one observation.
summaries
    What a person can look at: mean, standard deviation, quantiles.
runs
    What is kept on disk, and the work as a whole.

The names below load on first use, so that ``import napari_divnoise`` is instant: no
torch, no napari and no Qt until work starts.

>>> import napari_divnoise as dn
>>> model = dn.fit("cells.tif", noise_model="learn", preset="quick")  # doctest: +SKIP
>>> posterior = model.posterior("cells.tif")  # doctest: +SKIP
>>> posterior.summarise(100).mmse  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .images import NoiseReport, inspect_noise, open_images
    from .noise import (
        NoiseModel,
        calibrate_noise_model,
        fit_noise_model,
        load_noise_model,
        save_noise_model,
    )
    from .runs import (
        Model,
        Posterior,
        PredictiveCheck,
        RunConfig,
        RunFolder,
        bootstrap_noise_model,
        fit,
        load_model,
        predictive_check,
        train,
    )
    from .summaries import Summary, psnr, ssim
    from .training import Progress, TrainingConfig

__version__ = "0.1.0"

__all__ = [
    "Model",
    "NoiseModel",
    "NoiseReport",
    "Posterior",
    "PredictiveCheck",
    "Progress",
    "RunConfig",
    "RunFolder",
    "Summary",
    "TrainingConfig",
    "__version__",
    "bootstrap_noise_model",
    "calibrate_noise_model",
    "fit",
    "fit_noise_model",
    "inspect_noise",
    "load_model",
    "load_noise_model",
    "open_images",
    "predictive_check",
    "psnr",
    "save_noise_model",
    "ssim",
    "train",
]

_STAGE_OF = {
    "Model": "runs",
    "NoiseModel": "noise",
    "NoiseReport": "images",
    "Posterior": "runs",
    "PredictiveCheck": "runs",
    "Progress": "training",
    "RunConfig": "runs",
    "RunFolder": "runs",
    "Summary": "summaries",
    "TrainingConfig": "training",
    "bootstrap_noise_model": "runs",
    "calibrate_noise_model": "noise",
    "fit": "runs",
    "fit_noise_model": "noise",
    "inspect_noise": "images",
    "load_model": "runs",
    "load_noise_model": "noise",
    "open_images": "images",
    "predictive_check": "runs",
    "psnr": "summaries",
    "save_noise_model": "noise",
    "ssim": "summaries",
    "train": "runs",
}


def __getattr__(name: str) -> object:
    """Load the stage that holds `name` the first time it is asked for (PEP 562)."""
    if name not in _STAGE_OF:
        raise AttributeError(
            f"module {__name__!r} has no attribute {name!r}: "
            f"the public names are {', '.join(__all__)}"
        )
    value: object = getattr(import_module(f".{_STAGE_OF[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Offer the public names to completion before any of them is loaded."""
    return sorted({*globals(), *__all__})
