"""What stands between a model and the world: manifests, the monitor, effects, approvals, the gateway. Pure; AWS is behind its ports."""
