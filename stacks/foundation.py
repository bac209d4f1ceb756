"""Layer 1, infrastructure: what is stored. Everything is paid by use, but for two keys, of the bodies and of the seals, and a secret."""

from typing import Any

from aws_cdk import Duration, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from stacks.constructs.keeping import removal
from stacks.constructs.names import pascal
from stacks.constructs.resource_policies import guard_bodies
from stacks.settings import Settings

_NUMBER, _STRING = dynamodb.AttributeType.NUMBER, dynamodb.AttributeType.STRING


class Foundation(Stack):
    """Tables, bodies and seals. Every partition key starts with the tenant, but for the indexes that the platform reads."""

    def __init__(self, scope: Construct, *, settings: Settings) -> None:
        super().__init__(scope, "Foundation", description="Septet: tables and bodies")
        self._settings = settings
        self._removal = removal(settings)
        self._streamed("journal", "pk", "number", sort_type=_NUMBER)
        runs = self._streamed("runs", "tenant", "run")
        approvals = self._table("approvals", "tenant", "approval")
        self._table("effects", "pk", "effect")
        accounts = self._table("accounts", "account")
        self._table("control", "tenant", "item")
        self._table("waits", "pk", "what")
        self._table("rows", "pk", "number", sort_type=_NUMBER)
        self._table("files", "tenant", "file")
        self._table("projections", "pk")
        self._table("costs", "tenant", "place")
        summaries = self._table("summaries", "tenant", "run")
        sessions = self._table("sessions", "pk", "what")
        stops = self._table("stops", "tenant", "item")
        inquiries = self._table("inquiries", "tenant", "inquiry")
        self._passing("replays", "pk", "what")
        self._passing("health", "model")
        self._passing("cache", "cache")
        self._passing("choices", "pk", "agent")
        self._table("orders", "tenant", "order_id")
        self._table("refunds", "tenant", "refund_key")
        self._table("supplies", "tenant", "item")
        self._table("documents", "tenant", "id")
        _index(runs, "by_created", "tenant", "created_at")
        _index(summaries, "by_end", "tenant", "ended")
        _index(approvals, "outbox", "outbox", "decided_at", sort_type=_NUMBER)
        _index(approvals, "escalations", "escalating", "escalates_at", sort_type=_NUMBER)
        _index(approvals, "pending", "pending", "expires_at", sort_type=_NUMBER)
        _index(sessions, "due", "waiting", "due", sort_type=_NUMBER)
        _index(accounts, "leases", "shard", "until", sort_type=_NUMBER)
        _index(runs, "unsealed", "unsealed", "place")
        _index(inquiries, "outbox", "outbox", "ended_at", sort_type=_NUMBER)
        _index(stops, "unfinished", "unfinished", "item")
        self._bodies()
        self._seals()
        self._id_key()

    def _table(
        self, name: str, partition: str, sort: str = "", *, sort_type: dynamodb.AttributeType = _STRING, **more: Any
    ) -> dynamodb.Table:
        return dynamodb.Table(
            self,
            pascal("table", name),
            table_name=self._settings.names.table(name),
            partition_key=dynamodb.Attribute(name=partition, type=_STRING),
            sort_key=dynamodb.Attribute(name=sort, type=sort_type) if sort else None,
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(point_in_time_recovery_enabled=True),
            deletion_protection=self._settings.retain,
            removal_policy=self._removal,
            **more,
        )

    def _streamed(self, name: str, partition: str, sort: str, *, sort_type: dynamodb.AttributeType = _STRING) -> dynamodb.Table:
        """A table that says which of its items changed, and nothing of what they hold, to whoever reads its stream.

        The stream's ARN has the time of its making in it, so a parameter tells it.
        """
        table = self._table(name, partition, sort, sort_type=sort_type, stream=dynamodb.StreamViewType.KEYS_ONLY)
        ssm.StringParameter(
            self,
            pascal("stream", name),
            parameter_name=self._settings.names.stream_parameter(name),
            description=f"The stream of the table {name}",
            string_value=str(table.table_stream_arn),
        )
        return table

    def _passing(self, name: str, partition: str, sort: str = "") -> dynamodb.Table:
        """A table of what expires by itself: nothing in it is needed, and a back-up would keep what was to be forgotten."""
        return dynamodb.Table(
            self,
            pascal("table", name),
            table_name=self._settings.names.table(name),
            partition_key=dynamodb.Attribute(name=partition, type=_STRING),
            sort_key=dynamodb.Attribute(name=sort, type=_STRING) if sort else None,
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            time_to_live_attribute="expires",
            deletion_protection=self._settings.retain,
            removal_policy=self._removal,
        )

    def _bodies(self) -> None:
        """The bucket and its key, which every role meets by its alias. No bucket key: KMS sees the tenant of each body."""
        names = self._settings.names
        key = kms.Key(
            self,
            "BodiesKey",
            description=f"Septet {names.environment}: the bodies of journals",
            alias=names.bodies_key(),
            enable_key_rotation=True,
            removal_policy=self._removal,
        )
        bucket = s3.Bucket(
            self,
            "Bodies",
            bucket_name=names.bucket(),
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key,
            bucket_key_enabled=False,
            enforce_ssl=True,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            versioned=False,  # a body must be erasable at once
            lifecycle_rules=[s3.LifecycleRule(abort_incomplete_multipart_upload_after=Duration.days(1))],
            removal_policy=self._removal,
        )
        guard_bodies(bucket, key, names)

    def _seals(self) -> None:
        """The bucket of seals, which are written once and kept, and the key that signs them."""
        names, days = self._settings.names, Duration.days(self._settings.seal_days)
        kms.Key(
            self,
            "SealsKey",
            description=f"Septet {names.environment}: signs the seals of journals",
            alias=names.seals_key(),
            key_spec=kms.KeySpec.ECC_NIST_P256,
            key_usage=kms.KeyUsage.SIGN_VERIFY,
            removal_policy=self._removal,
        )
        bucket = s3.Bucket(
            self,
            "Seals",
            bucket_name=names.seals(),
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            versioned=True,
            object_lock_enabled=True,
            object_lock_default_retention=s3.ObjectLockRetention.compliance(days)
            if self._settings.retain
            else s3.ObjectLockRetention.governance(days),
            removal_policy=self._removal,
        )
        bucket.add_to_resource_policy(_written_once(bucket))

    def _id_key(self) -> None:
        """The secret by which ids are made; Secrets Manager makes its value, which is in no template. A new one is put by hand."""
        secretsmanager.Secret(
            self,
            "IdKey",
            secret_name=self._settings.names.id_key(),
            description="Septet: makes ids of runs from idempotency keys",
            generate_secret_string=secretsmanager.SecretStringGenerator(password_length=64, exclude_punctuation=True),
            removal_policy=self._removal,
        )


def _written_once(bucket: s3.Bucket) -> iam.PolicyStatement:
    """Nobody lays another version over a seal: the lock keeps the first, but readers would be given the last."""
    return iam.PolicyStatement(
        sid="WrittenOnce",
        effect=iam.Effect.DENY,
        principals=[iam.AnyPrincipal()],
        actions=["s3:PutObject"],
        resources=[bucket.arn_for_objects("*")],
        conditions={"Null": {"s3:if-none-match": "true"}},
    )


def _index(table: dynamodb.Table, name: str, partition: str, sort: str, *, sort_type: dynamodb.AttributeType = _STRING) -> None:
    table.add_global_secondary_index(
        index_name=name,
        partition_key=dynamodb.Attribute(name=partition, type=_STRING),
        sort_key=dynamodb.Attribute(name=sort, type=sort_type),
    )
