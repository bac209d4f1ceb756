"""The CDK app. ``cdk synth -c environment=NAME``; the environments are in cdk.json."""

import os
from pathlib import Path

import aws_cdk as cdk

from stacks.catalog import read
from stacks.platform import Platform
from stacks.settings import settings

app = cdk.App(analytics_reporting=False, tree_metadata=False, stack_traces=False)
Platform(app, catalog=read(Path(__file__).parent), settings=settings(app.node.get_all_context(), ambient=os.environ))
app.synth()
