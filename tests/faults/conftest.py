from typing import Any

import pytest

from tests.desk import Desk


@pytest.fixture
def desk(twin: Any) -> Desk:
    return Desk(twin=twin)
