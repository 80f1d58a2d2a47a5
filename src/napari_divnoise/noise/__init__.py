"""How a signal becomes an observation: noise models, and fitting them to pairs."""

from __future__ import annotations

from .calibration import (
    calibrate_noise_model,
    calibration_pairs,
    count_calibration_pairs,
)
from .fitting import fit_mixture, fit_noise_model, fit_to_pairs, fitting_mixture
from .gaussian import GaussianNoiseModel, fit_gaussian, gaussian_log_prob
from .joint import JointHistogram, joint_histogram
from .learned import LearnedGaussian
from .mixture import MixtureNoiseModel
from .mixture_fitting import FitProgress, MixtureSettings, fitting_mixture_to
from .model import NoiseModel
from .pairs import grey_step
from .report import FitReport, report_fit, report_on_pairs, share_out_of_range
from .storage import from_arrays, load_noise_model, save_noise_model

__all__ = [
    "FitProgress",
    "FitReport",
    "GaussianNoiseModel",
    "JointHistogram",
    "LearnedGaussian",
    "MixtureNoiseModel",
    "MixtureSettings",
    "NoiseModel",
    "calibrate_noise_model",
    "calibration_pairs",
    "count_calibration_pairs",
    "fit_gaussian",
    "fit_mixture",
    "fit_noise_model",
    "fit_to_pairs",
    "fitting_mixture",
    "fitting_mixture_to",
    "from_arrays",
    "gaussian_log_prob",
    "grey_step",
    "joint_histogram",
    "load_noise_model",
    "report_fit",
    "report_on_pairs",
    "save_noise_model",
    "share_out_of_range",
]
