"""Packages that only some kinds of items need."""

from __future__ import annotations

import importlib
from typing import Any


def optional_package(module: str, extra: str, purpose: str) -> Any:
    """The module, or an ImportError that says what to type."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.split(".")[0]
        raise ImportError(f"{purpose} needs {package} ({error}): pip install 'gtlabel[{extra}]'") from error
