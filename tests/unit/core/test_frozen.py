import pickle
from collections.abc import Callable, Mapping
from copy import copy, deepcopy
from copy import replace as copied
from dataclasses import FrozenInstanceError, asdict, dataclass, field, fields, is_dataclass, replace
from inspect import signature
from typing import Any, ClassVar

import pytest

from septet.core.frozen import frozen, maker


@frozen
class Point:
    """Where it is."""

    space: ClassVar[str] = "plane"
    x: int
    y: int = 0
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def sum(self) -> int:
        return self.x + self.y


@frozen
class Spot:
    x: int
    y: int = 0
    tags: Mapping[str, str] = field(default_factory=dict)


@frozen
class Checked:
    name: str

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("a name is needed")


@frozen
class Empty:
    pass


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """The dataclass that Point is to behave like."""

    x: int
    y: int = 0
    tags: Mapping[str, str] = field(default_factory=dict)


def test_fields_hold_what_was_given_or_their_defaults() -> None:
    point = Point(x=1)
    assert (point.x, point.y, point.tags, point.sum) == (1, 0, {}, 1)
    assert Point(x=1, tags={"a": "b"}).tags == {"a": "b"}
    assert Point(x=1).tags is not point.tags
    assert Point.space == point.space == "plane"
    assert Point.__doc__ == "Where it is."


@pytest.mark.parametrize("wrong", [{}, {"x": 1, "z": 2}, {"y": 1}])
def test_other_fields_than_declared_are_refused_as_by_a_dataclass(wrong: dict[str, Any]) -> None:
    for kind in (Point, Model):
        with pytest.raises(TypeError):
            kind(**wrong)


def test_fields_are_given_by_name() -> None:
    made: Any = Point
    with pytest.raises(TypeError):
        made(1)


def test_nothing_can_be_changed_added_or_taken_away() -> None:
    point: Any = Point(x=1)
    with pytest.raises(FrozenInstanceError):
        point.x = 2
    with pytest.raises(FrozenInstanceError):
        point.other = 2
    with pytest.raises(FrozenInstanceError):
        del point.x
    assert point == Point(x=1)
    assert not hasattr(point, "__dict__")


def test_equal_are_values_of_one_class_with_equal_fields() -> None:
    assert Point(x=1) == Point(x=1, y=0)
    assert Point(x=1) != Point(x=2)
    assert Point(x=1) != Spot(x=1)
    assert Empty() == Empty()
    assert hash(Checked(name="a")) == hash(Checked(name="a"))
    with pytest.raises(TypeError, match="unhashable"):
        hash(Point(x=1))


def test_it_reads_as_it_is_made() -> None:
    assert repr(Point(x=1)) == "Point(x=1, y=0, tags={})"
    assert repr(Empty()) == "Empty()"


def test_what_is_checked_is_checked_also_in_a_changed_copy() -> None:
    assert Checked(name="a").name == "a"
    for wrong in (lambda: Checked(name=""), lambda: replace(Checked(name="a"), name=""), lambda: copied(Checked(name="a"), name="")):
        with pytest.raises(ValueError, match="needed"):
            wrong()


def test_the_dataclasses_module_takes_it_for_one_of_its_own() -> None:
    point, model = Point(x=1, y=2, tags={"a": "b"}), Model(x=1, y=2, tags={"a": "b"})
    assert is_dataclass(point)
    assert [item.name for item in fields(Point)] == [item.name for item in fields(Model)]
    assert asdict(point) == asdict(model)
    assert replace(point, y=3) == Point(x=1, y=3, tags={"a": "b"})
    assert copied(Checked(name="a"), name="b") == Checked(name="b")


def test_a_value_matches_a_pattern_by_its_fields() -> None:
    match Point(x=1, y=2):
        case Point(x=1, y=found):
            assert found == 2
        case _:
            pytest.fail("it does not match")


def test_bases_are_refused() -> None:
    class Base:
        pass

    class Below(Base):
        x: int

    with pytest.raises(TypeError, match="bases"):
        frozen(Below)
    with pytest.raises(TypeError, match="below"):
        type("Below", (Empty,), {})


def test_a_field_may_give_its_default_and_have_any_name() -> None:
    @frozen
    class Named:
        cls: int
        self: int = field(default=3)

    made = Named(cls=1)
    assert (made.cls, made.self, maker(Named)(cls=1, self=2).self) == (1, 3, 2)


def test_a_default_that_can_be_changed_is_refused_as_by_a_dataclass() -> None:
    @frozen
    class Shared:
        tags: list[str] = []  # noqa: RUF012 -- it is refused

    with pytest.raises(ValueError, match="tags"):
        Shared()


@pytest.mark.parametrize("again", [copy, deepcopy, lambda value: pickle.loads(pickle.dumps(value))])  # noqa: S301 -- of its own
def test_a_copy_of_any_kind_is_an_equal_value(again: Callable[[Any], Any]) -> None:
    for value in (Point(x=1, tags={"a": "b"}), Empty(), Checked(name="a")):
        assert (type(again(value)), again(value)) == (type(value), value)
    point = Point(x=1, tags={"a": "b"})
    assert (again(point).tags is point.tags) == (again is copy)


def test_a_constructor_is_compiled_when_it_is_asked_for_and_once() -> None:
    @frozen
    class Late:
        x: int

    assert not callable(vars(Late)["__new__"])
    assert maker(Late) is Late.__new__ is maker(Late)
    assert str(signature(Late)) == "(*, x)"


def test_a_maker_makes_what_the_class_makes() -> None:
    point, checked = maker(Point), maker(Checked)
    for given in ({"x": 1}, {"x": 1, "y": 2}, {"x": 1, "tags": {"a": "b"}}):
        made, usual = point(**given), Point(**given)
        assert (type(made), made, made.tags) == (Point, usual, usual.tags)
    assert point(x=1).tags is not point(x=1).tags
    with pytest.raises(FrozenInstanceError):
        point(x=1).x = 2  # type: ignore[misc]  # it is refused
    with pytest.raises(TypeError, match="x"):
        point(y=1)  # type: ignore[call-arg]  # so is this
    with pytest.raises(ValueError, match="a name is needed"):
        checked(name="")
