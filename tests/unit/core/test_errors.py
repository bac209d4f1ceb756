from septet.core import errors
from septet.core.errors import CLASSES, SeptetError


def test_every_error_of_the_contract_has_its_class() -> None:
    declared = {item.__name__ for item in vars(errors).values() if isinstance(item, type) and issubclass(item, SeptetError)}
    assert set(CLASSES) == declared - {"SeptetError"}
    assert all(CLASSES[name].__name__ == name for name in CLASSES)


def test_an_error_reads_as_its_sentence() -> None:
    assert str(CLASSES["ToolFailed"]("the tool fell over")) == "the tool fell over"
