"""What the API can do with files, and with the batches that read them."""

from http import HTTPStatus

from septet.integration import batching, filing
from septet.integration.http import file_models as models
from septet.integration.http.operation import Call, Operation, Reply
from septet.integration.http.views import moment
from septet.integration.ports import Ports


def _view(found: filing.Filed) -> models.File:
    file, moved = found.file, found.transfer
    return models.File(
        id=file.file,
        name=file.name,
        media_type=file.media_type,
        bytes=file.bytes,
        sha256=file.sha256,
        owner=file.owner,
        created_at=moment(file.created_at),
        state=found.state,
        transfer=models.Transfer(method=moved.method, url=moved.url, headers=dict(moved.headers), expires_at=moment(moved.expires_at))
        if moved
        else None,
    )


def _offer(call: Call, ports: Ports) -> Reply:
    asked: models.FileOffer = call.body
    offered = filing.Offer(name=asked.name, media_type=asked.media_type, bytes=asked.bytes, sha256=asked.sha256)
    view = _view(filing.offer(offered, call.principal, ports))
    return Reply(answer=view, headers={"Location": f"files/{view.id}"})


def _file(call: Call, ports: Ports) -> Reply:
    return Reply(answer=_view(filing.found(call.name, call.principal, ports)))


def _batch(call: Call, ports: Ports) -> Reply:
    query: models.RowsQuery = call.query
    found = batching.report(call.name, call.principal, ports, after=query.after, limit=query.limit, status=query.status)
    page = [
        models.BatchRow(row=row.number, run=row.run or None, status=row.status, error=row.error, message=row.message) for row in found.page
    ]
    counts, files = dict(found.counts), dict(found.files)
    return Reply(
        answer=models.Batch(
            run=call.name, rows=found.rows, tolerated=found.tolerated, counts=counts, files=files, page=page, next=found.next
        )
    )


OPERATIONS = (
    Operation(
        id="offerFile",
        method="POST",
        path="/v1/files",
        summary="Say what is going to be uploaded, and get the request that uploads it",
        act=_offer,
        answer=models.File,
        status=HTTPStatus.CREATED,
        location="The file",
        body=models.FileOffer,
    ),
    Operation(
        id="getFile",
        method="GET",
        path="/v1/files/{file}",
        summary="See a file, and get the request that downloads it",
        act=_file,
        answer=models.File,
    ),
    Operation(
        id="readRows",
        method="GET",
        path="/v1/runs/{run}/rows",
        summary="See how a batch stands, and what became of its rows",
        act=_batch,
        answer=models.Batch,
        query=models.RowsQuery,
    ),
)
