"""The environment variables of a function's process: what Lambda would set, what LocalStack needs, nothing of ours."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

_OF_LOCALSTACK: Final = ("LOCALSTACK_", "EDGE_PORT")
"""Variables by which LocalStack talks to its own runtime, which is not here."""


def of_process(
    given: Mapping[str, object],
    *,
    interpreter: Path,
    runtime: str,
    folder: Path,
    layers: Iterable[Path],
    scratch: Path,
    compiled: Path,
    model_server: str | None,
) -> dict[str, str]:
    """Return a function's whole environment.

    `given`: what LocalStack makes of the configuration. `folder`: the unpacked code. `layers`: unpacked layers in the order of the
    configuration. `scratch`: the environment's own temporary folder. `compiled`: where byte code is kept between cold starts.
    `model_server`: URL that answers for Bedrock and SageMaker, and takes traces.
    """
    variables = {name: str(value) for name, value in given.items() if not name.startswith(_OF_LOCALSTACK)}
    paths = _layer_paths(layers)
    if configured := variables.get("PYTHONPATH"):
        paths.append(configured)
    if model_server:
        variables.setdefault("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", model_server)
        variables.setdefault("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", model_server)
        variables.setdefault("SEPTET_TRACES_URL", f"{model_server}/v1/traces")
    return {
        "PATH": f"{interpreter.parent}:/usr/local/bin:/usr/bin:/bin",
        "LANG": "en_US.UTF-8",
        "PYTHONPYCACHEPREFIX": str(compiled),
        **variables,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{runtime}",
        "HOME": str(scratch),
        "LAMBDA_RUNTIME_DIR": str(interpreter.parent),
        "LAMBDA_TASK_ROOT": str(folder),
        "PYTHONPATH": os.pathsep.join(paths),
        "TMPDIR": str(scratch),
    }


def _layer_paths(layers: Iterable[Path]) -> list[str]:
    """Give the import paths of layers: Lambda unpacks them over one another, so of two alike the later one counts."""
    roots = [layer / "python" for layer in reversed(list(layers))]
    packages = [site for root in roots for site in sorted(root.glob("lib/python3.*/site-packages"))]
    return [str(path) for path in [*packages, *roots]]
