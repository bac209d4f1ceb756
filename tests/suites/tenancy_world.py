"""The API over the doubles of its ports, as Lambda runs it: processes that each serve every tenant in turn, over stores that they share."""

import io
import json
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import fields
from functools import cache, partial
from multiprocessing import get_context
from multiprocessing.managers import BaseManager
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Self

import jwt
from aws_lambda_powertools import Logger

from local.doubles import issuer
from septet.core import (
    costs,
    entries,
    files,
    inquiries,
    journal,
    ledger,
    replays,
    rows,
    running,
    runs,
    sessions,
    stopping,
    stops,
    summaries,
    waits,
)
from septet.core import seals as sealed
from septet.integration import run_ids
from septet.integration.http.application import Api
from septet.integration.identity import Verifier
from septet.integration.ports import Declaration, ExecutionState, Ports
from septet.local.approvals import MemoryApprovals, MemoryExecutions
from septet.local.costs import MemoryCosts
from septet.local.erasing import LocalEraser, MemoryContents
from septet.local.files import MemoryFileContents, MemoryFiles
from septet.local.inquiries import MemoryInquiries
from septet.local.journal import MemoryJournal
from septet.local.ledger import MemoryLedger
from septet.local.replays import MemoryReplays
from septet.local.rows import MemoryRows
from septet.local.runs import MemoryRuns
from septet.local.seals import MemoryKey, MemorySeals, MemoryUnsealed
from septet.local.sessions import MemorySessions
from septet.local.stop_records import MemoryStopRecords
from septet.local.stops import MemoryStops
from septet.local.summaries import MemorySummaries
from septet.local.waits import MemoryWaits
from septet.local.workflows import MemoryWorkflows
from septet.orchestration.closing import close
from septet.orchestration.erasing import Eraser
from septet.orchestration.sealing import Sealer
from septet.security import approvals
from tests.suites.tenancy_moves import Request
from tests.suites.tenancy_oracle import Answer
from tests.suites.tenancy_question import question

URL = "https://issuer.example"
PLENTY = ledger.Budgets(day=10**15, run=10**12, usual=10**6)
SUPPORT = Declaration(
    description="Answers a customer", input_schema={"type": "object", "properties": {"message": {"type": "string"}}}, undoes=True
)
STORES = (
    "journal",
    "heads",
    "ledger",
    "runs",
    "approvals",
    "executions",
    "workflows",
    "seals",
    "keys",
    "eraser",
    "inquiries",
    "waits",
    "stops",
    "stop_records",
    "sessions",
    "files",
    "contents",
    "rows",
    "costs",
    "summaries",
    "replays",
)
Change = Callable[[Ports], Ports]
"""What a test takes out of the API, to see that the suite finds it."""


def now() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


class _Items(list[Any]):
    """What an iterator gave."""


class Stores:
    """The stores, in a process of their own."""

    def __init__(self) -> None:
        written, records, questions, seals, key = MemoryJournal(), MemoryRuns(), MemoryApprovals(), MemorySeals(), MemoryKey()
        asked, filed, held, spent = MemoryInquiries(), MemoryFiles(), MemoryFileContents(), MemoryCosts()
        contents = MemoryContents(journal=written, runs=records, approved=questions, inquired=asked, filed=filed, held=held)
        self._all: dict[str, Any] = {
            "journal": written,
            "heads": written,
            "ledger": MemoryLedger(PLENTY),
            "runs": records,
            "approvals": questions,
            "executions": MemoryExecutions(),
            "workflows": MemoryWorkflows(),
            "files": filed,
            "contents": held,
            "rows": MemoryRows(),
            "costs": spent,
            "summaries": MemorySummaries(),
            "replays": MemoryReplays(),
            "inquiries": asked,
            "waits": MemoryWaits(),
            "stops": MemoryStops(),
            "stop_records": MemoryStopRecords(),
            "sessions": MemorySessions(),
            "seals": seals,
            "keys": key,
            "eraser": LocalEraser(eraser=Eraser(contents=contents, runs=records, clock=now)),
        }
        self._sealer = Sealer(heads=written, unsealed=MemoryUnsealed(records), seals=seals, signer=key, clock=now)

    def seal(self) -> None:
        """Seal what every tenant has written."""
        self._sealer.seal(lambda: True)

    def end(self) -> None:
        """Let every execution that runs fail, so that its run can be restarted."""
        held = self._all["workflows"]
        for execution, given in held.inputs.items():
            if held.states[execution].status != "running":
                continue
            held.states[execution] = ExecutionState(status="failed", ended_at=now(), error="ToolFailed")
            told = {"name": execution.rpartition(":")[2], "status": "FAILED", "error": "ToolFailed", "stopDate": now()}
            close(self._all["runs"], self._all["ledger"], {**told, "input": json.dumps(given)})

    def call(self, store: str, method: str, given: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
        """What the store's method returns; an iterator's items as a list."""
        found = getattr(self._all[store], method)(*given, **named)
        return _Items(found) if isinstance(found, Iterator) else found

    def ask(self, tenant: str, marker: str, number: int) -> tuple[str, str, str]:
        """See World."""
        run = run_ids.fresh(now() + number)
        written = {name: self._all[name] for name in ("journal", "runs", "approvals", "inquiries", "rows", "costs", "summaries")}
        return question(tenant, run, marker, **written, clock=now)

    def held(self, tenant: str) -> str:
        """Whatever is in any dictionary of a store under the tenant's name."""
        kept = (pair for store in self._all.values() for named in vars(store).values() if isinstance(named, dict) for pair in named.items())
        return "\n".join(sorted(text for pair in kept if tenant in (text := repr(pair))))


class _Manager(BaseManager):
    pass


_Manager.register("Stores", Stores)


class _Remote:
    """A store in the other process."""

    def __init__(self, stores: Any, name: str) -> None:
        self._stores, self._name = stores, name

    def __getattr__(self, method: str) -> Callable[..., Any]:
        return lambda *given, **named: _iterable(self._stores.call(self._name, method, given, named))


def _iterable(found: Any) -> Any:
    return iter(found) if isinstance(found, _Items) else found


def _portable(*modules: ModuleType) -> None:
    """Let the platform's values, which nothing pickles in earnest, go between these processes."""
    for kind in {one for module in modules for one in vars(module).values() if isinstance(one, type) and hasattr(one, "_values")}:
        ForkingPickler.register(kind, lambda value: (_made, (type(value), {one.name: getattr(value, one.name) for one in fields(value)})))


def _made(kind: Any, values: Mapping[str, Any]) -> Any:
    return kind(**values)


_portable(
    costs,
    entries,
    files,
    inquiries,
    journal,
    ledger,
    replays,
    rows,
    running,
    runs,
    sealed,
    sessions,
    stopping,
    stops,
    summaries,
    waits,
    approvals,
)


@cache
def _api(stores: Any, home: Path, change: Change | None) -> Api:
    """This process's API, made once, as in a Lambda function."""
    published = {key["kid"]: jwt.PyJWK(key) for key in issuer.public_keys(home)["keys"]}
    remote: dict[str, Any] = {name: _Remote(stores, name) for name in STORES}
    ports = Ports(
        **remote,
        identity=Verifier(issuer=URL, audience="septet", keys=SimpleNamespace(key=published.__getitem__)),
        clock=now,
        id_keys=lambda: (b"a secret of the suite",),
        declared={"support": SUPPORT},
        capacity=10**6,
        reconcile=lambda _, __: None,
        replay=lambda _, __: None,
        platform_tenant="operations",
        pause=lambda _: None,
    )
    return Api(change(ports) if change else ports, Logger(service="tenancy", stream=io.StringIO()))


_here: list[Any] = []
"""Of a serving process: what its API is made of."""


def _begin(stores: Any, home: Path, change: Change | None) -> None:
    _here[:] = [stores, home, change]


def _serve(event: Mapping[str, Any]) -> Answer:
    found = _api(*_here)(event, SimpleNamespace(aws_request_id="r", invoked_function_arn="arn:aws:lambda:eu-west-1:1:function:f"))
    headers = {**(found.get("headers") or {}), **(found.get("multiValueHeaders") or {})}
    return Answer(status=int(found["statusCode"]), headers=str(headers), body=found["body"])


class Processes:
    """The world of the suite: a context that ends its processes."""

    def __init__(self, home: Path, *, processes: int = 3, change: Change | None = None) -> None:
        context = get_context("forkserver")  # imports once for all processes
        context.set_forkserver_preload([__name__])
        self._home = home
        self._manager = _Manager(ctx=context)
        self._manager.start()
        self._stores: Any = self._manager.Stores()  # type: ignore[attr-defined]  # registered above
        self._pool = ProcessPoolExecutor(processes, mp_context=context, initializer=_begin, initargs=(self._stores, home, change))
        self._token = cache(partial(issuer.mint, home, issuer=URL))
        self._asked = iter(range(10**9))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()
        self._manager.shutdown()

    def send(self, request: Request) -> Answer:
        """Have one of the processes answer."""
        token = self._token(tenant=request.tenant, subject=request.subject, roles=request.roles)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", **request.headers}
        event = {
            "path": request.path,
            "httpMethod": request.method,
            "headers": headers,
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "queryStringParameters": dict(request.query) or None,
            "multiValueQueryStringParameters": {name: [value] for name, value in request.query.items()} or None,
            "requestContext": {"stage": "live"},
            "body": None if request.body is None else json.dumps(request.body),
            "isBase64Encoded": False,
        }
        return self._pool.submit(_serve, event).result()

    def ask(self, tenant: str, marker: str) -> tuple[str, ...]:
        """See World."""
        found: tuple[str, ...] = self._stores.ask(tenant, marker, next(self._asked))
        return found

    def between(self) -> None:
        """See World."""
        self._stores.seal()
        self._stores.end()

    def held(self, tenant: str) -> str:
        """See World."""
        return str(self._stores.held(tenant))
