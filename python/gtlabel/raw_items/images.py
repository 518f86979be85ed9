"""Images as the directions of their edges and their coarse colours, or as what a network makes of them."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gtlabel._core import InvalidArgument, InvalidType
from gtlabel.raw_items.feature_cache import FeatureCache, content_key
from gtlabel.raw_items.optional_package import optional_package

_SIDE = 64  # pixels that an image is resized to
_CELL = 8  # pixels of a cell's side
_N_DIRECTIONS = 9
_N_COLOUR_CELLS = 8  # a side
_USUAL_SIDE = 224  # of networks that take any size
_AT_ONCE = 64  # images in memory
_IMAGE_NET_MEAN = np.array([0.485, 0.456, 0.406], dtype=np.float32)
_IMAGE_NET_SPREAD = np.array([0.229, 0.224, 0.225], dtype=np.float32)


def image_features(
    paths: Sequence[str | os.PathLike[str]],
    *,
    onnx_model: str | os.PathLike[str] | None = None,
    onnx_scale: Literal["imagenet", "symmetric", "unit"] = "imagenet",
    cache: FeatureCache | None = None,
    progress: bool = False,
) -> NDArray[np.float32]:
    """(n_images, n_features) float32 of local image files.

    Parameters
    ----------
    paths
        Files that Pillow reads. They are turned as their EXIF says and resized, without regard to their proportions.
        Grey values of 16 or 32 bits and floats count from the lowest of the image to its highest.
    onnx_model
        A network for images, say an exported ResNet without its last layer: its first output is the features. Without
        it: histograms of gradients of 8 x 8 cells (576 numbers), and two differences of the mean colours of each (128).
    onnx_scale
        What the network was trained on: ``"imagenet"`` (0 to 1, less the mean, by the spread of ImageNet),
        ``"symmetric"`` (-1 to 1) or ``"unit"`` (0 to 1).
    cache
        Keeps the features of each image by its content.
    progress
        A bar on standard error (needs tqdm).

    Needs Pillow, and onnxruntime for ``onnx_model``.
    """
    files = [Path(path) for path in paths]
    if not files:
        raise InvalidArgument("images: none given, expected at least one")
    optional_package("PIL.Image", "images", "making features of images")
    encoder = _Edges() if onnx_model is None else _OnnxNetwork(onnx_model, onnx_scale)
    rows: list[NDArray[np.float32]] = []
    with ThreadPoolExecutor() as threads:
        for some in _with_progress(files, progress):
            rows += _features_of(some, encoder, cache, threads)
    return np.stack(rows)


def _features_of(
    files: Sequence[Path], encoder: _Edges | _OnnxNetwork, cache: FeatureCache | None, threads: ThreadPoolExecutor
) -> list[NDArray[np.float32]]:
    """Rows of some files: those that are in the cache from there, the others computed and kept."""
    contents = list(threads.map(Path.read_bytes, files))
    keys = [content_key(encoder.settings, [content]) for content in contents]
    known = [_known_row(cache, key) for key in keys]
    missing = [place for place, row in enumerate(known) if row is None]
    pixels = threads.map(lambda place: _pixels(files[place], contents[place], encoder.size), missing)
    if missing:
        computed = encoder.encode(list(pixels))
        if cache is not None:
            cache.put((keys[place], row.tobytes()) for place, row in zip(missing, computed, strict=True))
        for place, row in zip(missing, computed, strict=True):
            known[place] = row
    return [row for row in known if row is not None]


def _known_row(cache: FeatureCache | None, key: bytes) -> NDArray[np.float32] | None:
    content = cache.get(key) if cache is not None else None
    return None if content is None or len(content) % 4 else np.frombuffer(content, dtype=np.float32)


def _pixels(path: Path, content: bytes, size: tuple[int, int]) -> NDArray[np.float32]:
    """(height, width, 3), 0 to 1."""
    from PIL import Image, ImageOps

    try:
        with Image.open(io.BytesIO(content)) as image:
            image.draft("RGB", (2 * size[1], 2 * size[0]))  # large JPEGs are decoded at a fraction of their size
            upright = ImageOps.exif_transpose(image)
            small = _in_8_bits(upright).convert("RGB").resize((size[1], size[0]), Image.Resampling.BILINEAR)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InvalidArgument(f"{path}: not an image that can be read ({error})") from None
    pixels: NDArray[np.float32] = np.asarray(small, dtype=np.float32) / np.float32(255)
    return pixels


def _in_8_bits(image: Any) -> Any:
    """From the lowest value of an image to its highest, where Pillow would cut off what is above 255.

    Files of 16 bits and of floats do not say which range they use: 12 bits are as usual as 16.
    """
    from PIL import Image

    if image.mode not in ("I", "F") and not image.mode.startswith("I;16"):
        return image
    values = np.asarray(image, dtype=np.float64)
    is_number = np.isfinite(values)
    low, high = (values[is_number].min(), values[is_number].max()) if is_number.any() else (0.0, 0.0)
    shares = (np.where(is_number, values, low) - low) / ((high - low) or 1.0)
    return Image.fromarray(np.round(shares * 255).astype(np.uint8))


def _with_progress(files: list[Path], progress: bool) -> Iterator[list[Path]]:
    chunks = (files[start : start + _AT_ONCE] for start in range(0, len(files), _AT_ONCE))
    if not progress:
        yield from chunks
        return
    tqdm = optional_package("tqdm.auto", "progress", "a progress bar").tqdm
    with tqdm(total=len(files), unit="image", desc="features", disable=None) as bar:
        for chunk in chunks:
            yield chunk
            bar.update(len(chunk))


class _Edges:
    """Histograms of gradients (Dalal and Triggs 2005, simplified: each cell by the strength around it), and colours."""

    size = _SIDE, _SIDE
    settings = f"edges 3, {_SIDE}, {_CELL}, {_N_DIRECTIONS}, {_N_COLOUR_CELLS}"

    def encode(self, images: list[NDArray[np.float32]]) -> NDArray[np.float32]:
        pixels = np.stack(images)
        edges, colours = _edge_histograms(pixels.mean(axis=3)), _mean_colours(pixels)
        return np.concatenate([edges, colours], axis=1).astype(np.float32)


def _edge_histograms(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    down, across = np.gradient(grey, axis=(1, 2))
    strength = np.hypot(down, across)
    place = (np.arctan2(down, across) % np.pi) * (_N_DIRECTIONS / np.pi)
    lower = np.floor(place)
    upper_share = place - lower
    n_cells = _SIDE // _CELL
    shape = len(grey), n_cells, _CELL, n_cells, _CELL
    cells = np.zeros((len(grey), n_cells, n_cells, _N_DIRECTIONS), dtype=np.float32)
    for direction in range(_N_DIRECTIONS):
        is_lower = lower % _N_DIRECTIONS == direction
        is_upper = (lower + 1) % _N_DIRECTIONS == direction
        votes = strength * (is_lower * (1 - upper_share) + is_upper * upper_share)
        cells[..., direction] = votes.reshape(shape).sum(axis=(2, 4))
    energy = np.pad((cells**2).sum(axis=3), ((0, 0), (1, 1), (1, 1)))
    around = sum(
        energy[:, 1 + dy : 1 + dy + n_cells, 1 + dx : 1 + dx + n_cells] for dy in (-1, 0, 1) for dx in (-1, 0, 1)
    )
    normal: NDArray[np.float32] = (cells / np.sqrt(around + 1e-2)[..., None]).astype(np.float32)
    return normal.reshape(len(grey), -1)


def _mean_colours(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Red against green and yellow against blue, by cell: 0 where an image is grey, so that edges alone count there."""
    cell = _SIDE // _N_COLOUR_CELLS
    shape = len(pixels), _N_COLOUR_CELLS, cell, _N_COLOUR_CELLS, cell, 3
    red, green, blue = np.moveaxis(pixels.reshape(shape).mean(axis=(2, 4)), -1, 0)
    opposed: NDArray[np.float32] = np.stack([red - green, (red + green) / 2 - blue], axis=-1)
    return opposed.reshape(len(pixels), -1)


class _OnnxNetwork:
    """The first output of a network that takes one image, channels first or last."""

    def __init__(self, path: str | os.PathLike[str], scale: str) -> None:
        runtime = optional_package("onnxruntime", "onnx", "an ONNX model")
        if scale not in ("imagenet", "symmetric", "unit"):
            raise InvalidArgument(f"onnx_scale: {scale!r} given, expected imagenet, symmetric or unit")
        content = Path(path).read_bytes()
        try:
            self._session = runtime.InferenceSession(content, providers=["CPUExecutionProvider"])
        except Exception as error:  # the runtime has a dozen classes of its own, derived from Exception
            raise InvalidArgument(f"{path}: not an ONNX model that can be run ({error})") from None
        self._path = path
        self._scaled = _scaling(scale)
        inputs = self._session.get_inputs()
        if len(inputs) != 1 or len(inputs[0].shape) != 4 or inputs[0].type != "tensor(float)":
            given = ", ".join(f"{one.name} {one.type} {one.shape}" for one in inputs)
            raise InvalidType(f"{path}: takes {given}, expected one tensor(float) of images, (n, 3, height, width)")
        shape = inputs[0].shape
        self._channels_last = shape[3] == 3 and shape[1] != 3
        height, width = shape[1:3] if self._channels_last else shape[2:4]
        self.size = _side(height), _side(width)
        self._one_by_one = isinstance(shape[0], int) and shape[0] == 1
        self.settings = f"onnx 2, {hashlib.sha256(content).hexdigest()}, {self.size}, {scale}"

    def encode(self, images: list[NDArray[np.float32]]) -> NDArray[np.float32]:
        pixels = self._scaled(np.stack(images))
        if not self._channels_last:
            pixels = pixels.transpose(0, 3, 1, 2)
        size = 1 if self._one_by_one else len(pixels)
        outputs = [self._run(pixels[start : start + size]) for start in range(0, len(pixels), size)]
        return np.concatenate(outputs)

    def _run(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        try:
            output = self._session.run(None, {self._session.get_inputs()[0].name: np.ascontiguousarray(pixels)})[0]
        except Exception as error:
            raise InvalidArgument(f"{self._path}: the model failed on images of {pixels.shape} ({error})") from None
        features = np.asarray(output, dtype=np.float32)
        if features.ndim == 4:  # maps of features: their means
            features = features.mean(axis=(2, 3)) if not self._channels_last else features.mean(axis=(1, 2))
        return features.reshape(len(pixels), -1)


def _side(side: object) -> int:
    """Of the images that a network takes; 224 where it takes any."""
    return side if isinstance(side, int) and side > 0 else _USUAL_SIDE


def _scaling(scale: str) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    if scale == "imagenet":
        return lambda pixels: (pixels - _IMAGE_NET_MEAN) / _IMAGE_NET_SPREAD
    if scale == "symmetric":
        return lambda pixels: pixels * np.float32(2) - np.float32(1)
    return lambda pixels: pixels
