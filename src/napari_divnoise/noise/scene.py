"""What happens in a film of a still scene: drift, and changes of brightness.

Frames are compared with their mean after both were smoothed, which leaves little of
the noise and changes neither a shift nor an affine map of the brightness.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from .registration import COARSER, SMOOTHING, WHITE, coarse_shift, compare, moved_by
from .smooth import as_frames, check_smooth

if TYPE_CHECKING:
    from .pairs import Array

# The mean that frames are compared with is sharper once they were moved onto another.
_N_PASSES = 2
# Smaller shifts, in coarser pixels, do not blur it.
_STILL = 0.25
# What changes from frame to frame matters where it adds this to the variance of the
# noise.
_MATTERS = 0.003
# A scene may move by this share of its smaller side, and not more.
_FARTHEST = 0.1
# Frames whose brightness differs by more than this factor are no repetition.
_BRIGHTEST = 2.0
# What is left over of a frame that changed in other ways is this many times what white
# noise would leave.
_CHANGED = 12.0
# A frame that correlates less with the others than this shows something else, given
# that there is something to see.
_SAME = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What differs between the frames of a scene that should be still.

    Attributes
    ----------
    shifts : numpy.ndarray, shape (N, 2)
        How far the scene of each frame lies from the mean position, along y and x, in
        pixels; zeros where it does not matter.
    gains, offsets : numpy.ndarray, shape (N,)
        Brightness of each frame, ``gain * mean + offset``; ones and zeros where it
        does not matter.
    sentences : tuple of str
        What a person should know: what was found, and that it is corrected.
    is_smooth : bool
        Whether it is one defocused frame, whose signal is found by smoothing.
    """

    shifts: Array
    gains: Array
    offsets: Array
    sentences: tuple[str, ...]
    is_smooth: bool

    @property
    def drifts(self) -> bool:
        """Whether the scene moves."""
        return bool(self.shifts.any())

    @property
    def changes_brightness(self) -> bool:
        """Whether the frames are not equally bright."""
        return bool((self.gains != 1).any() or self.offsets.any())


def look_at_scene(frames: npt.ArrayLike) -> Scene:
    """Find drift and changes of brightness in frames of one scene.

    Parameters
    ----------
    frames : array, shape (N, Y, X), or (Y, X) or (1, Y, X)
        A film of a still scene, or one defocused frame, in camera units. Lazy arrays
        are read frame by frame.

    Raises
    ------
    ValueError
        If it is no such array; if the scene moves too far, shows different things or
        changes; or if a single frame shows structure.
    """
    stack = as_frames(frames)
    if stack.shape[0] == 1:
        sentence = check_smooth(np.asarray(stack[0], dtype=np.float32))
        zero = np.zeros(1)
        return Scene(np.zeros((1, 2)), np.ones(1), zero, (sentence,), is_smooth=True)
    return _Film.of(stack).scene()


@dataclass(frozen=True, slots=True)
class _Film:
    """Smoothed, coarser frames, and the variance of what differs between them."""

    smooth: npt.NDArray[np.float32]
    variance: Array
    full_shape: tuple[int, int]

    @classmethod
    def of(cls, stack: Any) -> _Film:
        n = stack.shape[0]
        total = np.zeros(stack.shape[1:])
        small = []
        for i in range(n):
            frame = np.asarray(stack[i], dtype=np.float32)
            if not np.isfinite(frame).all():
                raise ValueError(
                    f"frame {i + 1} holds NaN or infinity: replace those pixels, or "
                    f"crop them away, before the camera is calibrated"
                )
            total += frame
            smoothed = ndimage.gaussian_filter(frame, SMOOTHING)
            small.append(smoothed[::COARSER, ::COARSER])
        mean = (total / n).astype(np.float32)
        # Differences of neighbouring pixels hold the noise and little of a drift.
        variance = np.empty(n)
        for i in range(n):
            left = np.asarray(stack[i], dtype=np.float32) - mean
            variance[i] = 0.5 * np.mean(np.diff(left, axis=1) ** 2) * n / (n - 1)
        return cls(np.stack(small), np.maximum(variance, 1e-30), mean.shape)

    def scene(self) -> Scene:
        n = len(self.smooth)
        shifts, gains, offsets = np.zeros((n, 2)), np.ones(n), np.zeros(n)
        left = np.zeros(n)
        self._check_same_scene()
        aligned = self.smooth
        for _ in range(_N_PASSES):
            total = aligned.sum(0, dtype=np.float64)
            for i, frame in enumerate(self.smooth):
                others = ((total - aligned[i]) / (n - 1)).astype(np.float32)
                shifts[i], gains[i], offsets[i], left[i] = compare(frame, others)
            shifts -= shifts.mean(0)
            if np.abs(shifts).max() < _STILL:
                break
            pairs = zip(self.smooth, shifts, strict=True)
            aligned = np.stack([moved_by(frame, -shift) for frame, shift in pairs])
        # Brightness is compared with that of the others; from the mean of all, a frame
        # differs by this share of it.
        share = (n - 1) / n
        shifts = shifts * COARSER
        gains, offsets = 1 + (gains - 1) * share, offsets * share
        self._check_followed(shifts, gains, left)
        return self._where_it_matters(shifts, gains, offsets)

    def _check_same_scene(self) -> None:
        mean = self.smooth.mean(0, dtype=np.float64)
        for i, frame in enumerate(self.smooth):
            others = (len(self.smooth) * mean - frame) / (len(self.smooth) - 1)
            noise = WHITE * self.variance[i]
            spread = min(frame.var(), others.var())
            same = np.corrcoef(_aligned(frame, others), others.ravel())[0, 1]
            if spread > _CHANGED * noise and same < _SAME:
                raise ValueError(
                    f"frame {i + 1} shows another scene than the other frames (their "
                    f"correlation is {same:.2f}): choose frames of one still scene"
                )

    def _check_followed(self, shifts: Array, gains: Array, left: Array) -> None:
        farthest = float(np.hypot(*shifts.T).max())
        if farthest > _FARTHEST * min(self.full_shape):
            raise ValueError(
                f"the scene moves by {farthest:.0f} pixels between the frames, too "
                f"much to follow: choose frames of a sample that lies still"
            )
        ratio = float(gains.max() / max(gains.min(), 1e-6))
        if ratio > _BRIGHTEST or gains.min() <= 0:
            raise ValueError(
                f"the brightness changes by a factor of {ratio:.1f} between frames: "
                f"choose frames with the same exposure, or leave out those that "
                f"bleached"
            )
        n = len(left)
        excess = left / (WHITE * self.variance * n / (n - 1))
        if float(np.median(excess)) > _CHANGED or float(excess.max()) > 4 * _CHANGED:
            raise ValueError(
                f"the scene changes between the frames: after drift and brightness "
                f"were corrected, frame {int(excess.argmax()) + 1} still differs from "
                f"the others by {excess.max():.0f} times what noise of single pixels "
                f"would leave; choose frames of a sample in which nothing moves"
            )

    def _where_it_matters(self, shifts: Array, gains: Array, offsets: Array) -> Scene:
        mean = self.smooth.mean(0, dtype=np.float64)
        slope = np.stack(np.gradient(mean)) / COARSER
        moved = [np.mean((s[0] * slope[0] + s[1] * slope[1]) ** 2) for s in shifts]
        changed = [
            np.mean(((gain - 1) * mean + offset) ** 2)
            for gain, offset in zip(gains, offsets, strict=True)
        ]
        sentences = []
        if np.mean(moved / self.variance) > _MATTERS:
            farthest = np.hypot(*shifts.T).max()
            sentences.append(
                f"The scene drifts by up to {farthest:.2f} pixels: the signal follows"
            )
        else:
            shifts = np.zeros_like(shifts)
        if np.mean(changed / self.variance) > _MATTERS:
            level = float(mean.mean())
            relative = ((gains - 1) * level + offsets) / (level or 1)
            sentences.append(
                f"The brightness changes by {np.ptp(relative):.1%} between the frames: "
                f"the signal follows it"
            )
        else:
            gains, offsets = np.ones_like(gains), np.zeros_like(offsets)
        return Scene(shifts, gains, offsets, tuple(sentences), is_smooth=False)


def _aligned(frame: Any, others: Any) -> Array:
    shift = coarse_shift(frame, others).astype(int)
    found: Array = np.roll(frame, tuple(-shift), (0, 1)).ravel()
    return found
