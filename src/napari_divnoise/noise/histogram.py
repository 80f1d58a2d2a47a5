"""A noise model that is a table: how often each observation is seen at each signal.

The table of PPN2V (Krull et al., Frontiers in Computer Science 2, 2020), with three
differences. It holds densities per grey value and not shares per bin, so that its
likelihoods can be compared with those of other models. Rows stand for the signal at
their middle. And a constant is added to the density, as the mixture has it:

    p(x | s) = (1 - f) row_i(x) + f row_{i + 1}(x) + tol

where the signal `s` lies the share `f` of the way from the middle of row `i` to that
of the next. Along the observation the density is constant within a bin. Rows may be
narrower in the dark, where the noise is.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from .histogram_rows import checked_ends, checked_mass, even_in_std
from .mixture import PUBLISHED_TOLERANCE
from .model import Values, check_normalization, on_tensors
from .valid import EVERYTHING, checked_range, normalized_range, range_arrays

if TYPE_CHECKING:
    import numpy.typing as npt

# The density is at least this, so that its logarithm and slope are finite.
_SMALLEST = 1e-30
_EVEN = 1e-3


class HistogramNoiseModel(nn.Module):
    """Densities of the observation, in even bins, for signals in even rows.

    Parameters
    ----------
    density : array of shape (R, C)
        Density per camera unit: row `r` for the signal in the middle of the r-th row
        of `signal_range`, column `c` for observations in the c-th part of
        `observation_range`. 0 or more; every row integrates to 1.
    signal_range : tuple of float
        Outer edges of the rows, in camera units. Beyond the middle of the first and
        the last row, those hold, moved along with the signal.
    observation_range : tuple of float
        Outer edges of the columns, in camera units. Observations outside of them have
        the density `tol`.
    tol : float
        Constant added to the density, per camera unit, 0 or more; 1e-30 at least
        is added, so that likelihoods stay finite.
    valid_range : tuple of float
        Observations strictly inside carry likelihood: see `NoiseModel`.
    growth : float
        How much larger the variance is at the end of the signals than at their start,
        less 1: rows are even in the square root of a variance that grows so along a
        line. 0, as in published files, for rows of the same width.

    Raises
    ------
    ValueError
        If a number is not finite or out of its range, or a row is no density.
    """

    kind = "histogram"
    valid_range: tuple[float, float]
    density: torch.Tensor
    _moments: torch.Tensor
    _middles: torch.Tensor

    def __init__(
        self,
        density: npt.ArrayLike,
        signal_range: tuple[float, float],
        observation_range: tuple[float, float],
        tol: float = PUBLISHED_TOLERANCE,
        valid_range: tuple[float, float] = EVERYTHING,
        growth: float = 0.0,
    ) -> None:
        super().__init__()
        self.valid_range = checked_range(valid_range)
        self._signal_range = checked_ends("signal_range", signal_range)
        self.observation_range = checked_ends("observation_range", observation_range)
        self.tol = float(tol)
        table = np.asarray(density, dtype=np.float64)
        mass = checked_mass(table, self.observation_range, self.tol)
        if not (math.isfinite(growth) and growth >= 0):
            raise ValueError(f"growth must be 0 or more, got {growth}: 0 is usual")
        # Less than this makes no difference, but would take differences of equals.
        self.growth = float(growth) if growth > _EVEN else 0.0
        self.n_rows, self.n_columns = table.shape
        self.register_buffer("density", torch.tensor(table, dtype=torch.float32))
        # Moments are counted from the middle of each row, so that squares lose no
        # digits.
        away = self.columns - self.rows[:, None]
        moments = np.stack([(mass * away).sum(1), (mass * away**2).sum(1)])
        moments[1] += self.bin_width**2 / 12
        for name, numbers in (("_moments", moments), ("_middles", self.rows)):
            buffer = torch.tensor(numbers, dtype=torch.float32)
            self.register_buffer(name, buffer, persistent=False)
        # One row above the other, so that one search finds row and column. It stays on
        # the processor, where noise is drawn.
        ends = mass.cumsum(1) + np.arange(len(mass))[:, None]
        self._cumulative = torch.from_numpy(ends.ravel())

    @property
    def signal_range(self) -> tuple[float, float]:
        """Smallest and largest signal of the fit, in camera units."""
        return self._signal_range

    @property
    def bin_width(self) -> float:
        """Width of a bin of the observation, in camera units."""
        first, last = self.observation_range
        width: float = (last - first) / self.n_columns
        return width

    @property
    def rows(self) -> npt.NDArray[np.float64]:
        """Signals in the middle of the rows."""
        edges = even_in_std(self._signal_range, self.n_rows, self.growth)
        return 0.5 * (edges[1:] + edges[:-1])

    @property
    def columns(self) -> npt.NDArray[np.float64]:
        """Observations in the middle of the bins."""
        edges = np.linspace(*self.observation_range, self.n_columns + 1)
        return 0.5 * (edges[1:] + edges[:-1])

    def log_prob(self, *, observation: Values, signal: Values) -> Values:
        """Return log p(observation | signal), in nats per pixel."""
        return on_tensors(
            self._log_density, observation, signal, device=self.density.device
        )

    def mean(self, signal: Values) -> Values:
        """Return the mean observation; beyond the rows, as far off as there."""
        return on_tensors(
            lambda s: self._mean_and_variance(s)[0], signal, device=self.density.device
        )

    def variance(self, signal: Values) -> Values:
        """Return the variance of the observation, in squared camera units."""
        return on_tensors(
            lambda s: self._mean_and_variance(s)[1], signal, device=self.density.device
        )

    def sample(self, signal: Values, seed: int = 0) -> Values:
        """Draw one observation of `signal`, the same for the same `seed`."""
        generator = torch.Generator().manual_seed(seed)

        def draw(s: torch.Tensor) -> torch.Tensor:
            # Drawn on the processor, so that every device sees the same noise.
            row, share = self._row(s.detach().cpu())
            between, level, inside = torch.rand((3, *s.shape), generator=generator)
            row += between < share
            wanted = row + level.double()
            column = torch.searchsorted(self._cumulative, wanted) - row * self.n_columns
            column = column.clamp(0, self.n_columns - 1) + inside
            drawn: torch.Tensor = self.observation_range[0] + self.bin_width * column
            return drawn.to(s.device) + self._beyond(s)

        return on_tensors(draw, signal, device=self.density.device)

    def normalized(self, mean: float, std: float) -> HistogramNoiseModel:
        """Return the same model in network units ``x' = (x - mean) / std``."""
        check_normalization(mean, std)
        model = HistogramNoiseModel(
            self.density.detach().cpu().double() * std,
            normalized_range(self._signal_range, mean, std),
            normalized_range(self.observation_range, mean, std),
            self.tol * std,
            normalized_range(self.valid_range, mean, std),
            self.growth,
        )
        return model.to(self.density.device)

    def as_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return the table and its edges."""
        return {
            "kind": np.array(self.kind),
            "density": self.density.detach().cpu().numpy().copy(),
            "signal_range": np.array(self._signal_range),
            "observation_range": np.array(self.observation_range),
            "tol": np.array(self.tol),
            "growth": np.array(self.growth),
            **range_arrays(self.valid_range),
        }

    def describe(self) -> str:
        """Say in one line what the model is."""
        low, high = self._signal_range
        return (
            f"histogram of {self.n_rows} signals by {self.n_columns} observations, "
            f"{self.bin_width:.4g} wide, signals {low:.6g} to {high:.6g}"
        )

    def extra_repr(self) -> str:
        """Say what the model is where torch prints it."""
        return self.describe()

    def _row(self, signal: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the row below a signal, and how far it is on the way to the next."""
        low, high = self._signal_range
        t = ((signal.detach() - low) / (high - low)).clamp(0, 1)
        if self.growth:
            t = ((1 + self.growth * t).sqrt() - 1) / (math.sqrt(1 + self.growth) - 1)
        row = (t * self.n_rows - 0.5).floor().long().clamp(0, self.n_rows - 2)
        middles = self._middles.to(signal.device)
        # The middle of a row is not where the root of its middle would be: one off.
        row = torch.where(signal < middles[row], row - 1, row).clamp(min=0)
        below, above = middles[row], middles[row + 1]
        return row, ((signal - below) / (above - below)).clamp(0, 1)

    def _log_density(
        self, observation: torch.Tensor, signal: torch.Tensor
    ) -> torch.Tensor:
        x, s = torch.broadcast_tensors(observation, signal)
        row, share = self._row(s)
        place = (x.detach() - self.observation_range[0]) / self.bin_width
        column = place.floor().clamp(-1, self.n_columns)
        inside = (column >= 0) & (column < self.n_columns)
        at = row * self.n_columns + column.clamp(0, self.n_columns - 1).long()
        flat = self.density.view(-1)
        below, above = flat[at], flat[at + self.n_columns]
        density = (below + share * (above - below)) * inside
        beyond = self._beyond(s)
        outside = beyond.detach() != 0
        if bool(outside.any()):
            density = torch.where(outside, self._moved(x, beyond, row + share), density)
        log_density = (density + max(self.tol, _SMALLEST)).log()
        # Flat within a bin, which is a derivative too.
        result: torch.Tensor = log_density + 0 * x if x.requires_grad else log_density
        return result

    def _beyond(self, signal: torch.Tensor) -> torch.Tensor:
        """Return how far a signal is above the last row, or, negative, below the first.

        Its slope is 1 beyond the rows and 0 between them.
        """
        held = signal.detach().clamp(self._middles[0], self._middles[-1])
        return torch.where(signal.detach() == held, 0.0, signal - held)

    def _moved(
        self, x: torch.Tensor, beyond: torch.Tensor, row: torch.Tensor
    ) -> torch.Tensor:
        """Return the density of the first or the last row, moved along with the signal.

        From the middle of a bin to that of the next, so that the signal feels how far
        beyond the rows it is.
        """
        place = (x - beyond - self.observation_range[0]) / self.bin_width - 0.5
        # Off the columns the density is 0, however far.
        place = place.clamp(-2, self.n_columns + 1)
        column = place.detach().floor()
        part = place - column
        last = self.n_columns - 1
        first = row.round().long() * self.n_columns
        flat = self.density.view(-1)
        near, far = (
            flat[first + c.clamp(0, last).long()] * ((c >= 0) & (c <= last))
            for c in (column, column + 1)
        )
        density: torch.Tensor = near + part * (far - near)
        return density

    def _mean_and_variance(
        self, signal: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        row, share = self._row(signal)
        # Both means counted from the middle of the lower row.
        first, second = self._moments
        height = self._middles[row + 1] - self._middles[row]
        below, above = first[row], first[row + 1] + height
        mean = below + share * (above - below)
        spread = second - first**2
        within = spread[row] + share * (spread[row + 1] - spread[row])
        between = share * (1 - share) * (above - below) ** 2
        beyond = self._beyond(signal)
        # From bin to bin, as densities are beyond the rows, one is a little wider.
        blur = torch.where(beyond != 0, self.bin_width**2 / 12, 0.0)
        return self._middles[row] + mean + beyond, within + between + blur
