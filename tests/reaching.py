"""Which functions can come to be called from a function, as the source says: calls, tables of functions, callbacks."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
Node = tuple[str, str]
"""(module, name of a function, class or table at its top level)."""


@cache
def sources() -> dict[str, ast.Module]:
    found = {}
    for path in sorted((ROOT / "marketplace").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = ast.parse(path.read_text())
    return found


@cache
def references() -> dict[Node, set[Node]]:
    """What each top-level thing mentions of ours."""
    found: dict[Node, set[Node]] = defaultdict(set)
    for module, tree in sources().items():
        names = _names(module, tree)
        for name, part in _parts(tree):
            found[module, name] |= set(_mentioned(part, names))
        for name, thing in names.items():
            if isinstance(thing, tuple) and thing != (module, name):  # handed on under this module's name
                found[module, name].add(thing)
    return found


def reached(start: Node, but: Callable[[Node], bool] = lambda _: False) -> set[Node]:
    """Everything that `start` leads to; what `but` says is passed over."""
    seen, waiting = {start}, [start]
    while waiting:
        for one in references().get(waiting.pop(), ()):
            if one not in seen and not but(one):
                seen.add(one)
                waiting.append(one)
    return seen


def _parts(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    for part in tree.body:
        if isinstance(part, (ast.FunctionDef, ast.ClassDef)):
            yield part.name, part
        elif isinstance(part, (ast.Assign, ast.AnnAssign)) and part.value is not None:
            for target in part.targets if isinstance(part, ast.Assign) else [part.target]:
                if isinstance(target, ast.Name):
                    yield target.id, part.value


def _names(module: str, tree: ast.Module) -> dict[str, str | Node]:
    """Name in this module -> the module it stands for, or the thing."""
    names: dict[str, str | Node] = {name: (module, name) for name, _ in _parts(tree)}
    for part in ast.walk(tree):
        if isinstance(part, ast.ImportFrom) and (part.module or "").startswith("marketplace"):
            for one in part.names:
                whole = f"{part.module}.{one.name}"
                names[one.asname or one.name] = whole if whole in sources() else (part.module or "", one.name)
    return names


def _mentioned(part: ast.AST, names: dict[str, str | Node]) -> Iterator[Node]:
    for node in ast.walk(part):
        if isinstance(node, ast.Name) and isinstance(thing := names.get(node.id), tuple):
            yield thing
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            inside = names.get(node.value.id)
            if isinstance(inside, str):
                yield inside, node.attr
