"""The parts of docs/benchmarks.md: what run.py writes comes first, then the sections of other benchmarks."""

from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
_SECTION = "\n## "


def sections_after_first(path):
    """What other benchmarks have written below the first part, as it stands in the file."""
    text = path.read_text() if path.is_file() else ""
    _, found, rest = text.partition(_SECTION)
    return found + rest


def write_section(path, title, body):
    """Replaces the section of this title, or adds it at the end."""
    first, *sections = path.read_text().split(_SECTION)
    section = f"{title}\n\n{body.strip()}\n"
    titles = [text.partition("\n")[0] for text in sections]
    if title in titles:
        sections[titles.index(title)] = section
    else:
        sections.append(section)
    path.write_text(_SECTION.join([first.rstrip("\n") + "\n", *(s.rstrip("\n") + "\n" for s in sections)]))
