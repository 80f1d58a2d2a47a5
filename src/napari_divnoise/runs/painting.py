"""Filling the results of one image file: from samples, or in one pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from .engines import denoising

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from .engines import OnePass
    from .posterior import Posterior
    from .wanted import Wanted

    Canvases = dict[str, NDArray[Any]]


class Painter(Protocol):
    """Fills results, image by image."""

    def paint(self, n: int, canvases: Canvases) -> Iterator[float]:
        """Fill image `n` of every result, yielding the share that is done."""
        ...

    def facts(self) -> dict[str, Any]:
        """Return how it computes, for the record."""
        ...


class SamplePainter:
    """Sums samples up, and keeps some.

    Parameters
    ----------
    posterior : Posterior
        Of the image or stack.
    wanted : Wanted
        Which results.
    n_samples : int
        Behind mean, standard deviation and quantiles.
    """

    def __init__(self, posterior: Posterior, wanted: Wanted, n_samples: int) -> None:
        self._posterior = posterior
        self._wanted = wanted
        self._n_samples = n_samples

    def paint(self, n: int, canvases: Canvases) -> Iterator[float]:
        """Fill image `n` of every result, yielding the share that is done."""
        posterior, wanted = self._posterior, self._wanted
        if len(posterior.shape) == 3:
            posterior = posterior.plane(n)
        if wanted.n_kept:
            canvases["samples"][:, n] = posterior.samples(wanted.n_kept)
        if not wanted.names:
            return
        levels = wanted.levels
        summary = yield from posterior.summing_up(
            self._n_samples, quantiles=tuple(levels.values())
        )
        for name in wanted.names:
            if name in levels:
                canvases[name][n] = (summary.quantiles or {})[levels[name]]
            else:
                canvases[name][n] = getattr(summary, name)

    def facts(self) -> dict[str, Any]:
        """Return how it computes, for the record."""
        return {
            "n_samples": self._n_samples,
            "n_kept": self._wanted.n_kept,
            "seed": self._posterior.seed,
            "device": self._posterior.device,
            "precision": self._posterior.precision,
        }


class MeanPainter:
    """Denoises in one pass: what N2V can, and all that PN2V needs for its mean.

    Parameters
    ----------
    engine : OnePass
        Of the images, ``(N, Y, X)``.
    """

    def __init__(self, engine: OnePass) -> None:
        self._engine = engine

    def paint(self, n: int, canvases: Canvases) -> Iterator[float]:
        """Fill image `n` of the mean, yielding the share that is done."""
        canvases["mmse"][n] = yield from denoising(self._engine, plane=n)

    def facts(self) -> dict[str, Any]:
        """Return how it computes, for the record; nothing is drawn."""
        return {
            "n_samples": 0,
            "n_kept": 0,
            "seed": None,
            "device": str(self._engine.device),
            "precision": str(self._engine.dtype).removeprefix("torch."),
        }
