"""How a signal becomes an observation: noise models, and fitting them to pairs."""

from __future__ import annotations

from .calibration import (
    calibrate_noise_model,
    calibration_pairs,
    count_calibration_pairs,
)
from .fitting import (
    FittedNoiseModel,
    check_fit,
    fit_mixture,
    fit_noise_model,
    fit_to_pairs,
    fitting_mixture,
    fitting_noise_model,
)
from .gaussian import GaussianNoiseModel, fit_gaussian, gaussian_log_prob
from .histogram import HistogramNoiseModel
from .histogram_fitting import HistogramSettings, fit_histogram_to
from .joint import JointHistogram, joint_histogram, variance_curve
from .joint_files import load_pairs, save_pairs
from .learned import LearnedGaussian
from .mixture import MixtureNoiseModel
from .mixture_fitting import FitProgress, MixtureSettings, fitting_mixture_to
from .model import NoiseModel
from .pair_checks import check_images
from .pairs import grey_step
from .report import FitReport, report_fit, report_on_pairs, share_out_of_range
from .scene import Scene, look_at_scene
from .storage import from_arrays, load_noise_model, save_noise_model
from .valid import valid_mask

__all__ = [
    "FitProgress",
    "FitReport",
    "FittedNoiseModel",
    "GaussianNoiseModel",
    "HistogramNoiseModel",
    "HistogramSettings",
    "JointHistogram",
    "LearnedGaussian",
    "MixtureNoiseModel",
    "MixtureSettings",
    "NoiseModel",
    "Scene",
    "calibrate_noise_model",
    "calibration_pairs",
    "check_fit",
    "check_images",
    "count_calibration_pairs",
    "fit_gaussian",
    "fit_histogram_to",
    "fit_mixture",
    "fit_noise_model",
    "fit_to_pairs",
    "fitting_mixture",
    "fitting_mixture_to",
    "fitting_noise_model",
    "from_arrays",
    "gaussian_log_prob",
    "grey_step",
    "joint_histogram",
    "load_noise_model",
    "load_pairs",
    "look_at_scene",
    "report_fit",
    "report_on_pairs",
    "save_noise_model",
    "save_pairs",
    "share_out_of_range",
    "valid_mask",
    "variance_curve",
]
