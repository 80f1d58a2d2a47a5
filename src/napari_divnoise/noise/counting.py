"""The counting itself: which cell a pair belongs to, for 1e8 pairs within seconds.

Every pixel takes a few passes in single precision, and look-up tables in place of
roots and logarithms. Blocks are shared between two threads, always in the same way, so
that sums do not depend on the machine.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from .pairs import Array, Look, Pairs

N_STRATA = 256
# Width of a cell at residual 0, in standard deviations; sqrt(1 + |z|) times that at
# z standard deviations.
CELL_WIDTH = 0.06
# Cells to either side: up to 70 standard deviations from the signal.
_N_HALF = 250
_N_CELLS = 2 * _N_HALF + 1
# Share of a normal distribution within one standard deviation, in percent.
_ONE_SIGMA = 68.27

# Levels of the look-up tables: of the signal, and of the residual per standard
# deviation, whose borders of cells are that exact.
_N_LEVELS = 1 << 16
_Z_LEVELS = 100
_FARTHEST_Z = 73

# The table of grey values: rows of signals, narrower where the noise is, and columns of
# observations that are a fifth of a standard deviation in the dark, or one grey value,
# or as wide as they must be.
N_ROWS = 512
_MOST_COLUMNS = 2048
_COLUMN_WIDTH = 0.2
# How far from the signals observations are tabled, in standard deviations.
_REACH = 8.0
_N_THREADS = 2
_GOLDEN = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True, slots=True)
class Counts:
    """What was counted.

    Attributes
    ----------
    totals : numpy.ndarray, shape (3, N_STRATA, cells)
        Number of pairs, sum of their residuals, and sum of their signals, per cell.
    table : numpy.ndarray, shape (N_ROWS, columns)
        Number of pairs per signal and observation.
    lost : numpy.ndarray, shape (N_STRATA,)
        Number of pairs whose observation is clipped.
    signal_edges : numpy.ndarray, shape (N_ROWS + 1,)
        Edges of the rows of `table`.
    observation_range : tuple of float
        Outer edges of the columns of `table`.
    """

    totals: Array
    table: Array
    lost: Array
    signal_edges: Array
    observation_range: tuple[float, float]


def count(pairs: Pairs, look: Look) -> Counts:
    """Count all pairs between the signals ``look.low`` and ``look.high``."""
    places = _Places.of(look, pairs)
    with ThreadPoolExecutor(_N_THREADS) as pool:
        parts = list(pool.map(partial(_count_part, pairs, places), range(_N_THREADS)))
    totals, table, lost = (
        sum(arrays[1:], arrays[0]) for arrays in zip(*parts, strict=True)
    )
    return Counts(
        totals.reshape(3, N_STRATA, _N_CELLS),
        table.reshape(N_ROWS, -1)[:, 1:-1],
        lost,
        places.signal_edges,
        places.columns.ends,
    )


def _count_part(pairs: Pairs, places: _Places, part: int) -> tuple[Array, Array, Array]:
    """Count every `_N_THREADS`-th block."""
    totals = np.zeros((3, N_STRATA * _N_CELLS))
    table = np.zeros(N_ROWS * (places.columns.n + 2))
    lost = np.zeros(N_STRATA)
    for x, s in pairs.blocks(part, _N_THREADS):
        x, s, clipped = places.kept(x, s)
        if clipped.size:
            lost += np.bincount(places.stratum(clipped), minlength=N_STRATA)
        if not s.size:
            continue
        level = places.level(s)
        residual = np.subtract(x, s, dtype=pairs.dtype)
        if pairs.residual_scale != 1:
            residual *= pairs.residual_scale
        cell = places.cell(residual, level)
        for total, weight in zip(totals, (None, residual, s), strict=True):
            total += np.bincount(cell, weight, total.size)
        table += np.bincount(places.place(x, s, residual, level), minlength=table.size)
    return totals, table, lost


@dataclass(frozen=True, slots=True)
class _Columns:
    """Even columns of observations, centred on grey values where there are such."""

    start: float
    width: float
    n: int
    jitter: float

    @property
    def ends(self) -> tuple[float, float]:
        return self.start, self.start + self.n * self.width

    @classmethod
    def of(cls, look: Look, std: tuple[float, float], scale: float) -> _Columns:
        """Choose columns for pairs whose noise is `std` at either end."""
        first, last = look.observation_range
        low = max(first, look.low - _REACH * std[0], look.valid_range[0])
        high = min(last, look.high + _REACH * std[1], look.valid_range[1])
        if high <= low:
            low, high = first, last
        step = look.step
        wanted = max(_COLUMN_WIDTH * std[0], (high - low + step) / _MOST_COLUMNS)
        if not step:
            n = min(max(1, math.ceil((high - low) / wanted)), _MOST_COLUMNS)
            return cls(low, (high - low) / n * (1 + 1e-6), n, 0.0)
        # A column takes whole grey values, all of them the same number.
        per_column = max(1, math.ceil((high - low + step) / step / _MOST_COLUMNS))
        per_column = max(per_column, int(wanted / step))
        start = first + step * (math.floor((low - first) / step + 1e-3) - 0.5)
        n = math.ceil((high + 0.49 * step - start) / (per_column * step))
        # Scaled residuals lie between the grey values: those are spread evenly, so
        # that columns do not take turns at having one more or less.
        return cls(start, per_column * step, max(n, 1), step if scale != 1 else 0.0)


@dataclass(frozen=True, slots=True)
class _Places:
    """Where a pair belongs, by look-up tables over levels of signal and residual."""

    low: float
    high: float
    per_level: float
    valid_range: tuple[float, float]
    inverse_std: npt.NDArray[np.float32]
    first_cell: npt.NDArray[np.intp]
    first_place: npt.NDArray[np.intp]
    cells: npt.NDArray[np.intp]
    columns: _Columns
    jitter: npt.NDArray[np.float32]
    residual_scale: float
    signal_edges: Array

    @classmethod
    def of(cls, look: Look, pairs: Pairs) -> _Places:
        """Find how the spread of the sample rises with the signal, and make tables."""
        first, last = _variance_ends(look)
        t = (np.arange(_N_LEVELS + 1) + 0.5) / _N_LEVELS
        std = np.sqrt(first + (last - first) * t)
        ends = math.sqrt(first), math.sqrt(last)
        stratum = (std - ends[0]) * (N_STRATA / (ends[1] - ends[0]))
        z = np.arange(2 * _FARTHEST_Z * _Z_LEVELS + 1) / _Z_LEVELS - _FARTHEST_Z
        away = (np.sqrt(1 + np.abs(z)) - 1) * (2 / CELL_WIDTH)
        cells = np.rint(np.copysign(np.minimum(away, _N_HALF), z)).astype(np.intp)
        columns = _Columns.of(look, ends, pairs.residual_scale)
        row = np.minimum((stratum * (N_ROWS / N_STRATA)).astype(np.intp), N_ROWS - 1)
        std_edges = np.linspace(*ends, N_ROWS + 1)
        t_edges = ((std_edges**2 - first) / (last - first)).clip(0, 1)
        uniform = np.arange(1 << 16) * _GOLDEN % 1 - 0.5
        return cls(
            low=look.low,
            high=look.high,
            per_level=_N_LEVELS / (look.high - look.low),
            valid_range=look.valid_range,
            inverse_std=(_Z_LEVELS / std).astype(np.float32),
            first_cell=np.minimum(stratum.astype(np.intp), N_STRATA - 1) * _N_CELLS,
            first_place=row * (columns.n + 2),
            cells=cells + _N_HALF,
            columns=columns,
            jitter=(uniform * columns.jitter).astype(np.float32),
            residual_scale=pairs.residual_scale,
            signal_edges=look.low + (look.high - look.low) * t_edges,
        )

    def kept(self, x: Any, s: Any) -> tuple[Any, Any, Any]:
        """Leave out signals that were trimmed, and clipped observations.

        The signals of the latter come third.
        """
        used = (s >= self.low) & (s <= self.high)
        if not used.all():
            x, s = x[used], s[used]
        if np.isinf(self.valid_range).all():
            return x, s, s[:0]
        valid = (x > self.valid_range[0]) & (x < self.valid_range[1])
        return x[valid], s[valid], s[~valid]

    def level(self, s: Any) -> npt.NDArray[np.intp]:
        """Return the level of each signal."""
        wide = np.result_type(s.dtype, np.float32) if s.dtype.kind == "f" else float
        t = np.subtract(s, self.low, dtype=wide)
        t *= self.per_level
        level: npt.NDArray[np.intp] = t.astype(np.intp)
        return level

    def stratum(self, s: Any) -> npt.NDArray[np.intp]:
        """Return the number of the stratum of each signal."""
        found: npt.NDArray[np.intp] = self.first_cell[self.level(s)] // _N_CELLS
        return found

    def cell(self, residual: Any, level: Any) -> npt.NDArray[np.intp]:
        """Return the number of the cell of each pair."""
        z = residual * self.inverse_std.take(level)
        z += _FARTHEST_Z * _Z_LEVELS + 0.5
        np.clip(z, 0, self.cells.size - 1, out=z)
        found: npt.NDArray[np.intp] = self.cells.take(z.astype(np.intp))
        found += self.first_cell.take(level)
        return found

    def place(self, x: Any, s: Any, residual: Any, level: Any) -> npt.NDArray[np.intp]:
        """Return the place of each pair in the table; outer columns are left out."""
        columns = self.columns
        if self.residual_scale != 1:
            x = s + residual
            if columns.jitter:
                x = x + np.resize(self.jitter, x.size)
        column = np.subtract(x, columns.start, dtype=residual.dtype)
        column *= 1 / columns.width
        column += 1
        np.clip(column, 0, columns.n + 1, out=column)
        found: npt.NDArray[np.intp] = column.astype(np.intp)
        found += self.first_place.take(level)
        return found


def _variance_ends(look: Look) -> tuple[float, float]:
    """Return the variance of the residual at the darkest and the brightest signal."""
    order = np.argsort(look.signal)
    groups = np.array_split(order, min(16, order.size))
    signal = np.array([look.signal[group].mean() for group in groups])
    variance = np.array([_robust_variance(look.residual[g]) for g in groups])
    overall = _robust_variance(look.residual) or float(np.mean(look.residual**2))
    variance = np.maximum(variance, 1e-3 * overall)
    line = np.polynomial.Polynomial.fit(signal, variance, 1, w=1 / variance)
    ends = np.maximum(line(np.array([look.low, look.high])), variance.min())
    return float(ends[0]), max(float(ends[1]), 1.001 * float(ends[0]))


def _robust_variance(residual: Array) -> float:
    return float(np.percentile(np.abs(residual), _ONE_SIGMA) ** 2)
