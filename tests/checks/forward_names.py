"""fwd.hpp names every class of the public headers as it is defined, and nothing else.

The kernels are not named: who extends gtlabel by them includes them.
"""

import re

# A name at the margin: what stands inside of a class or function is indented.
CLASS = re.compile(
    r"^(template <[^\n]*>\n)?(class|struct) (?:GTLABEL_EXPORT )?(\w+)(?: final)?\s*(;|[:{])", re.MULTILINE
)


def classes_of(path):
    """Every class as (head, is it defined here)."""
    for template, keyword, name, end in CLASS.findall(path.read_text()):
        yield f"{template.strip()} {keyword} {name}".strip(), end != ";"


def faults(root):
    """Every fault as (file, what is wrong)."""
    public = root / "include" / "gtlabel"
    forward = public / "fwd.hpp"
    if not forward.is_file():
        return
    named = {head for head, _ in classes_of(forward)}
    defined = set()
    for path in sorted(public.rglob("*.hpp")):
        if "kernels" not in path.relative_to(public).parts:
            defined |= {head for head, is_definition in classes_of(path) if is_definition}
    for head in sorted(defined - named):
        yield forward, f"does not name {head}"
    for head in sorted(named - defined):
        yield forward, f"names {head}, which no public header defines"
