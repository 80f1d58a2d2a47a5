"""Samples as one array of any length: computed where they are looked at."""

from __future__ import annotations

from collections import OrderedDict
from itertools import product
from threading import Condition, Thread
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    Image = npt.NDArray[np.float32]
    Key = tuple[int, int]

LONGEST_QUEUE = 64


class DrawsSamples(Protocol):
    """What a stack needs to draw from: a sampler, or a posterior."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one sample, ``(Y, X)`` or ``(N, Y, X)``."""
        ...

    def samples(
        self, numbers: Sequence[int], *, planes: Sequence[int] | None = None
    ) -> Image:
        """Return samples by their numbers, of all images or of some."""
        ...


class SampleStack:
    """A lazy array ``(S, Y, X)``, or ``(S, N, Y, X)``: indexing computes.

    Parameters
    ----------
    sampler : DrawsSamples
        Draws the samples of one image or of a stack.
    n_samples : int
        Length of the first axis; costs nothing.

    Raises
    ------
    ValueError
        If `n_samples` is less than 1.
    """

    dtype = np.dtype("float32")

    def __init__(self, sampler: DrawsSamples, n_samples: int) -> None:
        if n_samples < 1:
            raise ValueError(f"a stack needs at least 1 sample, got {n_samples}")
        self._sampler = sampler
        self.shape = (n_samples, *sampler.shape)
        self.ndim = len(self.shape)

    def __len__(self) -> int:
        """Return the number of samples."""
        return self.shape[0]

    def __getitem__(self, key: Any) -> Any:
        """Return what numpy would return, with only the samples drawn that it needs."""
        index = full_index(key, self.shape)
        planes = None
        rest = index[1:]
        if self.ndim == 4:
            planes = indices_of(index[1], self.shape[1])
            rest = (0 if isinstance(index[1], int) else slice(None), *index[2:])
        numbers = indices_of(index[0], self.shape[0])
        samples = self._sampler.samples(numbers, planes=planes)
        return samples[(0 if isinstance(index[0], int) else slice(None), *rest)]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        """Return all samples at once, as numpy asks for them."""
        return np.asarray(self[:], dtype=dtype)


class DeferredStack:
    """The same for a viewer: a placeholder at once, the sample when it is ready.

    Indexing never computes. What is missing is put on a list, the newest request
    first, and a thread works it off; after each sample `on_ready` is called, in that
    thread, so that the viewer can ask again.

    Parameters
    ----------
    draw : callable
        ``draw(sample, plane)`` returns one image ``(Y, X)``.
    shape : tuple of int
        ``(S, ..., Y, X)``; the axes between count the images of a stack in C order.
    placeholder : callable
        ``placeholder(plane)`` returns what stands in, ``(Y, X)``, at once.
    cache_bytes : int
        Memory for samples that are kept; the least recently seen go first.
    on_ready : callable, optional
        Called with the sample's number after it has been drawn.
    on_error : callable, optional
        Called with the exception that a draw raised; the placeholder stays.
    """

    dtype = np.dtype("float32")

    def __init__(
        self,
        draw: Callable[[int, int], Image],
        shape: Sequence[int],
        placeholder: Callable[[int], Image],
        *,
        cache_bytes: int = 1 << 30,
        on_ready: Callable[[int], None] | None = None,
        on_error: Callable[[Exception], None] | None = None,
    ) -> None:
        self.shape = tuple(int(n) for n in shape)
        self.ndim = len(self.shape)
        self.on_ready = on_ready
        self.on_error = on_error
        self._draw = draw
        self._placeholder = placeholder
        self._cache_bytes = cache_bytes
        self._cache: OrderedDict[Key, Image] = OrderedDict()
        self._wanted: list[Key] = []
        self._condition = Condition()
        self._thread: Thread | None = None
        self._is_closed = False

    def __len__(self) -> int:
        """Return the number of samples."""
        return self.shape[0]

    @property
    def is_waiting(self) -> bool:
        """Whether samples that were asked for are still missing."""
        with self._condition:
            return bool(self._wanted)

    def __getitem__(self, key: Any) -> Any:
        """Return what is there, placeholders for the rest; never waits."""
        index = full_index(key, self.shape)
        leading = [
            indices_of(part, n)
            for part, n in zip(index[:-2], self.shape[:-2], strict=True)
        ]
        planes = [self._seen(place)[index[-2:]] for place in product(*leading)]
        inner = np.shape(planes[0]) if planes else (0,)
        outer = [
            len(numbers)
            for numbers, part in zip(leading, index, strict=False)
            if isinstance(part, slice)
        ]
        return np.asarray(planes, dtype=np.float32).reshape((*outer, *inner))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        """Return what is there, placeholders for the rest."""
        return np.asarray(self[:], dtype=dtype)

    def close(self) -> None:
        """Stop drawing and forget the cache; what is shown stays as it is."""
        with self._condition:
            self._is_closed = True
            self._wanted.clear()
            self._cache.clear()
            self._condition.notify_all()

    def _seen(self, place: tuple[int, ...]) -> Image:
        sample, *images = place
        plane = int(np.ravel_multi_index(images, self.shape[1:-2])) if images else 0
        key = (sample, plane)
        with self._condition:
            if key in self._cache:
                self._cache.move_to_end(key)
                return self._cache[key]
            self._want(key)
        return self._placeholder(plane)

    def _want(self, key: Key) -> None:
        """Put a sample at the end of the list, which is worked off from the end."""
        if self._is_closed:
            return
        if key in self._wanted:
            self._wanted.remove(key)
        self._wanted.append(key)
        del self._wanted[:-LONGEST_QUEUE]
        if self._thread is None:
            self._thread = Thread(target=self._work, daemon=True, name="samples")
            self._thread.start()
        self._condition.notify_all()

    def _work(self) -> None:
        while (key := self._next()) is not None:
            try:
                image = self._draw(*key)
            except Exception as error:
                self._forget(key)
                if self.on_error is not None:
                    self.on_error(error)
                continue
            self._keep(key, image)
            if self.on_ready is not None:
                self.on_ready(key[0])

    def _next(self) -> Key | None:
        with self._condition:
            while not self._wanted and not self._is_closed:
                self._condition.wait()
            return None if self._is_closed else self._wanted[-1]

    def _forget(self, key: Key) -> None:
        with self._condition:
            self._done_with(key)

    def _done_with(self, key: Key) -> None:
        if key in self._wanted:
            self._wanted.remove(key)

    def _keep(self, key: Key, image: Image) -> None:
        with self._condition:
            self._done_with(key)
            if self._is_closed:
                return
            self._cache[key] = image
            held = sum(kept.nbytes for kept in self._cache.values())
            while held > self._cache_bytes and len(self._cache) > 1:
                held -= self._cache.popitem(last=False)[1].nbytes


def full_index(key: Any, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """Return one integer or slice for every axis.

    Raises
    ------
    IndexError
        If there are too many, one is out of range, or is neither integer nor slice.
    """
    given = key if isinstance(key, tuple) else (key,)
    if Ellipsis in given:
        at = given.index(Ellipsis)
        missing = len(shape) - len(given) + 1
        given = (*given[:at], *[slice(None)] * missing, *given[at + 1 :])
    if len(given) > len(shape):
        raise IndexError(f"{len(given)} indices for an array of {len(shape)} axes")
    given = (*given, *[slice(None)] * (len(shape) - len(given)))
    return tuple(_checked(part, n) for part, n in zip(given, shape, strict=True))


def indices_of(part: int | slice, length: int) -> list[int]:
    """Return the numbers that an integer or a slice stands for."""
    if isinstance(part, int):
        return [part]
    return list(range(*part.indices(length)))


def _checked(part: Any, length: int) -> int | slice:
    if isinstance(part, slice):
        return part
    try:
        number = int(part.__index__())
    except AttributeError:
        raise IndexError(
            f"samples are indexed by integers and slices, got {part!r}: "
            "take the samples first, and index the numpy array"
        ) from None
    if not -length <= number < length:
        raise IndexError(f"index {number} is out of range for an axis of {length}")
    return number % length
