"""Write docs/iam.md from a synth's output: ``python -m local.iam [cdk.out]``."""

import json
import sys
from pathlib import Path

from local.iam.examination import kept
from local.iam.page import page
from local.iam.statements import PolicyError
from local.iam.templates import Place, load
from local.twin.layout import REPOSITORY


def main(arguments: list[str]) -> int:
    """Write the page; 1 when there are no templates, or one that cannot be read."""
    folder = Path(arguments[0] if arguments else REPOSITORY / "cdk.out")
    environment = json.loads((REPOSITORY / "cdk.json").read_text())["context"]["environments"]["twin"]
    try:
        account = load(folder, Place(region=environment["region"], account=environment["account"]))
    except PolicyError as error:
        print(f"iam: {error}", file=sys.stderr)
        return 1
    if not account.roles:
        print(f"{folder} holds no templates: run `make synth` first", file=sys.stderr)
        return 1
    (REPOSITORY / "docs" / "iam.md").write_text(page(account, kept(REPOSITORY / "policies" / "unused.toml")))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
