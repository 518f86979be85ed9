"""The command ``gtlabel``; docs/cli.md is its manual."""

from gtlabel.cli.application import main

__all__ = ["main"]
