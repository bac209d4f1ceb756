"""Every item belongs to a tenant by the first part of its key. What does not says here why it holds nothing of a tenant's, or for whom."""

from typing import Any

from tests.stacks.templates import Templates

TENANT_FIRST = {
    "journal": ("pk", "tenant#run#branch"),
    "runs": ("tenant", "tenant"),
    "runs/by_created": ("tenant", "tenant"),
    "approvals": ("tenant", "tenant"),
    "effects": ("pk", "tenant#run"),
    "accounts": ("account", "tenant#account"),
    "control": ("tenant", "tenant"),
    "waits": ("pk", "tenant#run"),
    "rows": ("pk", "tenant#run"),
    "files": ("tenant", "tenant"),
    "projections": ("pk", "tenant#run#path"),
    "replays": ("pk", "tenant#replay"),
    "costs": ("tenant", "tenant"),
    "summaries": ("tenant", "tenant"),
    "summaries/by_end": ("tenant", "tenant"),
    "sessions": ("pk", "tenant#session"),
    "stops": ("tenant", "tenant"),
    "inquiries": ("tenant", "tenant"),
    "cache": ("cache", "tenant#digest of the request"),
    "choices": ("pk", "tenant#skill, tenant#run; in the partition *#load how often each agent was chosen, whoever for"),
    "orders": ("tenant", "tenant"),
    "refunds": ("tenant", "tenant"),
    "documents": ("tenant", "tenant"),
    "supplies": ("tenant", "tenant"),
}
"""Tables and indexes: the partition key, and what it is made of; tests/unit/aws/test_tenancy.py holds the adapters to it."""
EVERYBODYS = {
    "health": ("model", "whether a model answers is the same for everybody, and nothing of a request is in it"),
    "approvals/outbox": ("outbox", "for the step alone that tells waiting executions; items carry their tenant"),
    "approvals/escalations": ("escalating", "for the step alone that tells operators; items carry their tenant"),
    "approvals/pending": ("pending", "for the step alone that counts what stands; items carry their tenant"),
    "sessions/due": ("waiting", "for the step alone that lets sessions go on; an item's key has its tenant"),
    "accounts/leases": ("shard", "for the sweeper alone; items carry their tenant"),
    "inquiries/outbox": ("outbox", "for the step alone that tells waiting executions; items carry their tenant"),
    "stops/unfinished": ("unfinished", "for the step alone that reconciles stops; items carry their tenant"),
    "runs/unsealed": ("unsealed", "for the step alone that seals; its sort key begins with the tenant"),
}
READERS_OF_EVERYBODYS = {
    "approvals/outbox": {"step deliver_decisions", "step observe"},
    "approvals/escalations": {"step deliver_decisions"},
    "approvals/pending": {"step observe"},
    "accounts/leases": {"step sweep_accounts"},
    "sessions/due": {"step advance_sessions"},
    "inquiries/outbox": {"step deliver_answers", "step observe"},
    "stops/unfinished": {"step reconcile_stops"},
    "runs/unsealed": {"step seal_journal"},
}


def partitions(templates: Templates) -> dict[str, str]:
    """The partition key of each table and index."""
    prefix, found = f"{templates.settings.names.prefix}-", {}
    for table in templates.all("AWS::DynamoDB::Table"):
        name = table.properties["TableName"].removeprefix(prefix)
        shapes: list[tuple[str, Any]] = [(name, table.properties)]
        shapes += [(f"{name}/{index['IndexName']}", index) for index in table.properties.get("GlobalSecondaryIndexes", ())]
        found |= {place: next(key["AttributeName"] for key in shape["KeySchema"] if key["KeyType"] == "HASH") for place, shape in shapes}
    return found


def test_every_key_starts_with_the_tenant_or_says_why_not(deployed: Templates) -> None:
    declared = {place: key for place, (key, _) in (TENANT_FIRST | EVERYBODYS).items()}
    assert partitions(deployed) == declared, "say of a new table or index where its key has the tenant, or why it needs none"
    assert all(made.partition("#")[0] == "tenant" for _, made in TENANT_FIRST.values())


def test_an_index_of_everybodys_items_is_read_by_the_steps_that_serve_everybody(deployed: Templates) -> None:
    names = deployed.settings.names
    for place, readers in READERS_OF_EVERYBODYS.items():
        table, _, index = place.partition("/")
        arn = f"{names.table_arn(table)}/index/{index}"
        able = {
            str(role)
            for role in deployed.roles()
            for statement in role.statements
            if statement["Effect"] == "Allow" and arn in statement["Resource"] and "dynamodb:Query" in statement["Action"]
        }
        assert able == readers


def test_nobody_scans_a_table(deployed: Templates) -> None:
    for role in deployed.roles():
        granted = {action for statement in role.statements if statement["Effect"] == "Allow" for action in statement["Action"]}
        assert not granted & {"dynamodb:Scan", "dynamodb:PartiQLSelect", "dynamodb:*"}, f"{role} reads across tenants"
