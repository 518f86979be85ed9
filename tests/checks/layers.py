"""Which file may include which: layers, light public headers, bindings on public headers only."""

import re

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)
LIBRARIES = ("Eigen/", "xtensor/", "xtl/", "boost/", "nlohmann/")
HEAVY_IN_PUBLIC = (*LIBRARIES, "unsupported/Eigen/", "pybind11/")
SLOW_IN_PUBLIC = {"iostream", "regex"}
SOURCES = {".hpp", ".h", ".cpp"}


def read_layers(path):
    """Module -> number of its layer, from a file with one layer per line, lowest first."""
    layers = {}
    lines = [line.split("#")[0].split() for line in path.read_text().splitlines()]
    for level, modules in enumerate(line for line in lines if line):
        layers.update(dict.fromkeys(modules, level))
    return layers


def source_files(folder):
    return sorted(path for path in folder.rglob("*") if path.suffix in SOURCES)


def includes_of(path):
    return INCLUDE.findall(path.read_text())


def module_of(include, layers):
    """The module that an include names: gtlabel/<module>/... or, inside src, <module>/..."""
    parts = include.split("/")
    if parts[0] == "gtlabel":
        parts = parts[1:]
    return parts[0] if len(parts) > 1 and parts[0] in layers else None


def layer_breaches(folder, layers):
    for path in source_files(folder):
        relative = path.relative_to(folder)
        if len(relative.parts) < 2:
            continue
        module = relative.parts[0]
        if module not in layers:
            yield path, f"the module {module} is not in layers.txt"
            continue
        for include in includes_of(path):
            if include == "gtlabel/gtlabel.hpp":
                yield path, "includes gtlabel.hpp, which is for applications"
            other = module_of(include, layers)
            if other is not None and other != module and layers[other] >= layers[module]:
                yield path, f"{module} may not include {include}"


def weight_breaches(root):
    """Public headers stay light; in src only support/ names the libraries behind it."""
    public = root / "include" / "gtlabel"
    for path in source_files(public):
        if "kernels" in path.relative_to(public).parts:
            continue
        for include in includes_of(path):
            is_kernel = include.startswith("gtlabel/") and "/kernels/" in include
            if include.startswith(HEAVY_IN_PUBLIC) or include in SLOW_IN_PUBLIC or is_kernel:
                yield path, f"a public header may not include {include}"
    for path in source_files(root / "src"):
        if path.relative_to(root / "src").parts[0] == "support":
            continue
        for include in includes_of(path):
            if include.startswith(LIBRARIES):
                yield path, f"includes {include}; only src/support names it"


def binding_breaches(root):
    for path in source_files(root / "bindings"):
        for include in includes_of(path):
            if include.startswith((*LIBRARIES, "pybind11/eigen")) or "/kernels/" in include:
                yield path, f"a binding may not include {include}"
            elif include.startswith("pybind11/") and path.name != "pybind.hpp":
                yield path, f"includes {include}; only pybind.hpp does"
            elif (root / "src" / include).is_file():
                yield path, f"a binding may not include {include}, which is not public"


def umbrella_breaches(root):
    """gtlabel.hpp includes every public header."""
    public = root / "include" / "gtlabel"
    umbrella = public / "gtlabel.hpp"
    if not umbrella.is_file():
        return
    included = set(includes_of(umbrella))
    for path in source_files(public):
        name = path.relative_to(root / "include").as_posix()
        if path != umbrella and "/kernels/" not in name and name not in included:
            yield umbrella, f"does not include {name}"


def faults(root):
    """Every fault as (file, what is wrong)."""
    layers = read_layers(root / "tests" / "checks" / "layers.txt")
    yield from layer_breaches(root / "include" / "gtlabel", layers)
    yield from layer_breaches(root / "src", layers)
    yield from weight_breaches(root)
    yield from binding_breaches(root)
    yield from umbrella_breaches(root)
