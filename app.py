"""The CDK app. ``cdk synth -c environment=NAME``; the environments are in cdk.json."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import aws_cdk as cdk

from stacks.catalog import CatalogError, read
from stacks.execution import warnings
from stacks.platform import Platform
from stacks.settings import SettingsError, settings

app = cdk.App(analytics_reporting=False, tree_metadata=False, stack_traces=False)
try:
    chosen = settings(app.node.get_all_context(), ambient=os.environ)
    catalog = read(Path(__file__).parent)
    Platform(app, catalog=catalog, settings=chosen)
except (CatalogError, SettingsError) as error:
    sys.exit(str(error))
for warning in warnings(catalog, datetime.now(tz=UTC).date()):
    sys.stderr.write(f"{warning}\n")
app.synth()
