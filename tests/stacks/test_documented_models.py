"""What docs/models.md shows, copied into policies/models.toml, is taken by the catalogue."""

import re
import shutil
from pathlib import Path

from stacks.catalog import read
from stacks.catalog.models import CAPABILITIES, FALLBACKS, PROVIDERS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/models.md").read_text()


def test_the_catalogue_takes_every_entry_of_the_page(tmp_path: Path) -> None:
    for folder in ("functions", "layers", "policies", "state_machines"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    blocks = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    with (tmp_path / "policies/models.toml").open("a") as file:
        file.write("\n".join(blocks))
    agent = tmp_path / "functions/agents/triage/agent.toml"
    agent.write_text(agent.read_text().replace('model = "fast"', 'model = "careful"'))
    catalog = read(tmp_path)
    assert {catalog.models[id_].provider for id_ in ("amazon.nova-micro-v1:0", "qwen3", "qwen3-32b", "support-tuned")} == set(PROVIDERS)
    assert [model.weight for model in catalog.agents["triage"].models] == [9, 1, 0]


def test_the_page_names_what_there_is() -> None:
    for word in (*PROVIDERS, *CAPABILITIES, *FALLBACKS):
        assert word in PAGE
