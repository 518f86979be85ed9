"""Links in the documentation lead to a file of the project and, after a '#', to a heading of it.

Links to the web are not followed. A path in back-quotes, such as `docs/guide.md`, exists in the project; in it
`<module>` stands for any name.
"""

import re

LINK = re.compile(r"!?\[[^\]]*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
DEFINITION = re.compile(r"^\[[^\]]+\]:\s*(\S+)", re.MULTILINE)
CODE = re.compile(r"```.*?```|~~~.*?~~~|`[^`\n]*`", re.DOTALL)
FENCE = re.compile(r"```.*?```|~~~.*?~~~", re.DOTALL)
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$", re.MULTILINE)
QUOTED_PATH = re.compile(r"`((?:[\w.-]|<\w+>)+(?:/(?:[\w.-]|<\w+>)*)+)`")
SUFFIXES = {".cmake", ".cpp", ".hpp", ".md", ".py", ".pyi", ".toml", ".txt"}
GENERATED = {".", ".venv", "build", "demo_output"}  # and commands, which begin with "./"
ELSEWHERE = re.compile(r"^[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def documents(root):
    return sorted([*root.glob("*.md"), *(root / "docs").rglob("*.md")])


def anchors_of(path):
    """The anchors that a Markdown viewer makes of the headings of a file."""
    anchors = set()
    for heading in HEADING.findall(FENCE.sub("", path.read_text())):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        count = 0
        anchor = slug
        while anchor in anchors:
            count += 1
            anchor = f"{slug}-{count}"
        anchors.add(anchor)
    return anchors


def missing_paths(text, root):
    """The back-quoted paths of a text that lead nowhere: in a folder of the project, or of a kind of its files."""
    for path in QUOTED_PATH.findall(FENCE.sub("", text)):
        first = path.split("/")[0]
        is_meant = first not in GENERATED and ((root / first).is_dir() or "." + path.split(".")[-1] in SUFFIXES)
        if is_meant and not any(root.glob(re.sub(r"<\w+>", "*", path).rstrip("/"))):
            yield path


def faults(root):
    """Every fault as (file, what is wrong)."""
    for document in documents(root):
        for path in missing_paths(document.read_text(), root):
            yield document, f"`{path}` is not in the project"
        text = CODE.sub("", document.read_text())
        for target in LINK.findall(text) + DEFINITION.findall(text):
            if ELSEWHERE.match(target):
                continue
            name, _, anchor = target.partition("#")
            path = document.parent / name if name else document
            if not path.exists() or (anchor and path.suffix == ".md" and anchor not in anchors_of(path)):
                yield document, f"{target} leads nowhere"
