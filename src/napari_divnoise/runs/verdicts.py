"""What a predictive check means, in words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Grade = Literal["good", "fair", "poor"]

# What is noticed, and what is a fault: correlation of neighbours, the logarithm of the
# ratio of lines, the logarithm of the spread, and the share of pixels that a bin of the
# rank histogram has too many or too few, relative to an even one.
LIMITS = {
    "neighbours": (0.06, 0.2),
    "rows": (math.log(1.6), math.log(3.0)),
    "columns": (math.log(1.6), math.log(3.0)),
    "spread": (math.log(1.15), math.log(1.5)),
    "pit": (0.25, 0.75),
}
# Lags that are looked at in words: near neighbours tell of the kind of fault.
NEAR = 2


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Numbers on what is left over, see `PredictiveCheck`."""

    spread: float
    autocorrelation: NDArray[np.float64]
    row_ratio: float
    column_ratio: float

    @classmethod
    def mean(cls, several: Sequence[Measured]) -> Self:
        """Return the mean of several."""
        return cls(
            spread=float(np.mean([m.spread for m in several])),
            autocorrelation=np.mean([m.autocorrelation for m in several], axis=0),
            row_ratio=float(np.mean([m.row_ratio for m in several])),
            column_ratio=float(np.mean([m.column_ratio for m in several])),
        )

    def off(self, name: str) -> float:
        """Return how far a number is from that of independent noise, 0 or more."""
        if name == "neighbours":
            return float(np.abs(self.strongest()[0]))
        ratio = {
            "spread": self.spread,
            "rows": self.row_ratio,
            "columns": self.column_ratio,
        }[name]
        return abs(math.log(max(ratio, 1e-6)))

    def strongest(self) -> tuple[float, int, int]:
        """Return the strongest correlation of near neighbours, and its lag dy, dx."""
        centre = self.autocorrelation.shape[0] // 2
        near = slice(centre - NEAR, centre + NEAR + 1)
        table = self.autocorrelation[near, near].copy()
        table[NEAR, NEAR] = 0.0
        y, x = np.unravel_index(int(np.abs(table).argmax()), table.shape)
        dy, dx = abs(int(y) - NEAR), abs(int(x) - NEAR)
        return float(table[y, x]), dy, dx


def grade_of(seen: Measured, simulated: Measured, pit: NDArray[np.float64]) -> Grade:
    """Return the worst grade among the numbers, each beside the simulated one."""
    grades: tuple[Grade, ...] = ("good", "fair", "poor")
    return grades[max(_level(name, seen, simulated, pit) for name in LIMITS)]


def verdict_of(seen: Measured, simulated: Measured, pit: NDArray[np.float64]) -> str:
    """Say what is wrong, the worst first, and what to do; or that all is well."""
    levels = {name: _level(name, seen, simulated, pit) for name in LIMITS}
    if max(levels.values()) == 0:
        return (
            "What is left over is noise as the noise model states it: as strong "
            f"({seen.spread:.2f} of the stated variance), as distributed, and without "
            "structure between neighbouring pixels."
        )
    sentences = {
        "neighbours": _about_neighbours(seen),
        "rows": _about_lines("rows", seen.row_ratio, "x"),
        "columns": _about_lines("columns", seen.column_ratio, "y"),
        "spread": _about_spread(seen),
        "pit": _about_ranks(pit),
    }
    faults = {
        name: _off(name, seen, simulated, pit) / LIMITS[name][1] for name in levels
    }
    named = [name for name, level in levels.items() if level == max(levels.values())]
    named.sort(key=faults.__getitem__, reverse=True)
    return " ".join(sentences[name] for name in named[:2])


def _level(
    name: str, seen: Measured, simulated: Measured, pit: NDArray[np.float64]
) -> int:
    """Return 0 for what chance does, 1 for what is noticed, 2 for a fault."""
    off = _off(name, seen, simulated, pit)
    noticed, fault = LIMITS[name]
    return int(off > noticed) + int(off > fault)


def _off(
    name: str, seen: Measured, simulated: Measured, pit: NDArray[np.float64]
) -> float:
    """Return how far off a number is, beyond what the simulated image shows as well."""
    if name == "pit":
        return float(np.abs(pit * pit.size - 1).max())
    return seen.off(name) - simulated.off(name)


def _about_neighbours(seen: Measured) -> str:
    value, dy, dx = seen.strongest()
    where = {(0, 1): "beside", (1, 0): "above"}.get((dy, dx), "near")
    if value > 0:
        return (
            f"What is left over has structure: a pixel and the one {where} it agree "
            f"({value:+.2f}). Either parts of the sample were taken for noise (train "
            f"longer), or the noise is not independent from pixel to pixel (check the "
            f"noise of the image)."
        )
    return (
        f"What is left over alternates: a pixel and the one {where} it differ "
        f"({value:+.2f}). The samples follow the noise of single pixels: train longer, "
        f"or give a noise model with more noise."
    )


def _about_lines(lines: str, ratio: float, direction: str) -> str:
    if ratio < 1:
        return (
            f"The samples follow the noise of whole {lines} ({ratio:.2f} of that of "
            f"independent noise is left over): stripes are taken for structure."
        )
    return (
        f"Whole {lines} of what is left over are brighter or darker together "
        f"({ratio:.1f} times as much as independent noise): the noise is correlated "
        f"along {direction}, which a pixel-wise noise model cannot describe."
    )


def _about_spread(seen: Measured) -> str:
    if seen.spread > 1:
        return (
            f"What is left over is {seen.spread:.2f} times as strong as the noise "
            f"model states (variance): structure is lost, or the noise model states "
            f"too little noise; fit it on images of this camera and gain."
        )
    return (
        f"What is left over is only {seen.spread:.2f} times as strong as the noise "
        f"model states (variance): the noise model states too much noise, or the "
        f"samples follow the noise; fit it on images of this camera and gain."
    )


def _about_ranks(pit: NDArray[np.float64]) -> str:
    shares = pit * pit.size
    ends, middle = (shares[0] + shares[-1]) / 2, float(shares[1:-1].mean())
    if abs(shares[0] - shares[-1]) > abs(ends - middle):
        side = "brighter" if shares[-1] > shares[0] else "darker"
        return (
            f"Many pixels are {side} than the noise model allows: the brightness of "
            f"signal and observation differs."
        )
    if ends > middle:
        return (
            f"Outliers are {ends:.1f} times as frequent as the noise model states: it "
            f"states too little noise, or tails that are too short."
        )
    return (
        f"Outliers are only {ends:.1f} times as frequent as the noise model states: it "
        f"states too much noise, or tails that are too long."
    )
