"""The part of CloudWatch's metric math that our alarms use, evaluated: time series as lists, oldest first, None where there is no data.

It is almost Python, so Python parses it; whatever else an expression holds is refused.
"""

import ast
import operator
from collections.abc import Callable, Mapping, Sequence

type Value = float | None
type Line = list[Value]


def _divided(one: float, other: float) -> Value:
    """CloudWatch leaves a moment out at which it would divide by nothing."""
    return one / other if other else None


_OPERATORS: Mapping[type, Callable[[float, float], Value]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: _divided,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
}
_ACROSS: Mapping[str, Callable[[Sequence[float]], float]] = {"SUM": sum, "MAX": max}


def evaluate(expression: str, known: Mapping[str, Line]) -> Line:
    """What *expression* comes to at each moment. Raises ValueError for what is no metric math that we know, KeyError for an unknown id."""
    length = len(next(iter(known.values())))
    return _line(ast.parse(expression, mode="eval").body, known, length)


def _line(node: ast.expr, known: Mapping[str, Line], length: int) -> Line:
    match node:
        case ast.Name(id=name):
            found = known[name]
        case ast.Constant(value=int() | float() as number):
            found = [float(number)] * length
        case ast.BinOp(left=left, op=op, right=right) | ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _OPERATORS:
            found = _each(_OPERATORS[type(op)], _line(left, known, length), _line(right, known, length))
        case ast.Call(func=ast.Name(id="IF"), args=[condition, yes, no]):
            parts = [_line(part, known, length) for part in (condition, yes, no)]
            found = [None if asked is None else one if asked else other for asked, one, other in zip(*parts, strict=True)]
        case ast.Call(func=ast.Name(id="FILL"), args=[filled, ast.Constant(value=int() | float() as number)]):
            found = _filled(_line(filled, known, length), float(number))
        case ast.Call(func=ast.Name(id="SUM" | "MAX" as name), args=[ast.List(elts=lines)]):
            found = _across(_ACROSS[name], [_line(line, known, length) for line in lines])
        case _:
            raise ValueError(f"{ast.unparse(node)} is no metric math that is known here")
    return found


def _each(act: Callable[[float, float], Value], left: Line, right: Line) -> Line:
    """Where one has no value, the result has none."""
    return [None if one is None or other is None else _number(act(one, other)) for one, other in zip(left, right, strict=True)]


def _number(value: Value) -> Value:
    return None if value is None else float(value)


def _filled(line: Line, number: float) -> Line:
    """Of a line without any value nothing is known to be filled, so nothing is here: no alarm may need that it is."""
    return line if all(value is None for value in line) else [number if value is None else value for value in line]


def _across(act: Callable[[Sequence[float]], float], lines: Sequence[Line]) -> Line:
    """Of those that have a value."""
    values = [[value for value in moment if value is not None] for moment in zip(*lines, strict=True)]
    return [act(found) if found else None for found in values]
