"""Draw the map of the package from its imports: python tests/draw_map.py

It writes notebooks/images/map.svg, which CONTRIBUTING.md shows, and the lines of the map in bptt_lab/__init__.py.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "bptt_lab"
PICTURE = ROOT / "notebooks" / "images" / "map.svg"
CORE = ("validate", "data", "model", "bptt", "gradcheck", "optimisers", "training", "machine")
LINES = re.compile(r"(?<=imports from those below it alone; subpackages stand in brackets:\n\n).*?(?=\n\n)", re.DOTALL)
WIDE, TALL, BOX, HIGH, GAP = 132, 74, 108, 36, 30  # from box to box, the size of a box, and above the core; pixels
FILL = {"core": "#F5D9A6", "module": "#CCE7F7", "subpackage": "#AEDCCB"}  # with thick edges, plain, with round corners
SAID = "the core: all may import it; it imports nothing else"
INK, GREY = "#333333", "#777777"


def modules(package: Path) -> dict[str, Path]:
    """Every module by its name inside the package; a subpackage's `__init__.py` has the subpackage's name."""
    paths = [path for path in package.rglob("*.py") if path != package / "__init__.py"]
    names = [path.relative_to(package).with_suffix("").parts for path in paths]
    return {".".join(parts).removesuffix(".__init__"): path for parts, path in zip(names, paths)}


def imported(path: Path, known: set[str], package: str = "bptt_lab") -> set[str]:
    """The modules that a file imports from the package, anywhere in it; a name from an `__init__.py` counts as that."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            if name.startswith(f"{package}."):
                inner = name.removeprefix(f"{package}.")
                found.add(inner if inner in known else inner.rpartition(".")[0])
    return found


def imports(package: Path = PACKAGE) -> dict[str, set[str]]:
    """For each module, the modules that it imports."""
    paths = modules(package)
    return {name: imported(path, set(paths), package.name) for name, path in paths.items()}


def top(name: str) -> str:
    return name.partition(".")[0]


def as_parts(graph: dict[str, set[str]]) -> dict[str, set[str]]:
    """The same with each subpackage as one."""
    result = {top(name): set() for name in graph}
    for name, targets in graph.items():
        result[top(name)] |= {top(target) for target in targets} - {top(name)}
    return result


def levels(graph: dict[str, set[str]]) -> dict[str, int]:
    """How high each stands: one above the highest that it imports. ValueError if imports go round in a circle."""
    result: dict[str, int] = {}

    def level(name: str, path: tuple[str, ...]) -> int:
        if name in path:
            raise ValueError(f"imports must not go round, got {' -> '.join([*path, name])}: move what both need")
        if name not in result:
            result[name] = max((1 + level(target, (*path, name)) for target in sorted(graph[name])), default=0)
        return result[name]

    for name in sorted(graph):
        level(name, ())
    return result


def faults(package: Path = PACKAGE) -> Iterator[str]:
    """What breaks the rules: the core knows nothing else, subpackages are entered by `__init__.py`, nothing goes round.

    Inside a subpackage each module imports only modules that stand below it in the map of its `__init__.py`.
    """
    graph, paths = imports(package), modules(package)
    folders = {top(name) for name, path in paths.items() if path.parent != package}
    for name, targets in graph.items():
        for target in sorted(targets):
            if name in CORE and target not in CORE:
                yield f"the core imports no other module, and {name} imports {target}"
            if "." in target and top(target) != top(name):
                yield f"a subpackage is entered by its __init__.py, and {name} imports {target}"
            if "." in name and target == top(name):
                yield f"modules of a subpackage do not import its __init__.py, and {name} does"
    for folder in sorted(folders):
        order = re.findall(r"^(\w+)  ", ast.get_docstring(ast.parse(paths[folder].read_text(encoding="utf-8"))), re.M)
        for place, module in enumerate(order):
            for target in sorted(graph.get(f"{folder}.{module}", ())):
                if top(target) == folder and target.partition(".")[2] in order[: place + 1]:
                    yield f"imports go down the map in an __init__.py, and in {folder} {module} imports {target}"
    try:
        levels(as_parts(graph))
    except ValueError as error:
        yield str(error)


def bands(package: Path = PACKAGE) -> tuple[list[list[str]], list[list[str]]]:
    """The modules and subpackages by level, the highest first, and so the core below them."""
    graph = as_parts(imports(package))
    found = []
    for inside in (False, True):
        part = {name: {target for target in graph[name] if (target in CORE) == inside} for name in graph}
        height = levels({name: targets for name, targets in part.items() if (name in CORE) == inside})
        steps = reversed(range(max(height.values()) + 1))
        found.append([sorted(name for name in height if height[name] == at) for at in steps])
    return tuple(found)


def kind(name: str, package: Path = PACKAGE) -> str:
    return "core" if name in CORE else "subpackage" if (package / name).is_dir() else "module"


def text(package: Path = PACKAGE) -> str:
    """The map in plain characters."""

    def shown(name: str) -> str:
        return f"[{name}]" if kind(name, package) == "subpackage" else name

    def lines(band: list[list[str]]) -> list[str]:
        return ["   ".join(map(shown, row)).center(72).rstrip() for row in band]

    above, core = bands(package)
    return "\n".join([*lines(above), " the core ".center(60, "-").center(72).rstrip(), *lines(core)])


def svg(package: Path = PACKAGE) -> str:
    """The map as a picture: an arrow for each import that does not follow from others, but for those into the core."""
    graph, (above, core) = as_parts(imports(package)), bands(package)
    widest, n_above, n_rows = max(map(len, above + core)), len(above), len(above) + len(core)
    place = {
        name: (WIDE * (column + 0.5 + (widest - len(row)) / 2), TALL * (line + 0.5) + (GAP if line >= n_above else 0))
        for line, row in enumerate(above + core)
        for column, name in enumerate(row)
    }
    width, height = WIDE * widest, TALL * n_rows + GAP
    frame = f'x="6" y="{TALL * n_above + 4}" width="{width - 12}" height="{TALL * len(core) + GAP - 10}"'
    parts = [
        f'<rect {frame} rx="8" fill="none" stroke="{INK}" stroke-dasharray="5 4"/>',
        f'<text x="18" y="{TALL * n_above + 24}" font-style="italic">{SAID}</text>',
    ]
    for name in sorted(graph):
        for target in sorted(direct(name, graph)):
            if name in CORE or target not in CORE:
                parts.append(arrow(place[name], place[target]))
    parts += [box(name, kind(name, package), *place[name]) for name in place]
    said = "; ".join(f"{name} imports {', '.join(sorted(graph[name])) or 'nothing'}" for name in place)
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return f"""<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="sans-serif" font-size="14">
<title>The map of bptt_lab</title><desc>{said}</desc>
<defs><marker id="tip" markerWidth="8" markerHeight="8" refX="3" refY="3" orient="auto">
<path d="M0,0 L6,3 L0,6 z" fill="{GREY}"/></marker></defs>
<rect width="100%" height="100%" fill="white"/>
{chr(10).join(parts)}
</svg>
"""


def arrow(start: tuple[float, float], end: tuple[float, float]) -> str:
    (x_1, y_1), (x_2, y_2) = start, end
    y_1, y_2 = y_1 + HIGH / 2, y_2 - HIGH / 2 - 5
    middle = (y_1 + y_2) / 2
    path = f"M{x_1:g},{y_1:g} C{x_1:g},{middle:g} {x_2:g},{middle:g} {x_2:g},{y_2:g}"
    return f'<path d="{path}" fill="none" stroke="{GREY}" stroke-width="1.3" marker-end="url(#tip)"/>'


def box(name: str, look: str, x: float, y: float) -> str:
    corner, width = {"core": (2, 3), "module": (2, 1.2), "subpackage": (18, 1.2)}[look]
    area = f'x="{x - BOX / 2:g}" y="{y - HIGH / 2:g}" width="{BOX}" height="{HIGH}" rx="{corner}"'
    return (
        f'<rect {area} fill="{FILL[look]}" stroke="{INK}" stroke-width="{width}"/>'
        f'<text x="{x:g}" y="{y + 5:g}" text-anchor="middle">{name}</text>'
    )


def direct(name: str, graph: dict[str, set[str]]) -> set[str]:
    """What a part imports, without what it would reach by another of its imports."""
    beyond, queue = set(), list(graph[name])
    while queue:
        new = graph[queue.pop()] - beyond
        beyond |= new
        queue += new
    return graph[name] - beyond


if __name__ == "__main__":
    PICTURE.write_text(svg(), encoding="utf-8")
    described = PACKAGE / "__init__.py"
    described.write_text(LINES.sub(lambda _: text(), described.read_text(encoding="utf-8")), encoding="utf-8")
