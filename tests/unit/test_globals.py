"""What a warm process keeps: it serves one tenant after the other, so nothing of a tenant's may be kept without the tenant in its key."""

import ast
from collections.abc import Iterator
from pathlib import Path

import septet
from septet.core.entries import Answer
from septet.core.journal import Branch, Head, Pen
from septet.core.runs import Run
from septet.local.journal import MemoryJournal
from septet.local.policies import shipped
from septet.security.monitor import Monitor
from septet.security.projection import Projections
from tests.unit.shop import MANIFESTS

ROOT = Path(next(iter(septet.__path__)))
CONTAINERS = {"dict", "list", "set", "OrderedDict", "defaultdict", "Counter", "deque", "WeakValueDictionary", "WeakKeyDictionary"}
CACHES = {"cache", "lru_cache", "cached_property"}
KEPT = {
    "aws/calling_replays.py:_client": "the client of whoever calls with replays, which is the deployment's",
    "aws/calling_replays.py:_url": "the address of the queue of replays, which is the deployment's",
    "aws/clients.py:_client": "clients by service and region",
    "aws/dead_letters.py:_url": "the address of the queue of dead letters, which is the deployment's",
    "aws/signing.py:_public": "the public key of seals",
    "bootstrap/": "adapters and settings, which are the deployment's",
    "core/spelling.py:_speller": "by kind of entry",
    "core/spelling.py:_plain": "by kind of entry",
    "core/journal.py": "names of agents, turns and bundles, each by itself",
    "core/schemas.py": "schemas of bundles and workflows, by their text",
    "entry/": "an agent's bundle, the gateway, the API: what the synth wrote, and adapters",
    "integration/approving.py:run": "for one listing: the function that holds it is made anew for each",
    "security/cedar.py": "entities by agent and tenant, verdicts by the whole question, which has the tenant",
    "security/disguises.py": "single characters",
    "security/intents.py:MASKS": "a fixed list of verbs",
}
"""By file, or by file and name: what a module keeps for as long as its process lives, and why that may be."""


def _called(node: ast.expr | None) -> str:
    """The name of what is called, or decorates."""
    while isinstance(node, ast.Call):
        node = node.func
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _mutable(value: ast.expr | None) -> bool:
    """Whether it begins empty, so that something is to be put into it: a table that is written out is no memory."""
    empty = (isinstance(value, ast.Dict) and not value.keys) or (isinstance(value, ast.List) and not value.elts)
    return empty or (isinstance(value, ast.Call) and _called(value) in CONTAINERS and not value.args)


def memories() -> Iterator[str]:
    """Every cache and every container of a module that begins empty, as ``file:name``."""
    for path in sorted(ROOT.rglob("*.py")):
        place, tree = path.relative_to(ROOT).as_posix(), ast.parse(path.read_text())
        if place.startswith("local/"):
            continue
        for node in tree.body:
            if isinstance(node, ast.Assign | ast.AnnAssign) and _mutable(node.value):
                (target,) = node.targets if isinstance(node, ast.Assign) else (node.target,)
                yield f"{place}:{ast.unparse(target)}"
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and any(_called(one) in CACHES for one in node.decorator_list):
                yield f"{place}:{node.name}"
            elif isinstance(node, ast.Call) and _called(node) in CACHES and not isinstance(node.func, ast.Call):
                yield f"{place}:{_called(node)}"


def test_every_memory_of_a_process_says_why_it_may_outlive_a_tenant() -> None:
    found = set(memories())
    unsaid = {one for one in found if not any(one.startswith(known) for known in KEPT)}
    assert not unsaid, "say in KEPT why this may outlive a tenant, and give it the tenant in its key if it holds anything of one's"
    assert not {known for known in KEPT if not any(one.startswith(known) for one in found)}, "this is gone: take it out of KEPT"


def test_a_warm_gateway_knows_one_tenants_run_from_anothers_of_the_same_name() -> None:
    journal = MemoryJournal()
    projections = Projections(
        manifests=MANIFESTS, journal=journal, monitor=lambda run: Monitor(MANIFESTS, shipped(), tenant=run.tenant, principal=run.submitter)
    )
    runs = [Run(tenant=tenant, run="run-1", workflow="w", submitter="ann", digest="", created_at=0) for tenant in ("acme", "other")]
    for number, run in enumerate(runs, 1):
        branch = Branch(tenant=run.tenant, run=run.run)
        pen = Pen(journal=journal, branch=branch, clock=lambda: 1, head=Head())
        for value in range(number):
            pen.write(Answer(value=value))
        projections.keep(branch, projections.current(branch, run))
    assert [projections.current(Branch(tenant=run.tenant, run=run.run), run).head.number for run in runs] == [1, 2]
