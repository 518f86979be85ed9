"""Every C++ source is named in the nearest CMakeLists.txt above it.

The lists are written by hand, so a file could be forgotten.
"""

import re

FOLDERS = ("src", "bindings", "tests/cpp", "tests/benchmarks", "tests/consumer", "tests/fuzz")


def listing_above(path):
    """The nearest CMakeLists.txt at or above the folder of a file."""
    return next(folder / "CMakeLists.txt" for folder in path.parents if (folder / "CMakeLists.txt").is_file())


def faults(root):
    """Every fault as (file, what is wrong)."""
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*.cpp")):
            listing = listing_above(path)
            name = re.escape(path.relative_to(listing.parent).as_posix())
            if not re.search(rf'(?<![^\s/"]){name}(?![^\s")])', listing.read_text()):
                yield path, f"is not listed in {listing.relative_to(root)}"
