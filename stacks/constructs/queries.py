"""Saved queries of CloudWatch Logs Insights, for whoever reads logs."""

from collections.abc import Sequence
from itertools import batched

from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.catalog import Catalog
from stacks.catalog.declarations import Query
from stacks.constructs.names import Names, pascal
from stacks.settings import Settings

MOST = 50
"""Log groups that one query looks at; source: CloudWatch Logs' quotas."""


class Queries(Construct):
    """The queries. One over more log groups than a query may have is as many as it takes."""

    def __init__(self, scope: Construct, *, catalog: Catalog, settings: Settings) -> None:
        super().__init__(scope, "Queries")
        for name, query in catalog.queries.items():
            parts = list(batched(groups(catalog, settings.names, query), MOST, strict=False))
            for number, part in enumerate(parts, 1):
                title = query.title if len(parts) == 1 else f"{query.title} ({number} of {len(parts)})"
                logs.CfnQueryDefinition(
                    self,
                    pascal(name, str(number)),
                    name=f"septet/{settings.environment}/{title}",
                    query_string=query.query.strip(),
                    log_group_names=list(part),
                )


def groups(catalog: Catalog, names: Names, query: Query) -> Sequence[str]:
    """The log groups that *query* looks at."""
    functions = [(function.kind, function.name) for function in catalog.functions]
    every = [*functions, *(("workflow", name) for name in catalog.workflows)]
    return [names.log_group(kind, name) for kind, name in every if {kind, f"{kind}/{name}"} & {*query.of}]
