"""A person at the terminal: one item at a time, one key or word for an answer."""

from __future__ import annotations

import json
import textwrap
import time
from collections.abc import Sequence
from typing import Any

import gtlabel as gt
from gtlabel.cli.output import tell
from gtlabel.cli.tables import Table

_AT_ONCE = 10  # items leased at a time
_WIDTH = 100
_MOST_LINES = 30
_KEYS = "s skip   u unsure   n none of these   b back   q quit   ? all keys"


class Quit(Exception):
    """The person has had enough for now."""


class Terminal:
    """Asks about items on standard error and reads replies from standard input; every reply is submitted at once."""

    def __init__(self, job: gt.LabelingJob, table: Table, worker: str, hidden: set[str], shown: str | None) -> None:
        self._job, self._table, self._worker = job, table, worker
        self._hidden, self._shown = hidden, shown
        self._classes = job.active_classes
        self._answered: list[int] = []

    def run(self) -> bool:
        """Asks until the job is finished (True), or until the person quits or has nothing left to say (False)."""
        tell(self._help())
        try:
            while (batch := self._job.next_batch(worker=self._worker, size=_AT_ONCE)) is not None:
                if len(batch) == 0:
                    tell(f"\nNothing for {self._worker} at the moment: what is left needs somebody else.")
                    return False
                self._ask_all(sorted(batch.items.tolist()))  # by item, so that the order does not tell audits apart
        except (Quit, EOFError):
            tell("")
            return False
        return True

    def _ask_all(self, items: list[int]) -> None:
        place = 0
        while place < len(items):
            went_back = self._ask(items[place])
            if not went_back:
                place += 1
            elif self._answered:
                self._ask_again(self._answered[-1])

    def _ask_again(self, item: int) -> None:
        while self._ask(item):
            tell("  that is as far back as it goes")

    def _ask(self, item: int) -> bool:
        """Asks about an item until it has an answer; True if the person wants to go back instead."""
        tell(f"\n[{len(set(self._answered) - {item}) + 1}] {self._name(item)}")
        tell(self._content(item))
        began = time.monotonic()
        while True:
            tell(f"{self._choices()} >", end=" ")
            reply = input().strip()
            if reply == "b" and reply not in self._classes:
                return True
            answer = self._understood(reply)
            if answer is not None:
                self._job.submit([item], [answer], workers=self._worker, seconds=[time.monotonic() - began])
                self._answered.append(item)
                return False

    def _understood(self, reply: str) -> Any:
        """The answer that a reply means, or None after saying why not."""
        classes = self._classes
        if reply in classes:
            return reply
        if reply.isdecimal() and 1 <= int(reply) <= len(classes):
            return classes[int(reply) - 1]
        special = {"s": gt.SKIP, "u": gt.UNSURE, "n": gt.NONE_OF_THESE}.get(reply)
        if special is not None:
            return special
        if reply == "q":
            raise Quit
        if reply == "?":
            tell(self._help())
            return None
        begun = [name for name in classes if reply and name.lower().startswith(reply.lower())]
        if len(begun) == 1:
            return begun[0]
        tell(f"  {reply!r} could be {', '.join(begun)}" if begun else "  a number or a class, please; ? shows all keys")
        return None

    def _choices(self) -> str:
        return "  ".join(f"{number} {name}" for number, name in enumerate(self._classes[:9], start=1))

    def _help(self) -> str:
        classes = "\n".join(f"  {number:>3} {name}" for number, name in enumerate(self._classes, start=1))
        return f"Answer with a number, or the beginning of a class:\n{classes}\nor: {_KEYS}"

    def _name(self, item: int) -> str:
        return str(self._job.ids[item]) if self._job.ids is not None else f"item {item}"

    def _content(self, item: int) -> str:
        row = self._table.rows[item]
        if self._shown is not None:
            return _wrapped(row.get(self._shown, ""))
        shown = {name: value for name, value in row.items() if name not in self._hidden}
        return "\n".join(_wrapped(f"{name}: {_text(value)}") for name, value in shown.items())


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _wrapped(value: Any) -> str:
    """Lines that fit, without the control characters by which a text could play with the terminal."""
    text = "".join(mark if mark.isprintable() or mark == "\n" else " " for mark in _text(value))
    lines: Sequence[str] = [
        part for line in text.split("\n") for part in textwrap.wrap(line, _WIDTH, break_on_hyphens=False) or [""]
    ]
    cut = ["..."] if len(lines) > _MOST_LINES else []
    return textwrap.indent("\n".join([*lines[:_MOST_LINES], *cut]), "  ")
