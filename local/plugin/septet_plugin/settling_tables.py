"""DynamoDB's table: what LocalStack's resource provider leaves undone."""

from typing import Any, Final

from septet_plugin.resources import Change, Model

UPDATES: Final = (
    "AttributeDefinitions BillingMode DeletionProtectionEnabled GlobalSecondaryIndexes PointInTimeRecoverySpecification "
    "ProvisionedThroughput StreamArn StreamSpecification TimeToLiveSpecification"
)


def table(change: Change) -> Model:
    """Bring a table to its indexes, stream, expiry, recovery and protection."""
    dynamodb, name = change.clients.dynamodb, {"TableName": change.now["TableName"]}
    if change.before:
        _indexes(change)
        _stream(change)
        if change.changed("BillingMode") or change.changed("ProvisionedThroughput"):
            given = {key: change.now[key] for key in ("BillingMode", "ProvisionedThroughput") if change.now.get(key)}
            dynamodb.update_table(**name, **given)
        if change.changed("TimeToLiveSpecification"):
            former = change.before.get("TimeToLiveSpecification") or {}
            dynamodb.update_time_to_live(
                **name, TimeToLiveSpecification=change.now.get("TimeToLiveSpecification") or {**former, "Enabled": False}
            )
    if change.changed("DeletionProtectionEnabled"):
        dynamodb.update_table(**name, DeletionProtectionEnabled=bool(change.now.get("DeletionProtectionEnabled")))
    if change.changed("PointInTimeRecoverySpecification"):
        recovery = change.now.get("PointInTimeRecoverySpecification") or {"PointInTimeRecoveryEnabled": False}
        dynamodb.update_continuous_backups(**name, PointInTimeRecoverySpecification=recovery)
    stream = dynamodb.describe_table(**name)["Table"].get("LatestStreamArn")
    return {"StreamArn": stream} if stream else {}


def _indexes(change: Change) -> None:
    """Delete and create indexes one at a time, as DynamoDB asks for; an index whose keys changed is made anew."""
    before = _by_name((change.before or {}).get("GlobalSecondaryIndexes"))
    now = _by_name(change.now.get("GlobalSecondaryIndexes"))
    updates: list[dict[str, Any]] = [{"Delete": {"IndexName": name}} for name in before if not _alike(before[name], now.get(name))]
    updates += [{"Create": index} for name, index in now.items() if not _alike(index, before.get(name))]
    for update in updates:
        change.clients.dynamodb.update_table(
            TableName=change.now["TableName"],
            AttributeDefinitions=change.now["AttributeDefinitions"],
            GlobalSecondaryIndexUpdates=[update],
        )


def _by_name(indexes: Any) -> dict[str, dict[str, Any]]:
    return {index["IndexName"]: index for index in indexes or []}


def _alike(one: dict[str, Any], other: dict[str, Any] | None) -> bool:
    return other is not None and all(one.get(key) == other.get(key) for key in ("KeySchema", "Projection"))


def _stream(change: Change) -> None:
    """Turn the stream off, and on with its new view: DynamoDB changes none while it runs."""
    before, now = (change.before or {}).get("StreamSpecification"), change.now.get("StreamSpecification")
    if before == now:
        return
    dynamodb, name = change.clients.dynamodb, change.now["TableName"]
    if before:
        dynamodb.update_table(TableName=name, StreamSpecification={"StreamEnabled": False})
    if now:
        view = now["StreamViewType"]
        dynamodb.update_table(TableName=name, StreamSpecification={"StreamEnabled": True, "StreamViewType": view})
