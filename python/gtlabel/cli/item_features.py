"""The features of a table's items, as the user's options ask for them."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from gtlabel import InvalidArgument
from gtlabel.cli import output
from gtlabel.cli.tables import Table
from gtlabel.formats.local_files import local_file
from gtlabel.raw_items import FeatureCache, image_features, read_features, table_features, text_features

_ID_COLUMNS = ("id",)
_TEXT_COLUMNS = ("source", "text")
_IMAGE_COLUMNS = ("source-ref", "image")


def add_id_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--id", metavar="COLUMN", help="the column that names the items (default: id, if there is one)")


def id_column(table: Table, arguments: argparse.Namespace) -> str | None:
    """The column that names the items, if there is one."""
    return arguments.id or table.first_of(_ID_COLUMNS)


def columns_left_out(table: Table, arguments: argparse.Namespace) -> set[str]:
    """The id and the truth: no feature may be made of them."""
    return {column for column in (arguments.truth, id_column(table, arguments)) if column}


def add_feature_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "features",
        "what the model sees of an item; default: a text in the column source or text, an image in "
        "source-ref or image, else every column but the id and the truth",
    )
    group.add_argument("--text", metavar="COLUMN", help="the column of texts: tf-idf of their words")
    group.add_argument("--image", metavar="COLUMN", help="the column of image files, relative to INPUT")
    group.add_argument("--columns", metavar="A,B", help="columns of numbers and categories")
    group.add_argument("--features", metavar="FILE", help="features that are there already: .npy or .npz")
    group.add_argument("--onnx", metavar="FILE", help="a network that makes the features of images")
    group.add_argument(
        "--onnx-scale",
        choices=("imagenet", "symmetric", "unit"),
        default="imagenet",
        help="what the network expects of pixels (default: imagenet)",
    )
    add_bucket_option(group)
    group.add_argument(
        "--cache", metavar="FOLDER", help="where features are kept (default: the user's cache); none: nowhere"
    )


def add_bucket_option(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--bucket", metavar="NAME=FOLDER", action="append", default=[], help="where the objects of s3://NAME/ are"
    )


def source_columns(table: Table, arguments: argparse.Namespace) -> dict[str, str]:
    """The column of the text or of the image, with what a manifest calls it; nothing for other tables."""
    text = arguments.text or (None if arguments.image else table.first_of(_TEXT_COLUMNS))
    if text is not None:
        return {text: "source"}
    image = arguments.image or table.first_of(_IMAGE_COLUMNS)
    return {} if image is None else {image: "source-ref"}


def features_of(table: Table, arguments: argparse.Namespace, left_out: set[str]) -> Any:
    """(n_items, n_features); ``left_out`` are columns that no feature may be made of."""
    kind, value = _chosen(table, arguments, left_out)
    if arguments.onnx is not None and kind != "image":
        raise InvalidArgument("--onnx: given without images, expected --image too")
    if kind == "features":
        return _from_file(value, table)
    if kind == "columns":
        return _from_columns(table, value, left_out)
    cache = None if arguments.cache == "none" else FeatureCache(arguments.cache)
    try:
        if kind == "text":
            if not arguments.quiet and output.has_progress_bar():
                output.tell(f"features of {len(table):,} texts ...")
            return text_features(_texts(table, value), cache=cache)
        files = _image_files(table, value, bucket_folders(arguments.bucket))
        return image_features(
            files,
            onnx_model=arguments.onnx,
            onnx_scale=arguments.onnx_scale,
            cache=cache,
            progress=not arguments.quiet and output.has_progress_bar(),
        )
    finally:
        if cache is not None:
            cache.close()


def _chosen(table: Table, arguments: argparse.Namespace, left_out: set[str]) -> tuple[str, Any]:
    """The kind of features, and the column, columns or file that they come from."""
    names = ("text", "image", "columns", "features")
    given = [(name, getattr(arguments, name)) for name in names if getattr(arguments, name) is not None]
    if len(given) > 1:
        raise InvalidArgument(f"--{given[0][0]}: given beside --{given[1][0]}, expected one of them")
    if given:
        kind, value = given[0]
        return kind, [name.strip() for name in value.split(",")] if kind == "columns" else value
    for kind, usual in (("text", _TEXT_COLUMNS), ("image", _IMAGE_COLUMNS)):
        column = table.first_of(usual)
        if column is not None and column not in left_out:
            return kind, column
    if table.is_lines:
        raise InvalidArgument(
            f"{table.path}: neither source nor source-ref, expected one of them, or --text, --image, --columns or "
            "--features"
        )
    return "columns", [name for name in table.columns if name not in left_out]


def _texts(table: Table, column: str) -> list[str]:
    texts = table.column(column, "--text")
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            raise InvalidArgument(f"{table.where(row)}: {column!r} is {type(text).__name__}, expected a text")
    return texts


def _from_file(path: str, table: Table) -> Any:
    features = read_features(path)
    if features.shape[0] == table.n_in_file:
        return features if len(table) == table.n_in_file else features[table.places]
    if features.shape[0] != len(table):
        raise InvalidArgument(
            f"{path}: {features.shape[0]:,} rows for the {len(table):,} items of {table.path}, expected one each"
        )
    return features


def _from_columns(table: Table, names: list[str], left_out: set[str]) -> Any:
    for name in names:
        if name in left_out:
            raise InvalidArgument(f"--columns: {name!r} is the id or the truth, expected other columns")
    if not names:
        raise InvalidArgument(f"{table.path}: no column beside the id and the truth, expected some to make features of")
    return table_features({name: table.column(name, "--columns") for name in names})[0]


def bucket_folders(given: list[str]) -> dict[str, Path]:
    """Bucket -> folder, of the values of --bucket."""
    folders = {}
    for pair in given:
        name, equals, folder = pair.partition("=")
        if not (name and equals and folder):
            raise InvalidArgument(f"--bucket: {pair!r} given, expected NAME=FOLDER")
        folders[name] = Path(folder)
    return folders


def _image_files(table: Table, column: str, buckets: dict[str, Path]) -> list[Path]:
    files = []
    for row, address in enumerate(table.column(column, "--image")):
        if not isinstance(address, str) or not address:
            raise InvalidArgument(f"{table.where(row)}: {column!r} is {address!r}, expected the address of an image")
        file = local_file(address, table.path.parent, buckets, table.where(row), "--bucket {}=FOLDER")
        if not os.path.isfile(file):
            raise InvalidArgument(f"{table.where(row)}: {file} is not there")
        files.append(file)
    return files
