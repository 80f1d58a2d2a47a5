"""Which method fits the noise that was found, and why, in words for a biologist."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from .noise_notes import notes_on, percent

if TYPE_CHECKING:
    from .calm import NoiseLevels
    from .greys import Greys
    from .jpeg import JpegTrace
    from .residuals import Residuals

Verdict = Literal["pixelwise", "rows", "columns", "structured", "blurred", "jpeg"]

# Chosen on seeds below 1000 of benchmarks/noise_check.py and on the real images there.
_JPEG = 0.15
_ALIKE = 0.1
"""Correlation of neighbours from which on a pixel-wise model does harm."""
_BEYOND_CHANCE = 5.0
"""How far beyond chance it must be too: small images say little."""
_STRIPES = 2.8
_STRIPES_APART = 1.5
"""Rows vary so many times more than columns, or the other way round."""
_PATTERN = 0.12
_PEAK = 2.5
_ROUNDING = 2.0
_SMOOTH = 3.0


class Evidence(NamedTuple):
    """All that was measured."""

    greys: Greys
    levels: NoiseLevels
    residuals: Residuals
    jpeg: JpegTrace

    @property
    def along_x(self) -> float:
        """Correlation of the noise of neighbours in a row."""
        return float(self.residuals.autocorrelation[3, 4])

    @property
    def alike(self) -> float:
        """Correlation from which on neighbours count as alike."""
        return max(_ALIKE, _BEYOND_CHANCE * self.residuals.chance)

    @property
    def along_y(self) -> float:
        """Correlation of the noise of neighbours in a column."""
        return float(self.residuals.autocorrelation[4, 3])


class Judgement(NamedTuple):
    """What follows from it."""

    verdict: Verdict
    method: str | None
    direction: Literal["x", "y"] | None
    reason: str
    notes: tuple[str, ...]


def judge(evidence: Evidence) -> Judgement:
    """Weigh what was measured: first what spoils all that comes after."""
    judgement = (
        _compressed(evidence)
        or _blurred(evidence)
        or _striped(evidence)
        or _patterned(evidence)
        or _independent(evidence)
    )
    return judgement._replace(notes=notes_on(evidence, judgement.verdict))


def _compressed(evidence: Evidence) -> Judgement | None:
    if evidence.jpeg.strength < max(_JPEG, 4 * evidence.jpeg.chance):
        return None
    reason = (
        "The image was compressed as a JPEG, which changes the noise in blocks of 8x8 "
        "pixels, so that no noise model holds: take the file that the microscope "
        "wrote (TIFF, CZI, ND2, LIF...), or repeat without compression."
    )
    return Judgement("jpeg", None, None, reason, ())


def _blurred(evidence: Evidence) -> Judgement | None:
    alike = min(evidence.along_x, evidence.along_y)
    if alike > evidence.alike:
        reason = (
            "The noise of neighbouring pixels is alike in all directions "
            f"({percent(alike)} and more), as after resampling, smoothing or a colour "
            "camera's interpolation, so that no pixel-wise model holds: take the raw "
            "pixels, before stitching, rotating, scaling or filtering."
        )
        return Judgement("blurred", None, None, reason, ())
    if not _is_smooth_but_for_rounding(evidence):
        return None
    reason = (
        "Hardly anything but the rounding to grey values is left between neighbouring "
        "pixels: the image was smoothed or denoised before, so that no pixel-wise "
        "model holds; take the raw pixels of the camera."
    )
    return Judgement("blurred", None, None, reason, ())


def _is_smooth_but_for_rounding(evidence: Evidence) -> bool:
    """Whether the noise at high frequencies is what rounding makes, and no more."""
    rounding = evidence.greys.step**2 / 12
    finest = float(evidence.levels.rough_variance)
    return finest < _ROUNDING * rounding and evidence.residuals.fall > _SMOOTH


def _striped(evidence: Evidence) -> Judgement | None:
    residuals = evidence.residuals
    rows, columns = residuals.row_ratio, residuals.column_ratio
    x, y, alike = evidence.along_x, evidence.along_y, evidence.alike
    if rows > max(_STRIPES, _STRIPES_APART * columns) or x > max(alike, 2 * abs(y)):
        return _stripes("rows", "x", rows, x)
    if columns > max(_STRIPES, _STRIPES_APART * rows) or y > max(alike, 2 * abs(x)):
        return _stripes("columns", "y", columns, y)
    return None


def _stripes(
    lines: Literal["rows", "columns"],
    direction: Literal["x", "y"],
    ratio: float,
    alike: float,
) -> Judgement:
    if alike > _ALIKE:
        what = (
            f"Neighbours along {lines} share {percent(alike)} of their noise, those "
            "across do not"
        )
    else:
        what = (
            f"Whole {lines} are brighter or darker together ({ratio:.1f} times as much "
            "as independent noise would be)"
        )
    reason = (
        f"{what}: COSDD learns noise that runs along {lines}, while a pixel-wise "
        "method would take the stripes for structure."
    )
    return Judgement(lines, "cosdd", direction, reason, ())


def _patterned(evidence: Evidence) -> Judgement | None:
    table = evidence.residuals.autocorrelation.copy()
    table[3, 3] = 0
    # Next neighbours that are a little alike are no pattern: fine structure does it.
    cross = [2, 4, 3, 3], [3, 3, 2, 4]
    table[cross] = np.minimum(table[cross], 0)
    residuals = evidence.residuals
    pattern = max(_PATTERN, _BEYOND_CHANCE * residuals.chance)
    n_tiles = residuals.n_tiles
    peak = max(_PEAK, 1 + 25 / n_tiles**0.5 + 50 / n_tiles)
    if abs(table).max() < pattern and residuals.peak < peak:
        return None
    reason = (
        "The noise has a pattern that repeats over several pixels, such as a "
        "checkerboard: HDN36 keeps such fine patterns out of the result, while a "
        "pixel-wise method would take them for structure."
    )
    return Judgement("structured", "hdn36", None, reason, ())


def _independent(evidence: Evidence) -> Judgement:
    if evidence.levels.snr < 1:
        reason = (
            "The noise is independent from pixel to pixel and stronger than the "
            f"structure (which is {evidence.levels.snr:.2g} times as strong): HDN "
            "gathers evidence from further away than DivNoising."
        )
        return Judgement("pixelwise", "hdn", None, reason, ())
    reason = (
        "The noise is independent from pixel to pixel and weaker than the structure: "
        "DivNoising with a noise model of your camera fits."
    )
    return Judgement("pixelwise", "divnoising", None, reason, ())
