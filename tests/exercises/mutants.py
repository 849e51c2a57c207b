"""Code with one change: an operator, a comparison, a constant, an index, a bound."""

import ast
import copy

OPERATORS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Div}
COMPARISONS = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any", "argmax": "argmin", "argmin": "argmax"}


def mutants(code: str):
    """Each as text."""
    tree = ast.parse(code)
    for place, node in enumerate(ast.walk(tree)):
        for change in _changes(node):
            other = copy.deepcopy(tree)
            change(next(one for number, one in enumerate(ast.walk(other)) if number == place))
            yield ast.unparse(other)


def _changes(node):
    """What can be done to one node, as functions that do it to its copy."""
    if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in OPERATORS:
        yield lambda copied: setattr(copied, "op", OPERATORS[type(copied.op)]())
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARISONS:
        yield lambda copied: copied.ops.__setitem__(0, COMPARISONS[type(copied.ops[0])]())
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield lambda copied: setattr(copied, "value", copied.value + 1)
        yield lambda copied: setattr(copied, "value", copied.value - 1)
    if isinstance(node, ast.Name) and node.id in NAMES:
        yield lambda copied: setattr(copied, "id", NAMES[copied.id])
    if isinstance(node, ast.Attribute) and node.attr in NAMES:
        yield lambda copied: setattr(copied, "attr", NAMES[copied.attr])
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield lambda copied: setattr(copied, "attr", "real")  # not transposed
