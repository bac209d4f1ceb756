"""What the API can do with seals, and with the content that they seal."""

import json

from septet.core.seals import ALGORITHM
from septet.integration import erasing, reading, sealed
from septet.integration.http import audit_models as models
from septet.integration.http import views
from septet.integration.http.operation import Call, Operation, Reply
from septet.integration.http.pages import PAGE_BYTES, page
from septet.integration.http.run_models import HistoryQuery, JournalPage
from septet.integration.ports import Ports


def _seals(call: Call, ports: Ports) -> Reply:
    """As many seals as one answer may hold, and at least one."""
    query: models.SealsQuery = call.query
    found = sealed.seals(call.principal, ports, after=query.after, limit=query.limit)
    shown: list[models.KeptSeal] = []
    size = 0
    for one in found.seals:
        view = views.kept(one)
        size += len(json.dumps(view.model_dump_json()))
        if shown and size > PAGE_BYTES:
            return Reply(answer=models.SealPage(seals=shown, next=shown[-1].name))
        shown.append(view)
    return Reply(answer=models.SealPage(seals=shown, next=found.next))


def _proofs(call: Call, ports: Ports) -> Reply:
    query: models.SealsQuery = call.query
    found = sealed.proofs(call.name, call.principal, ports, after=query.after, limit=query.limit)
    return Reply(answer=models.ProofPage(proofs=[models.SealProof(**one.document()) for one in found.proofs], next=found.next))


def _seal_key(call: Call, ports: Ports) -> Reply:
    key, pem = sealed.public_key(call.principal, ports)
    return Reply(answer=models.SealKey(key=key, algorithm=ALGORITHM, pem=pem))


def _erasures(call: Call, ports: Ports) -> Reply:
    query: HistoryQuery = call.query
    part = reading.Part(after=query.after, limit=query.limit, sealed=query.sealed)
    return page(reading.entries(erasing.orders(call.principal), ports, part), sealed=query.sealed)


def _erase(call: Call, ports: Ports) -> Reply:
    asked: models.ErasureRequest = call.body
    wanted = erasing.Wanted(of=asked.of, subject=asked.subject)
    done = erasing.erase(wanted, call.principal, ports, erasure=asked.erasure, cursor=asked.cursor)
    kept = dict(done.kept)
    return Reply(answer=models.Erasure(erasure=done.erasure, erased=list(done.erased), kept=kept, more=done.more, next=done.next))


OPERATIONS = (
    Operation(
        id="readRunSeals",
        method="GET",
        path="/v1/runs/{run}/seals",
        summary="Read what seals have of a run",
        act=_proofs,
        answer=models.ProofPage,
        query=models.SealsQuery,
    ),
    Operation(
        id="readSeals",
        method="GET",
        path="/v1/audit/seals",
        summary="Read the tenant's seals, oldest first",
        act=_seals,
        answer=models.SealPage,
        query=models.SealsQuery,
    ),
    Operation(
        id="getSealKey",
        method="GET",
        path="/v1/audit/key",
        summary="Read the public key that verifies seals",
        act=_seal_key,
        answer=models.SealKey,
    ),
    Operation(
        id="readErasures",
        method="GET",
        path="/v1/audit/erasures",
        summary="Read who had whose content erased",
        act=_erasures,
        answer=JournalPage,
        query=HistoryQuery,
    ),
    Operation(
        id="erase",
        method="POST",
        path="/v1/audit/erasures",
        summary="Erase the content of a run, of a person's runs, or of the tenant",
        act=_erase,
        answer=models.Erasure,
        body=models.ErasureRequest,
        conflicts="Others order erasures at the same moment",
    ),
)
