"""The checker with one mistake in it, for every place where one can be made: some near test notices.

A mutant has one operator, comparison, constant, index or function exchanged for another. Those that nothing can notice
are listed with the reason: what they compute is as right, or merely more careful.
"""

import ast
import copy
import types
import warnings

import near
import numpy as np
import pytest

from bptt_lab.proof import certificate, sets

OPERATORS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
             ast.Mod: ast.FloorDiv, ast.RShift: ast.LShift, ast.BitAnd: ast.BitOr, ast.Pow: ast.Mult}  # fmt: skip
COMPARISONS = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.In: ast.NotIn,
               ast.Is: ast.IsNot, ast.NotIn: ast.In}  # fmt: skip
NAMES = {"maximum": "minimum", "minimum": "maximum", "all": "any", "up": "abs", "min": "max", "max": "min",
         "high": "low", "low": "high", "start": "end", "end": "start", "outwards": "Interval", "abs": "negative"}  # fmt: skip


def changes(node):
    """(what is set, to what) for each small mistake that can be made at a node of the tree."""
    if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in OPERATORS:
        yield "op", OPERATORS[type(node.op)]()
    if isinstance(node, ast.Compare):
        yield from (("ops", [COMPARISONS[type(op)]()]) for op in node.ops)
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield from (("value", value) for value in ([node.value + 1, node.value - 1] if isinstance(node.value, int) else [2 * node.value, node.value / 2]))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "op", ast.UAdd()
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in NAMES:
        yield "id", NAMES[node.id]
    if isinstance(node, ast.Attribute) and node.attr in NAMES:
        yield "attr", NAMES[node.attr]
    if isinstance(node, ast.keyword) and isinstance(node.value, ast.Constant) and node.arg == "axis":
        pass


def mutants(module):
    """(the line and what it became, the code) for each change of a module."""
    with open(module.__file__, encoding="utf-8") as file:
        tree = ast.parse(file.read())
    for i, node in enumerate(ast.walk(tree)):
        for field, value in changes(node):
            changed = copy.deepcopy(tree)
            other = list(ast.walk(changed))[i]
            setattr(other, field, value)
            line = next(n for n in ast.walk(changed) if isinstance(n, ast.stmt) and n.lineno <= node.lineno <= n.end_lineno) if False else other
            yield node.lineno, ast.unparse(other), changed
