"""Whatever states gtlabel's version agrees with include/gtlabel/version.hpp."""

import re


def header_version(root):
    """The version string of version.hpp, and the one that its three numbers make."""
    text = (root / "include" / "gtlabel" / "version.hpp").read_text()
    stated = re.search(r'^#define GTLABEL_VERSION "([^"]+)"', text, re.MULTILINE).group(1)
    numbers = [
        re.search(rf"^#define GTLABEL_VERSION_{part} (\d+)", text, re.MULTILINE).group(1)
        for part in ("MAJOR", "MINOR", "PATCH")
    ]
    return stated, ".".join(numbers)


def statements(root):
    """Every (file, version that it states) outside version.hpp."""
    changelog = root / "CHANGELOG.md"
    newest = re.search(r"^## \[?(\d[^\]\s]*)", changelog.read_text(), re.MULTILINE)
    yield changelog, newest.group(1) if newest else "no version"
    for path in sorted((root / "python").rglob("*.py")):
        for version in re.findall(r'^__version__ = "([^"]+)"', path.read_text(), re.MULTILINE):
            yield path, version
    for version in re.findall(r'^version = "([^"]+)"', (root / "pyproject.toml").read_text(), re.MULTILINE):
        yield root / "pyproject.toml", version


def package_requests(root):
    """Every (file, version) of a find_package(gtlabel <version>) in documents and consumers."""
    documents = [*root.glob("*.md"), *(root / "docs").rglob("*.md")]
    projects = [*(root / "tests").rglob("CMakeLists.txt"), *(root / "docs").rglob("CMakeLists.txt")]
    for path in sorted(documents + projects):
        for version in re.findall(r"find_package\(gtlabel (\d[\d.]*)", path.read_text()):
            yield path, version


def faults(root):
    """Every fault as (file, what is wrong)."""
    version, numbers = header_version(root)
    header = root / "include" / "gtlabel" / "version.hpp"
    if numbers != version:
        yield header, f"states {version}, its three numbers make {numbers}"
    for path, stated in statements(root):
        if stated != version:
            yield path, f"states {stated}, version.hpp {version}"
    for path, asked in package_requests(root):
        if version.split(".")[:2] != asked.split(".")[:2]:
            yield path, f"asks for gtlabel {asked}, version.hpp states {version}"
