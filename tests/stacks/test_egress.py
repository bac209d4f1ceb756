"""The list of where something may go: read strictly, given to the gateway, and to nobody else."""

import json
from pathlib import Path

import pytest

from septet.security.egress import Rules, rules
from stacks.catalog import CatalogError, generated, read
from tests.stacks.conftest import REAL

FILE = "policies/egress.toml"
GOOD = """
hosts = ["api.example.com", "*.docs.example.com:8443"]
prefixes = ["https://files.example.com/public/"]
mail_domains = ["xn--bcher-kva.example"]
"""


def problems(tree: Path, text: str) -> str:
    (tree / FILE).write_text(text)
    with pytest.raises(CatalogError) as raised:
        read(tree)
    return str(raised.value)


def test_a_list_reaches_the_gateway_as_it_is_written(tree: Path) -> None:
    (tree / FILE).write_text(GOOD)
    assert rules(generated.egress(read(tree))) == Rules(
        listed=True,
        hosts=frozenset({"api.example.com", "*.docs.example.com:8443"}),
        prefixes=("https://files.example.com/public/",),
        mail_domains=frozenset({"xn--bcher-kva.example"}),
    )


def test_an_empty_file_is_an_empty_list_and_no_file_is_none(tree: Path) -> None:
    assert not rules(generated.egress(read(tree))).listed
    (tree / FILE).write_text("")
    assert rules(generated.egress(read(tree))) == Rules(listed=True)


def test_the_gateway_alone_has_it() -> None:
    catalog = read(REAL)
    having = [function.name for function in catalog.functions if "egress.json" in generated.files(catalog, function)]
    assert having == ["gateway"]
    assert json.loads(generated.files(catalog, catalog.step("gateway").function)["egress.json"]) == catalog.egress


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('hosts = ["https://api.example.com"]', "policies/egress.toml: hosts: has 'https://api.example.com': give a host in lower case"),
        ('hosts = ["API.example.com"]', "hosts: has 'API.example.com'"),
        ('hosts = ["*"]', "hosts: has '*'"),
        ('hosts = ["*.com"]', "hosts: has '*.com'"),
        ('hosts = ["api.*.com"]', "hosts: has 'api.*.com'"),
        ('hosts = ["api.example.com:443"]', "hosts: has 'api.example.com:443'"),
        ('hosts = ["169.254.169.254"]', "hosts: has '169.254.169.254'"),
        ('hosts = ["localhost"]', "hosts: has 'localhost'"),
        ('hosts = ["b\u00fccher.example"]', "an international one as xn--"),
        ('hosts = "api.example.com"', "hosts: is 'api.example.com': give a list of texts"),
        ('prefixes = ["https://files.example.com"]', "prefixes: has 'https://files.example.com': give a URL as"),
        ('prefixes = ["https://files.example.com/a"]', "prefixes: has"),
        ('prefixes = ["https://files.example.com/a/../"]', "prefixes: has"),
        ('prefixes = ["https://user@files.example.com/"]', "prefixes: has"),
        ('prefixes = ["https://*.example.com/"]', "prefixes: has"),
        ('prefixes = ["ftp://files.example.com/"]', "prefixes: has"),
        ('prefixes = ["https://files.example.com/?a=/"]', "prefixes: has"),
        ('prefixes = ["https://[/"]', "prefixes: has"),
        ('mail_domains = ["someone@example.com"]', "mail_domains: has 'someone@example.com': give a domain"),
        ('mail_domains = ["*"]', "mail_domains: has '*'"),
        ('host = ["api.example.com"]', "host: is no key here, did you mean 'hosts'?"),
        ("hosts", "cannot be read as TOML"),
    ],
)
def test_what_is_wrong_names_the_field_and_the_fix(tree: Path, text: str, sentence: str) -> None:
    assert sentence in problems(tree, text)
