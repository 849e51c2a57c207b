"""Copies of a module, each with one small mistake in it."""

import ast
import types
from collections.abc import Iterator

OPERATORS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
             ast.Mod: ast.FloorDiv, ast.RShift: ast.LShift, ast.BitAnd: ast.BitOr, ast.Pow: ast.Mult}  # fmt: skip
COMPARISONS = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
               ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot}  # fmt: skip
NAMES = {"maximum": "minimum", "all": "any", "up": "abs", "outwards": "Interval", "high": "low", "start": "end"}
NAMES |= {"min": "max", "upper": "axis", "bit": "least"}
NAMES |= {new: old for old, new in NAMES.items() if new not in ("any", "abs", "Interval", "axis", "least")}


def changes(node: ast.AST) -> Iterator[tuple[str, object]]:
    """(field, new value) for each small mistake that can be made at a node: an operator, a comparison, a constant or
    index, a sign, a name."""
    if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in OPERATORS:
        yield "op", OPERATORS[type(node.op)]()
    if isinstance(node, ast.Compare):
        yield "ops", [COMPARISONS[type(node.ops[0])]()]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "op", ast.UAdd()
    if isinstance(node, ast.Constant) and type(node.value) is int:
        yield from (("value", node.value + more) for more in (1, -1))
    if isinstance(node, ast.Constant) and type(node.value) is float:
        yield from (("value", value) for value in ({2 * node.value, node.value / 2} if node.value else {1.0}))
    for field in ("id", "attr"):
        if getattr(node, field, None) in NAMES and isinstance(node.ctx, ast.Load):
            yield field, NAMES[getattr(node, field)]


def mutants(module: types.ModuleType) -> Iterator[tuple[str, types.ModuleType]]:
    """(what was changed, the changed copy)"""
    tree = parsed(module)
    parent = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in list(parent):
        around = context(parent, node)
        before = ast.unparse(around)
        for field, value in changes(node):
            old = getattr(node, field)
            setattr(node, field, value)
            yield f"{before} -> {ast.unparse(around)}", executed(tree, module)
            setattr(node, field, old)


def context(parent: dict, node: ast.AST) -> ast.AST:
    """The statement or expression that is two levels above a node."""
    for _ in range(2):
        if not isinstance(parent[node], ast.FunctionDef | ast.Module | ast.ClassDef | ast.For | ast.With):
            node = parent[node]
    return node


def parsed(module: types.ModuleType) -> ast.Module:
    with open(module.__file__, encoding="utf-8") as file:
        return ast.parse(file.read())


def executed(tree: ast.Module, module: types.ModuleType) -> types.ModuleType:
    fresh = types.ModuleType(module.__name__)
    exec(compile(tree, module.__file__, "exec"), fresh.__dict__)
    return fresh
