"""Each check of tests/checks finds a planted fault, and nothing where there is none."""

import importlib.util
import shutil
from pathlib import Path

import pytest

CHECKS = Path(__file__).resolve().parents[1] / "checks"


def faults(name, root):
    spec = importlib.util.spec_from_file_location(f"gtlabel_check_{name}", CHECKS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return list(module.faults(root))


def write(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def tree(tmp_path):
    """A small project in order."""
    write(
        tmp_path,
        {
            "include/gtlabel/gtlabel.hpp": '#include "gtlabel/core/ids.hpp"\n#include "gtlabel/models/model.hpp"\n',
            "include/gtlabel/core/ids.hpp": "#include <cstdint>\n",
            "include/gtlabel/models/model.hpp": '#include "gtlabel/core/ids.hpp"\n'
            "class Features;\nclass GTLABEL_EXPORT Model final : public Base {\n  struct State;\n};\n"
            "struct ModelOptions {};\ntemplate <class T>\nstruct View {};\n",
            "include/gtlabel/fwd.hpp": "class Model;\nstruct ModelOptions;\ntemplate <class T>\nstruct View;\n",
            "include/gtlabel/models/kernels/solve.hpp": "#include <Eigen/Core>\n",
            "include/gtlabel/version.hpp": "#define GTLABEL_VERSION_MAJOR 1\n"
            "#define GTLABEL_VERSION_MINOR 2\n#define GTLABEL_VERSION_PATCH 3\n"
            '#define GTLABEL_VERSION "1.2.3"\n',
            "CMakeLists.txt": "add_subdirectory(src)\n",
            "src/CMakeLists.txt": "add_library(gtlabel\n  models/model.cpp\n)\n",
            "src/models/model.cpp": '#include "support/eigen.hpp"\n#include "models/fit.hpp"\n',
            "src/models/fit.hpp": "",
            "src/support/eigen.hpp": "#include <Eigen/Core>\n",
            "bindings/CMakeLists.txt": "pybind11_add_module(_core\n  models.cpp\n)\n",
            "bindings/models.cpp": '#include "gtlabel/models/model.hpp"\n#include "pybind.hpp"\n',
            "bindings/pybind.hpp": "#include <pybind11/pybind11.h>\n",
            "tests/cpp/CMakeLists.txt": "add_executable(tests\n  models/model_test.cpp\n)\n",
            "tests/cpp/models/model_test.cpp": "",
            "python/gtlabel/__init__.py": "",
            "pyproject.toml": '[project]\nname = "gtlabel"\ndynamic = ["version"]\n',
            "CHANGELOG.md": "# Changelog\n\n## [1.2.3] - unreleased\n",
            "README.md": "# Read me\n\nSee [the guide](docs/guide.md#first-steps).\n",
            "docs/guide.md": "# Guide\n\n## First steps\n\n`find_package(gtlabel 1.2)`\n",
        },
    )
    (tmp_path / "tests/checks").mkdir()
    shutil.copy(CHECKS / "layers.txt", tmp_path / "tests/checks/layers.txt")
    umbrella = tmp_path / "include/gtlabel/gtlabel.hpp"
    umbrella.write_text(umbrella.read_text() + '#include "gtlabel/fwd.hpp"\n#include "gtlabel/version.hpp"\n')
    return tmp_path


def test_a_project_in_order_passes_every_check(tree):
    assert faults("layers", tree) == []
    assert faults("forward_names", tree) == []
    assert faults("source_lists", tree) == []
    assert faults("docs_links", tree) == []
    assert faults("versions", tree) == []


@pytest.mark.parametrize(
    ("file", "include"),
    [
        ("include/gtlabel/core/ids.hpp", '"gtlabel/models/model.hpp"'),  # upwards
        ("include/gtlabel/models/model.hpp", '"gtlabel/routing/target.hpp"'),  # a sibling
        ("src/models/model.cpp", '"selection/margin.hpp"'),  # a sibling's internals
        ("src/models/model.cpp", '"gtlabel/gtlabel.hpp"'),  # the umbrella
        ("src/models/model.cpp", "<Eigen/Dense>"),  # a library around support/
        ("include/gtlabel/models/model.hpp", "<Eigen/Core>"),
        ("include/gtlabel/models/model.hpp", "<boost/version.hpp>"),
        ("include/gtlabel/models/model.hpp", "<iostream>"),
        ("include/gtlabel/models/model.hpp", '"gtlabel/models/kernels/solve.hpp"'),
        ("include/gtlabel/plugins/new.hpp", "<vector>"),  # a module of no layer
        ("bindings/models.cpp", '"models/fit.hpp"'),  # not public
        ("bindings/models.cpp", '"gtlabel/models/kernels/solve.hpp"'),
        ("bindings/models.cpp", "<pybind11/stl.h>"),
    ],
)
def test_layers_finds_a_forbidden_include(tree, file, include):
    path = tree / file
    before = path.read_text() if path.exists() else ""
    write(tree, {file: f"{before}#include {include}\n"})
    assert path in [where for where, _ in faults("layers", tree)]


def test_layers_finds_a_header_that_gtlabel_hpp_lacks(tree):
    write(tree, {"include/gtlabel/core/views.hpp": ""})
    umbrella = tree / "include/gtlabel/gtlabel.hpp"
    expected = (umbrella, "does not include gtlabel/core/views.hpp")
    assert faults("layers", tree) == [expected]


@pytest.mark.parametrize(
    ("name", "instead", "fault"),
    [
        ("class Model;\n", "", "does not name class Model"),
        ("struct View", "class View", "does not name template <class T> struct View"),
        ("class Model;", "class Model;\nclass Gone;", "names class Gone, which no public header defines"),
    ],
)
def test_forward_names_finds_a_class_that_fwd_hpp_lacks_or_has_otherwise(tree, name, instead, fault):
    forward = tree / "include/gtlabel/fwd.hpp"
    forward.write_text(forward.read_text().replace(name, instead))
    assert (forward, fault) in faults("forward_names", tree)


@pytest.mark.parametrize(
    "file",
    ["src/core/forgotten.cpp", "bindings/forgotten.cpp", "tests/cpp/core/forgotten_test.cpp"],
)
def test_source_lists_finds_a_forgotten_file(tree, file):
    write(tree, {file: ""})
    assert [path for path, _ in faults("source_lists", tree)] == [tree / file]


@pytest.mark.parametrize(
    "link",
    [
        "[gone](docs/gone.md)",
        "[no such heading](docs/guide.md#last-steps)",
        "[here](#nowhere)",
        "![picture](docs/picture.png)",
        "[one][two]\n\n[two]: docs/gone.md",
        "`docs/gone.md`",
        "`src/gone/`",
        "`include/gtlabel/<module>/gone.hpp`",
        "`source/gone.cpp`",
    ],
)
def test_docs_links_finds_a_dead_link(tree, link):
    write(tree, {"README.md": f"# Read me\n\n{link}\n"})
    assert [path for path, _ in faults("docs_links", tree)] == [tree / "README.md"]


def test_docs_links_leaves_code_and_the_web_alone(tree):
    text = "# A\n\n[web](https://example.org/x) [self](#a)\n\n```python\nrows[0](column)\n`docs/gone.md`\n```\n"
    text += "`docs/guide.md`, `src/`, `include/gtlabel/<module>/`, `1/n`, `./dev check`, `build/gone.txt`\n"
    write(tree, {"README.md": text})
    assert faults("docs_links", tree) == []


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("CHANGELOG.md", "# Changelog\n\n## [1.2.4]\n"),
        ("CHANGELOG.md", "# Changelog\n"),
        ("python/gtlabel/__init__.py", '__version__ = "1.2.2"\n'),
        ("pyproject.toml", '[project]\nversion = "1.2.2"\n'),
        ("docs/guide.md", "find_package(gtlabel 1.1 REQUIRED)\n"),
    ],
)
def test_versions_finds_a_disagreement(tree, file, text):
    write(tree, {file: text})
    assert [path for path, _ in faults("versions", tree)] == [tree / file]


def test_versions_finds_numbers_that_do_not_make_the_string(tree):
    header = tree / "include/gtlabel/version.hpp"
    header.write_text(header.read_text().replace("PATCH 3", "PATCH 4"))
    assert [path for path, _ in faults("versions", tree)] == [header]
