"""What the microscope gave: images of any axis order, type and size, as one stack."""

from .axes import from_ncyx, parse_axes, rows_sentence, to_ncyx
from .checks import check_trainable
from .guessing import guess_axes
from .inspection import MeanVariance, NoiseReport, inspect_noise
from .intensities import (
    Normalization,
    estimate_normalization,
    intensity_range,
    saturation_value,
)
from .reading import open_images
from .sampling import sample_pixels
from .stack import ImageStack, PixelArray
from .tiles import Tile, map_tiles, pad_to_multiple, tile_grid
from .writing import write_tiff

__all__ = [
    "ImageStack",
    "MeanVariance",
    "NoiseReport",
    "Normalization",
    "PixelArray",
    "Tile",
    "check_trainable",
    "estimate_normalization",
    "from_ncyx",
    "guess_axes",
    "inspect_noise",
    "intensity_range",
    "map_tiles",
    "open_images",
    "pad_to_multiple",
    "parse_axes",
    "rows_sentence",
    "sample_pixels",
    "saturation_value",
    "tile_grid",
    "to_ncyx",
    "write_tiff",
]
