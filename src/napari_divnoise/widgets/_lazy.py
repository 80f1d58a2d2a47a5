"""The samples as one layer: a placeholder at once, the sample when it is ready."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, QTimer, Signal

from ._work import give_way

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..runs import Posterior

REFRESH_MS = 30
"""Samples that get ready within so many milliseconds make one refresh."""


class LazySamples(QObject):
    """Connects a deferred stack of samples with the layer that shows it.

    Parameters
    ----------
    posterior : Posterior
        Of a stack ``(N, Y, X)``; draws the samples, in a thread of their own.
    placeholder : array, shape (N, Y, X)
        Shown while a sample is being drawn: the mean as far as it is known, so that
        it is never black.
    shape : tuple of int
        ``(S, ..., Y, X)``; the axes between count the images.
    cache_gb : float
        Memory for drawn samples, in gigabytes.

    Attributes
    ----------
    stack : DeferredStack
        What the layer shows.
    """

    _sampleReady = Signal()

    def __init__(
        self,
        posterior: Posterior,
        placeholder: npt.NDArray[np.float32],
        *,
        shape: tuple[int, ...],
        cache_gb: float,
    ) -> None:
        from ..posterior import DeferredStack

        super().__init__()
        self._layer: weakref.ref[Any] | None = None
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(REFRESH_MS)
        self._soon.timeout.connect(self._refresh)
        # Emitted from the drawing thread; Qt carries it over to the window's.
        self._sampleReady.connect(self._on_sample_ready)
        self._posterior = posterior
        self.stack = DeferredStack(
            self._draw,
            shape,
            lambda plane: placeholder[plane],
            cache_bytes=int(cache_gb * 2**30),
            on_ready=lambda _sample: self._sampleReady.emit(),
        )

    def refresh_layer(self, viewer: Any, layer: Any) -> None:
        """Refresh `layer` whenever a sample has been drawn, until it is removed."""
        self._layer = weakref.ref(getattr(layer, "__wrapped__", layer))
        viewer.layers.events.removed.connect(self._on_layer_removed)

    def close(self) -> None:
        """Stop drawing."""
        self.stack.on_ready = None
        self.stack.close()

    def _draw(self, sample: int, plane: int) -> npt.NDArray[np.float32]:
        """Draw one sample of one image; called in the stack's thread."""
        give_way()
        return self._posterior.plane(plane).sample(sample)

    def _on_layer_removed(self, event: Any) -> None:
        if self._layer is not None and event.value is self._layer():
            self.close()

    def _on_sample_ready(self) -> None:
        if not self._soon.isActive():
            self._soon.start()

    def _refresh(self) -> None:
        layer = None if self._layer is None else self._layer()
        if layer is not None:
            layer.refresh(thumbnail=False, extent=False, highlight=False)


class MovedAxes:
    """A lazy array with its axes in another order.

    Parameters
    ----------
    array : array-like
        Indexed by integers and slices.
    order : tuple of int
        For each axis, its number in `array`.
    """

    def __init__(self, array: Any, order: tuple[int, ...]) -> None:
        self._array, self._order = array, order
        self.dtype = array.dtype
        self.ndim = array.ndim
        self.shape: tuple[int, ...] = tuple(array.shape[axis] for axis in order)

    def __len__(self) -> int:
        """Return the length of the first axis."""
        return self.shape[0]

    def __getitem__(self, key: Any) -> Any:
        """Return what numpy would return after a transposition."""
        given = key if isinstance(key, tuple) else (key,)
        given = (*given, *[slice(None)] * (self.ndim - len(given)))
        index: list[Any] = [slice(None)] * self.ndim
        for axis, part in zip(self._order, given, strict=True):
            index[axis] = part
        kept = [axis for axis in self._order if isinstance(index[axis], slice)]
        order = [sorted(kept).index(axis) for axis in kept]
        return self._array[tuple(index)].transpose(order)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        """Return all of it, as numpy asks for it."""
        return np.asarray(self[:], dtype=dtype)
