"""Stage 6: what a person can look at, and how near to the truth it is."""

from __future__ import annotations

from .moments import RunningMoments, Summary
from .quality import psnr, ssim
from .quantiles import QuantileTile, StreamingQuantiles
from .residuals import autocorrelation, line_ratios, rank_histogram

__all__ = [
    "QuantileTile",
    "RunningMoments",
    "StreamingQuantiles",
    "Summary",
    "autocorrelation",
    "line_ratios",
    "psnr",
    "rank_histogram",
    "ssim",
]
