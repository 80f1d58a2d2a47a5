"""Where a result lies: exactly over the image that it was made from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

Matrix: TypeAlias = npt.NDArray[np.float64]


def source_kwargs(
    source: object | None, *, ndim: int = 2, without: int | None = None
) -> dict[str, Any]:
    """Return the keywords that put a new layer exactly over `source`.

    Parameters
    ----------
    source : layer, ImageStack or None
        Anything with ``scale``, and if need be ``translate``, ``rotate``, ``shear``,
        ``affine``, ``units``, ``axis_labels`` as napari's layers have them, or
        ``axes`` as an `ImageStack` has it. What is missing is left neutral.
    ndim : int
        Number of axes where there is no source.
    without : int, optional
        An axis of the source that the result does not have: that of the channels, if
        one was picked.

    Returns
    -------
    dict
        ``scale``, ``translate``, ``rotate``, ``shear``, ``affine`` (matrices, with one
        more row and column), ``units`` and ``axis_labels``. Nothing of it is shared
        with the source.
    """
    scale = np.array(getattr(source, "scale", (1.0,) * ndim), np.float64)
    ndim = len(scale)
    kwargs = {
        "scale": tuple(scale.tolist()),
        "translate": tuple(_part(source, "translate", np.zeros(ndim)).tolist()),
        "rotate": _part(source, "rotate", np.eye(ndim)),
        "shear": _shear_matrix(_part(source, "shear", np.eye(ndim)), ndim),
        "affine": _affine_matrix(source, ndim),
        "units": tuple(str(u) for u in getattr(source, "units", ("pixel",) * ndim)),
        "axis_labels": _axis_labels(source, ndim),
    }
    if without is None:
        return kwargs
    return keep_axes(kwargs, [axis for axis in range(ndim) if axis != without % ndim])


def keep_axes(placed: dict[str, Any], axes: Sequence[int]) -> dict[str, Any]:
    """Return the place of a part of the axes; exact where no transform mixes them."""
    square = np.ix_(axes, axes)
    homogeneous = np.ix_([*axes, -1], [*axes, -1])
    return {
        "scale": tuple(placed["scale"][axis] for axis in axes),
        "translate": tuple(placed["translate"][axis] for axis in axes),
        "rotate": placed["rotate"][square],
        "shear": placed["shear"][square],
        "affine": placed["affine"][homogeneous],
        "units": tuple(placed["units"][axis] for axis in axes),
        "axis_labels": tuple(placed["axis_labels"][axis] for axis in axes),
    }


def lead_axis(placed: dict[str, Any], label: str) -> dict[str, Any]:
    """Return the place with one more axis in front, counted in steps of 1."""
    return {
        "scale": (1.0, *placed["scale"]),
        "translate": (0.0, *placed["translate"]),
        "rotate": _bordered(placed["rotate"]),
        "shear": _bordered(placed["shear"]),
        "affine": _bordered(placed["affine"]),
        "units": ("pixel", *placed["units"]),
        "axis_labels": (label, *placed["axis_labels"]),
    }


def shift_origin(placed: dict[str, Any], corner: Sequence[int]) -> dict[str, Any]:
    """Return the place of a region whose first pixel is `corner` of the whole."""
    # The order in which napari composes them: scale first, rotation last.
    linear = placed["rotate"] @ placed["shear"] @ np.diag(placed["scale"])
    moved = np.array(placed["translate"]) + linear @ np.array(corner, np.float64)
    return placed | {"translate": tuple(moved.tolist())}


def _part(source: object | None, name: str, neutral: Matrix) -> Matrix:
    """Return a copy of one part of the transform, neutral where there is none."""
    part = getattr(source, name, None)
    return neutral if part is None else np.array(part, np.float64)


def _shear_matrix(shear: Matrix, ndim: int) -> Matrix:
    """Return shear as a matrix; a vector holds what is above its diagonal."""
    if shear.ndim == 2:
        return shear
    matrix = np.eye(ndim)
    # A layer without any shear may show one zero per axis instead.
    if shear.any():
        matrix[np.triu_indices(ndim, 1)] = shear
    return matrix


def _affine_matrix(source: object | None, ndim: int) -> Matrix:
    """Return the extra transform of a layer, with its last row and column."""
    affine = getattr(source, "affine", None)
    matrix = getattr(affine, "affine_matrix", affine)
    return np.eye(ndim + 1) if matrix is None else np.array(matrix, np.float64)


def _axis_labels(source: object | None, ndim: int) -> tuple[str, ...]:
    """Return the labels of a layer, the letters of a file, or ``..., "y", "x"``."""
    labels = getattr(source, "axis_labels", None)
    if labels is not None:
        return tuple(str(label) for label in labels)
    letters = getattr(source, "axes", None)
    if letters is not None:
        return tuple(letters.lower())
    leading = [f"axis {axis}" for axis in range(ndim - 2)]
    return (*leading, "y", "x")


def _bordered(matrix: Matrix) -> Matrix:
    """Return the matrix with one more row and column in front, of the identity."""
    bordered = np.eye(len(matrix) + 1)
    bordered[1:, 1:] = matrix
    return bordered
