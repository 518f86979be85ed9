"""Runs every check: `python tests/checks` prints one line per fault, and fails if there is any."""

import sys
from pathlib import Path

import docs_links
import forward_names
import layers
import source_lists
import versions

root = Path(__file__).resolve().parents[2]
failed = False
for check in (layers, forward_names, source_lists, docs_links, versions):
    for path, what in check.faults(root):
        print(f"{path.relative_to(root)}: {what}")
        failed = True
sys.exit(failed)
