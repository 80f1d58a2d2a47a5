"""Fluorescent nuclei: outlines, chromatin, crowds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from scipy import ndimage

from .optics import MARGIN, PSF_SIGMA, Float, sigmoid, texture

Window: TypeAlias = tuple[slice, ...]


@dataclass(frozen=True, slots=True)
class _Shape:
    """A nucleus in its own coordinates: axes `u`, `v`; 1 at the outline for `rho`."""

    u: Float
    v: Float
    rho: Float
    radius: float
    dividing: bool


def paint_cells(rng: np.random.Generator, size: int) -> Float:
    """Return the photons of nuclei in focus, of nuclei out of focus, and of haze."""
    edge = size + 2 * MARGIN
    crowding = texture(rng, edge, 50)
    focused = _scatter_nuclei(rng, edge, crowding, filling=0.38)
    deeper = _scatter_nuclei(rng, edge, -crowding, filling=0.12)
    light = focused + 0.4 * ndimage.gaussian_filter(deeper, 6)
    haze = 0.9 + 0.12 * ndimage.gaussian_filter(light, 18)
    shading = 1 + 0.08 * texture(rng, edge, 90)
    photons = ndimage.gaussian_filter(shading * (light + haze), PSF_SIGMA)
    return np.asarray(photons[MARGIN:-MARGIN, MARGIN:-MARGIN])


def _scatter_nuclei(
    rng: np.random.Generator, edge: int, crowding: Float, *, filling: float
) -> Float:
    """Drop nuclei until their share of the area is `filling`; they may just touch."""
    canvas = np.zeros((edge, edge))
    free = np.ones((edge, edge), bool)
    chromatin = np.stack([texture(rng, 256, sigma) for sigma in (1.3, 3.5)])
    missing = filling * edge**2
    # Where it has become too tight, trying on would not end.
    for _ in range(edge**2 // 60):
        if missing <= 0:
            break
        y, x = rng.integers(0, edge, 2)
        if not free[y, x] or rng.random() > sigmoid(2 * crowding[y, x]):
            continue
        shape = _nucleus_shape(rng)
        window, part = _overlap(int(y), int(x), len(shape.u) // 2, edge)
        inside = shape.rho[part] < 1
        if free[window][inside].mean() > 0.99:
            free[window] &= ~inside
            missing -= inside.sum()
            canvas[window] += _nucleus_light(rng, shape, chromatin)[part]
    return canvas


def _overlap(y: int, x: int, half: int, edge: int) -> tuple[Window, Window]:
    """Return where a square around a place lies on the canvas, and which part of it."""
    starts = [max(0, centre - half) for centre in (y, x)]
    stops = [min(edge, centre + half + 1) for centre in (y, x)]
    window = tuple(slice(a, b) for a, b in zip(starts, stops, strict=True))
    part = tuple(
        slice(a - centre + half, b - centre + half)
        for a, b, centre in zip(starts, stops, (y, x), strict=True)
    )
    return window, part


def _nucleus_shape(rng: np.random.Generator) -> _Shape:
    """Draw the outline of a nucleus; one in thirty is a plate of chromosomes."""
    dividing = rng.random() < 0.03
    radius = rng.lognormal(np.log(14 if dividing else 23), 0.14)
    aspect = 2.6 if dividing else 1 + rng.gamma(2, 0.13)
    u, v = _rotated_grid(rng, radius, aspect)
    rho = np.hypot(u, v) / _outline(rng, np.arctan2(v, u))
    return _Shape(u, v, rho, radius, dividing)


def _nucleus_light(rng: np.random.Generator, shape: _Shape, chromatin: Float) -> Float:
    """Return the photons of one nucleus."""
    u, v, rho = shape.u, shape.v, shape.rho
    y, x = rng.integers(0, chromatin.shape[-1] + 1 - len(u), 2)
    fine, coarse = chromatin[:, y : y + len(u), x : x + len(u)]
    dome = np.sqrt(np.clip(1 - rho**2, 0, 1))
    grain, clumps = rng.uniform(0.2, 0.38), rng.uniform(0.15, 0.45)
    light = (0.45 + 0.55 * dome) * np.exp(grain * fine + clumps * coarse - 0.1)
    n_nucleoli, n_foci = int(rng.integers(1, 4)), int(rng.integers(3, 13))
    if shape.dividing:
        light *= 1.6
    else:
        light += 0.3 * np.exp(
            -(((rho - 0.9) / 0.09) ** 2)
        )  # heterochromatin at the rim
        light *= 1 - 0.75 * _spots(rng, u, v, n_nucleoli, 0.16)  # nucleoli
        light += 1.2 * _spots(rng, u, v, n_foci, 0.08)  # chromocentres
    ploidy = rng.choice([1.0, 1.7], p=[0.8, 0.2])
    soft_edge = sigmoid((1 - rho) * shape.radius / 0.8)
    brightness = 6 * min(ploidy * rng.lognormal(0, 0.3), 2)
    return np.asarray(brightness * soft_edge * light)


def _rotated_grid(
    rng: np.random.Generator, radius: float, aspect: float
) -> tuple[Float, Float]:
    """Return coordinates along the axes of an ellipse, in units of its half axes."""
    long, short = radius * np.sqrt(aspect), radius / np.sqrt(aspect)
    half = int(1.25 * long) + 5
    y, x = np.mgrid[-half : half + 1, -half : half + 1].astype(np.float64)
    angle = rng.uniform(0, np.pi)
    u = x * np.cos(angle) + y * np.sin(angle)
    v = y * np.cos(angle) - x * np.sin(angle)
    return u / long, v / short


def _outline(rng: np.random.Generator, angle: Float) -> Float:
    """Return the radius of a slightly dented circle in every direction."""
    waves = [
        rng.normal(0, 0.05 / np.sqrt(k - 1)) * np.cos(k * angle + rng.uniform(0, 6.3))
        for k in range(2, 6)
    ]
    return np.asarray(1 + np.sum(waves, axis=0))


def _spots(rng: np.random.Generator, u: Float, v: Float, n: int, sigma: float) -> Float:
    """Return `n` round spots of height 0.6 to 1 inside the unit circle."""
    spots = np.zeros_like(u)
    for _ in range(n):
        angle, radius = rng.uniform(0, 2 * np.pi), 0.85 * np.sqrt(rng.random())
        width = sigma * rng.uniform(0.7, 1.3)
        distance2 = (u - radius * np.cos(angle)) ** 2 + (
            v - radius * np.sin(angle)
        ) ** 2
        spot = rng.uniform(0.6, 1) * np.exp(-distance2 / (2 * width**2))
        spots = np.maximum(spots, spot)
    return spots
