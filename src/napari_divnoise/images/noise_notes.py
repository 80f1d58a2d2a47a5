"""What else a person should know of an image before she denoises it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .greys import Greys
    from .noise_verdicts import Evidence

_SATURATED = 0.001
_ZEROS = 0.01
_HOT = 2e-5
_GAPS = 0.05
_STRIPES = 1.8
_COUNTING = (
    "The detector seems to count single photons (0, 1, 2, ...): the zeros are no "
    "fault, and the noise is that of the light alone."
)


def notes_on(evidence: Evidence, verdict: str) -> tuple[str, ...]:
    """Return a sentence for each thing that the verdict does not say."""
    counting = _counts_photons(evidence)
    sentences = (
        _on_the_top(evidence.greys),
        _COUNTING if counting else _on_the_bottom(evidence.greys),
        "" if counting else _on_the_step(evidence),
        _on_hot_pixels(evidence),
        _on_stripes(evidence) if verdict == "pixelwise" else "",
    )
    return tuple(sentence for sentence in sentences if sentence)


def _counts_photons(evidence: Evidence) -> bool:
    """Whether the image counts photons: variance is signal, both in steps."""
    greys, levels = evidence.greys, evidence.levels
    if greys.low != 0 or greys.step <= 0 or greys.zeros < _ZEROS:
        return False
    steps = np.maximum(levels.signal, 1e-9) * greys.step
    return 0.75 < float(np.median(levels.variance / steps)) < 1.35


def _on_the_top(greys: Greys) -> str:
    if greys.saturation is None or greys.saturated < _SATURATED:
        return ""
    return (
        f"{percent(greys.saturated)} of the pixels are saturated (at "
        f"{greys.saturation:g}): what was there is lost, and they are no measure of "
        "the noise; use a shorter exposure or less gain if you can."
    )


def _on_the_bottom(greys: Greys) -> str:
    if greys.zeros < _ZEROS:
        return ""
    return (
        f"{percent(greys.zeros)} of the pixels are cut off at the lowest value "
        f"({greys.low:g}): the noise of dark places is not whole; raise the offset of "
        "the camera or detector if you can."
    )


def _on_the_step(evidence: Evidence) -> str:
    greys = evidence.greys
    sigma = float(np.median(evidence.levels.variance)) ** 0.5
    # What rounding adds is part of the variance that was measured.
    if greys.step > 0 and sigma < greys.step * (1 + 1 / 12) ** 0.5:
        return (
            f"Neighbouring grey values are {greys.step:.3g} apart, but the noise is "
            f"only {sigma:.2g}: the image was written with too few grey values, as "
            "with 8 bits; save 16 bits next time."
        )
    if greys.is_integer and (greys.step > 1 or greys.gaps > _GAPS):
        return (
            f"Not all grey values occur (they are {greys.step:.3g} apart): the image "
            "was stretched or its contrast changed after the camera, and noise models "
            "made from other images do not fit it; take the file that the microscope "
            "wrote."
        )
    return ""


def _on_hot_pixels(evidence: Evidence) -> str:
    share = evidence.residuals.hot_pixels
    if share < _HOT:
        return ""
    return (
        f"About {1e6 * share:.0f} of a million pixels are hot (single bright points): "
        "they may stay in the result; let the camera's software correct them."
    )


def _on_stripes(evidence: Evidence) -> str:
    rows, columns = evidence.residuals.row_ratio, evidence.residuals.column_ratio
    if max(rows, columns) < _STRIPES:
        return ""
    lines = "Rows" if rows >= columns else "Columns"
    return (
        f"{lines} vary together a little ({max(rows, columns):.1f} times what "
        "independent noise would): faint stripes may stay in the result."
    )


def percent(share: float) -> str:
    """Write a share of pixels with two digits."""
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.0f} %"
