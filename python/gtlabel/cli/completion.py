"""Print a script that completes gtlabel's options in a shell.

Needs argcomplete: pip install 'gtlabel[completion]'.
"""

from __future__ import annotations

import argparse

from gtlabel.cli import exit_codes
from gtlabel.raw_items.optional_package import optional_package

EPILOG = """\
examples:
  eval "$(gtlabel completion bash)"                               in ~/.bashrc
  eval "$(gtlabel completion zsh)"                                in ~/.zshrc, after compinit
  gtlabel completion fish > ~/.config/fish/completions/gtlabel.fish
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh", "fish"))


def call(arguments: argparse.Namespace) -> int:
    argcomplete = optional_package("argcomplete", "completion", "completion")
    print(argcomplete.shellcode(["gtlabel"], shell=arguments.shell))
    return exit_codes.DONE


def complete(parser: argparse.ArgumentParser) -> None:
    """Answers the shell's question, and ends the process; nothing happens without argcomplete."""
    try:
        import argcomplete
    except ImportError:
        return
    argcomplete.autocomplete(parser)
