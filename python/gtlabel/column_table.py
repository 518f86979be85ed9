"""Tables of the package: columns of one length, by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray


class ColumnTable:
    """What a dataclass whose fields are columns needs to be a table.

    ``table["label"]`` and ``table.label`` are the same. Frames: ``to_pandas()``, ``to_arrow()``, or any library that
    takes Arrow's PyCapsule protocol (``polars.DataFrame(table)``).
    """

    def __len__(self) -> int:
        return len(self[self.keys()[0]])

    def __getitem__(self, column: str) -> NDArray[Any]:
        if column not in self.keys():
            raise KeyError(f"{column!r}: expected one of {', '.join(self.keys())}")
        return np.asarray(getattr(self, column))

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def keys(self) -> tuple[str, ...]:
        """Names of the columns; with ``[]`` enough for ``dict(table)``."""
        return tuple(field.name for field in fields(self))  # type: ignore[arg-type]

    def to_pandas(self) -> Any:
        """A pandas DataFrame. Needs pandas."""
        import pandas as pd

        return pd.DataFrame(dict(self))

    def to_arrow(self) -> Any:
        """A pyarrow Table. Needs pyarrow."""
        import pyarrow as pa

        return pa.table({name: pa.array(self[name]) for name in self})

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self.to_arrow().__arrow_c_stream__(requested_schema)
