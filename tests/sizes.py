"""How much the largest scenarios take on: a little in `make test`, all that is promised in `make drills`."""

import os

FULL = bool(os.environ.get("SEPTET_FULL"))
"""Whether everything runs at full size: 200 rows of a batch, fifty trees that are stopped."""
