"""Values of options that several subcommands take."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import gtlabel as gt

Parsed = TypeVar("Parsed")


def share(text: str) -> float:
    """``10%`` or ``0.1``, above 0 and below 1."""
    is_percent = text.strip().endswith("%")
    number = _number(text.strip().removesuffix("%"), f"{text!r} given, expected a share such as 10% or 0.1")
    value = number / 100 if is_percent else number
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} given, expected a share above 0 and below 1, such as 10% or 0.1")
    return value


def seed(text: str) -> int | None:
    """A number, or ``random``."""
    if text == "random":
        return None
    return at_least(0, 2**64 - 1)(text)


def at_least(least: int, most: int = 2**31 - 1) -> Callable[[str], int]:
    """A type of whole numbers."""

    def whole_number(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} given, expected a whole number") from None
        if value < least:
            raise argparse.ArgumentTypeError(f"{value} given, expected at least {least}")
        if value > most:
            raise argparse.ArgumentTypeError(f"{text.strip()[:40]} given, expected at most {most}")
        return value

    return whole_number


def amount(text: str) -> float:
    """Money: 0 or more."""
    value = _number(text, f"{text!r} given, expected a number")
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text!r} given, expected at least 0")
    return value


def overlap(text: str) -> tuple[int, int]:
    """``3`` (from 1 to 3) or ``2-5``."""
    low, dash, high = text.partition("-")
    bounds = (low, high) if dash else ("1", low)
    least, most = (at_least(1)(bound) for bound in bounds)
    if least > most:
        raise argparse.ArgumentTypeError(f"{text!r} given, expected the smaller number first")
    return least, most


def class_names(text: str) -> list[str]:
    """Names between commas, or ``@FILE``: one a line, or a label category file of Ground Truth."""
    names = _names_of_file(Path(text[1:])) if text.startswith("@") else [name.strip() for name in text.split(",")]
    names = [name for name in names if name]
    if not names:
        raise argparse.ArgumentTypeError(f"{text!r} given, expected names of classes")
    return names


def _names_of_file(path: Path) -> list[str]:
    try:
        content = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise argparse.ArgumentTypeError(f"{path}: not UTF-8") from None
    if path.suffix.lower() != ".json":
        return [line.strip() for line in content.splitlines()]
    try:
        return [str(entry["label"]) for entry in json.loads(content)["labels"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        expected = '{"labels": [{"label": "..."}, ...]}'
        raise argparse.ArgumentTypeError(f"{path}: expected a label category file, {expected}") from None


def _number(text: str, message: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(message) from None
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(message)
    return value


def add_target_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("target")
    group.add_argument(
        "--target",
        type=share,
        metavar="SHARE",
        help="at most so many of the automatic labels may be wrong: 5%% or 0.05 (default: 5%%)",
    )
    group.add_argument("--failure-probability", type=share, metavar="P", help="how often that may fail (default: 0.05)")
    group.add_argument(
        "--of-dataset", action="store_true", help="wrong automatic labels over all labels; weaker, and cheaper"
    )
    group.add_argument("--per-class", action="store_true", help="the target holds for every class by itself")
    group.add_argument(
        "--threshold",
        type=share,
        metavar="CONFIDENCE",
        help="in place of a target: label where the confidence is so high; nothing is certified",
    )


def has_target(arguments: argparse.Namespace) -> bool:
    """Whether the options say anything about the target."""
    return arguments.threshold is not None or _has_error_target(arguments)


def _has_error_target(arguments: argparse.Namespace) -> bool:
    return any((arguments.target, arguments.failure_probability, arguments.of_dataset, arguments.per_class))


def target_of(arguments: argparse.Namespace) -> gt.ErrorTarget | gt.ConfidenceThreshold:
    """The target that the options describe."""
    if arguments.threshold is not None:
        if _has_error_target(arguments):
            raise gt.InvalidArgument("--threshold: given beside a target, expected one of them")
        return gt.ConfidenceThreshold(arguments.threshold)
    return gt.ErrorTarget(
        max_error=arguments.target if arguments.target is not None else 0.05,
        failure_probability=arguments.failure_probability if arguments.failure_probability is not None else 0.05,
        of="dataset" if arguments.of_dataset else "auto_labels",
        per_class=arguments.per_class,
    )


def add_price_options(parser: argparse._ActionsContainer) -> None:
    parser.add_argument("--price", type=amount, metavar="AMOUNT", help="what people are paid for an answer")
    parser.add_argument("--currency", default="USD", metavar="NAME", help="of the price (default: USD)")


def price_of(arguments: argparse.Namespace) -> gt.Price | None:
    return None if arguments.price is None else gt.Price(arguments.price, arguments.currency)
