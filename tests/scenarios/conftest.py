from collections.abc import Iterator
from typing import Any

import pytest

from tests.desk import Desk


@pytest.fixture
def desk(twin: Any) -> Iterator[Desk]:
    with Desk(twin=twin) as desk:
        yield desk
