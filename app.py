"""The CDK app. ``cdk synth -c environment=NAME``; the environments are in cdk.json."""

import os
import sys
from pathlib import Path

import aws_cdk as cdk

from stacks.catalog import CatalogError, read
from stacks.platform import Platform
from stacks.settings import SettingsError, settings

app = cdk.App(analytics_reporting=False, tree_metadata=False, stack_traces=False)
try:
    chosen = settings(app.node.get_all_context(), ambient=os.environ)
    Platform(app, catalog=read(Path(__file__).parent), settings=chosen)
except (CatalogError, SettingsError) as error:
    sys.exit(str(error))
app.synth()
