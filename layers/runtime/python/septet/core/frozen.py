"""Immutable values for the hot path: what ``@dataclass(frozen=True, kw_only=True, slots=True)`` makes, for a fraction of its instructions.

A frozen dataclass compiles six methods when it is defined and goes through ``object.__setattr__`` for each field of each object; on the
turn's path that was an eighth of a cold start and a quarter of a step (docs/decisions/0008-values-of-our-own.md has the figures). Here one
method is compiled, when the first value is made: it fills an object of a hidden class of the same shape, which takes values, and then turns
it into one that does not.
``dataclasses.fields``, ``replace`` and ``asdict`` work as with a dataclass.
``maker`` gives the same constructor as a function, for what every step makes.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field
from operator import attrgetter
from types import FunctionType
from typing import Any, ClassVar, dataclass_transform, get_origin


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(field,))
def frozen[T](declared: type[T]) -> type[T]:
    """The class *declared*, with its annotations as keyword-only fields. A ``field`` may give a factory; a ``__post_init__`` is called."""
    if declared.__bases__ != (object,):
        raise TypeError(f"{declared.__name__} has bases; a frozen value has none")
    namespace = dict(vars(declared))
    names = tuple(name for name, kind in declared.__annotations__.items() if ClassVar not in (kind, get_origin(kind)))
    defaults = {name: namespace.pop(name) for name in names if name in namespace}
    del namespace["__dict__"], namespace["__weakref__"]
    own: dict[str, Any] = {
        "__qualname__": declared.__qualname__,
        "__slots__": names,
        "__new__": _Constructor(declared, names, defaults),
        "__dataclass_fields__": _Fields(defaults),
        "_values": attrgetter(*names, "__class__"),  # always a tuple, but for a value without fields
    }
    return type(declared.__name__, (), {**_METHODS, **namespace, **own})


def maker[**P, T](kind: Callable[P, T]) -> Callable[P, T]:
    """What ``kind(…)`` calls, as a plain function: Python calls a class with a dictionary of its keywords, which costs as much again."""
    constructor: Callable[P, T] = kind.__new__  # type: ignore[assignment]  # the type checker knows object's
    return constructor


class _Constructor:
    """``__new__``, compiled when somebody asks: of most kinds that a process knows it makes no value."""

    def __init__(self, declared: type, names: tuple[str, ...], defaults: Mapping[str, Any]) -> None:
        self._shape = declared, names, defaults

    def __get__(self, _: object, owner: Any) -> FunctionType:
        constructor = _constructor(*self._shape)
        constructor.__defaults__ = (owner,)  # so that ``maker`` needs no other function than this one
        owner.__new__ = staticmethod(constructor)
        return constructor


def _constructor(declared: type, names: tuple[str, ...], defaults: Mapping[str, Any]) -> FunctionType:
    """``__new__``, compiled for these fields."""
    known: dict[str, Any] = {"_draft": type(declared.__name__, (), {"__slots__": names}), "_unset": MISSING}
    takes, fills = [], []
    for name in names:
        default: Any = defaults.get(name, MISSING)
        if isinstance(default, Field) and default.default_factory is MISSING:
            default = default.default
        if type(default).__hash__ is None:
            raise ValueError(f"{declared.__name__}.{name}: values would share this default; give field() a factory")
        if isinstance(default, Field):
            known[f"_make_{name}"] = default.default_factory
            takes.append(f"{name}=_unset")
            fills.append(f"_self.{name} = _make_{name}() if {name} is _unset else {name}")
        else:
            known[f"_default_{name}"] = default
            takes.append(name if default is MISSING else f"{name}=_default_{name}")
            fills.append(f"_self.{name} = {name}")
    checks = ["_self.__post_init__()"] if hasattr(declared, "__post_init__") else []
    lines = ["_self = _draft()", *fills, "_self.__class__ = _cls", *checks, "return _self"]
    exec(f"def __new__(_cls, {', '.join(['*', *takes] if takes else [])}):\n " + "\n ".join(lines), known)  # noqa: S102 -- names of fields
    constructor: FunctionType = known["__new__"]
    return constructor


class _Fields:
    """The fields as ``dataclasses`` wants them, made when somebody asks: a turn never does."""

    def __init__(self, defaults: Mapping[str, Any]) -> None:
        self._defaults = defaults

    def __get__(self, _: object, owner: Any) -> dict[str, Field[Any]]:
        like: Any = type(owner.__name__, (), {"__annotations__": owner.__annotations__, **self._defaults})
        found: dict[str, Field[Any]] = dataclass(kw_only=True)(like).__dataclass_fields__
        owner.__dataclass_fields__ = found
        return found


def _all(value: Any) -> Any:
    return value._values(value)  # noqa: SLF001 -- its own reader, which ``frozen`` has made


def _equal(self: Any, other: object) -> Any:
    return _all(self) == _all(other) if type(other) is type(self) else NotImplemented


def _hash(self: Any) -> int:
    return hash(_all(self))


def _repr(self: Any) -> str:
    return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in self.__slots__)})"


def _changed(self: Any, /, **changes: Any) -> Any:
    return self.__new__(**dict(zip(self.__slots__, _all(self), strict=False)) | changes) if self.__slots__ else type(self)(**changes)


def _reduced(self: Any) -> Any:
    """For ``copy`` and ``pickle``: it is made again."""
    return _made, (type(self), {name: getattr(self, name) for name in self.__slots__})


def _made(kind: Callable[..., Any], values: Mapping[str, Any]) -> Any:
    return kind(**values)


def _last(cls: type, **_: Any) -> None:
    raise TypeError(f"{cls.__name__} is below a frozen value, which has none below it")


def _refuse(self: object, name: str, *_: object) -> None:
    raise FrozenInstanceError(f"{type(self).__name__}.{name} cannot be changed")


_METHODS = {
    "__eq__": _equal,
    "__hash__": _hash,
    "__repr__": _repr,
    "__replace__": _changed,
    "__reduce__": _reduced,
    "__init_subclass__": _last,
    "__setattr__": _refuse,
    "__delattr__": _refuse,
}
