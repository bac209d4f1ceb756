"""LocalStack's Lambda executor `process`: each execution environment of a function is a process on this machine."""

import json
import logging
import os
import sys
import time
from pathlib import Path
from typing import Any, Final, override

from localstack import config
from localstack.services.lambda_.invocation.lambda_models import ArchiveCode, FunctionVersion, Invocation, InvocationResult
from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin
from localstack.services.lambda_.invocation.runtime_executor import RuntimeExecutor

from septet_plugin import answers, metrics, variables
from septet_plugin.client_context import decoded
from septet_plugin.environment import Environment, Request, Settings
from septet_plugin.faults import PLANS
from septet_plugin.process import Command

LOG: Final = logging.getLogger(__name__)


class ProcessExecutorPlugin(RuntimeExecutorPlugin):
    """What LocalStack finds by the name in LAMBDA_RUNTIME_EXECUTOR."""

    name = "process"

    @override
    def load(self, *_: Any, **__: Any) -> type[RuntimeExecutor]:
        return ProcessExecutor


class Fleet:
    """Every environment that lives in this LocalStack."""

    def __init__(self) -> None:
        self._environments: dict[str, Environment] = {}

    def add(self, identifier: str, environment: Environment) -> None:
        """Count an environment in."""
        self._environments[identifier] = environment

    def retire(self, identifier: str) -> None:
        """End an environment once it is idle."""
        if environment := self._environments.pop(identifier, None):
            environment.retire()

    def describe(self) -> list[dict[str, Any]]:
        """Describe each environment, see `Environment.describe`."""
        return [environment.describe() for environment in list(self._environments.values())]

    def stop(self) -> None:
        """End every environment, now."""
        while self._environments:
            _, environment = self._environments.popitem()
            environment.stop()


FLEET: Final = Fleet()


class ProcessExecutor(RuntimeExecutor):
    """One execution environment, as LocalStack's Lambda service drives it."""

    def __init__(self, id: str, function_version: FunctionVersion) -> None:  # noqa: A002 LocalStack's name for it
        super().__init__(id=id, function_version=function_version)
        self._environment: Environment | None = None
        self._client_context = ""

    @override
    def start(self, env_vars: dict[str, str]) -> None:
        """Start the process and return; its initialisation ends within the first invocation, which answers for it."""
        self._environment = Environment(_settings(self.id, self.function_version, env_vars))
        FLEET.add(self.id, self._environment)
        self._environment.start()

    @override
    def stop(self) -> None:
        FLEET.retire(self.id)

    def expect(self, invocation: Invocation) -> None:
        """Note what LocalStack leaves out of the payload it is about to hand to `invoke`."""
        self._client_context = decoded(invocation.client_context)

    @override
    def invoke(self, payload: dict[str, str]) -> InvocationResult:
        if self._environment is None:
            raise RuntimeError(f"Environment {self.id} was not started")
        request = Request(
            request_id=payload["invoke-id"],
            payload=payload["payload"].encode(),
            function_arn=payload["invoked-function-arn"],
            trace_id=payload.get("trace-id") or "",
            client_context=self._client_context,
        )
        function = self.function_version.id
        if rule := PLANS.planned(function.function_name, request.payload):
            return _planned(request.request_id, rule)
        outcome = self._environment.invoke(request)
        metrics.SINK.take(outcome.logs, account=function.account, region=function.region)
        return InvocationResult(request.request_id, outcome.body, is_error=outcome.is_error, logs=outcome.logs)

    @override
    def get_address(self) -> str:
        return "127.0.0.1"

    @override
    def get_endpoint_from_executor(self) -> str:
        return "127.0.0.1"

    @override
    def get_runtime_endpoint(self) -> str:
        return f"http://127.0.0.1:{config.GATEWAY_LISTEN[0].port}/_localstack_lambda/{self.id}"

    @override
    def get_logs(self) -> str:
        return self._environment.printed() if self._environment else ""

    @classmethod
    @override
    def prepare_version(cls, function_version: FunctionVersion) -> None:
        runtime = function_version.config.runtime or ""
        if not runtime.startswith("python"):
            raise NotImplementedError(f"The twin runs Python functions; {function_version.id.function_name} has the runtime {runtime!r}")
        for code in (function_version.config.code, *(layer.code for layer in function_version.config.layers)):
            if code:
                code.prepare_for_execution()

    @classmethod
    @override
    def cleanup_version(cls, function_version: FunctionVersion) -> None:
        """Leave the unpacked code: it lies under the twin's state, which goes as a whole."""


def _planned(request_id: str, rule: dict[str, Any]) -> InvocationResult:
    """What a test has planned in place of what the function's code would do, after the time that it is to take."""
    time.sleep(rule.get("seconds", 0))
    if "error" in rule:
        body = answers.document(rule["error"], "a test planned this error; the function's code was not asked")
        return InvocationResult(request_id, body, is_error=True, logs="")
    return InvocationResult(request_id, json.dumps(rule["answer"]).encode(), is_error=False, logs="")


def _folder() -> Path:
    """Return the executor's folder in the twin's state."""
    return Path(os.environ.get("SEPTET_TWIN_HOME") or config.dirs.tmp) / "functions"


def _unpacked(code: ArchiveCode | None) -> Path:
    if code is None:
        raise NotImplementedError("The twin runs functions from archives, not from images")
    return Path(code.get_unzipped_code_location())  # type: ignore[no-untyped-call] # LocalStack leaves it untyped


def _settings(identifier: str, version: FunctionVersion, given: dict[str, str]) -> Settings:
    own = _folder() / "environments" / identifier
    scratch = own / "tmp"
    scratch.mkdir(parents=True)
    interpreter = Path(os.environ.get("SEPTET_FUNCTIONS_PYTHON") or sys.executable)
    folder = _unpacked(version.config.code)
    whole = variables.of_process(
        given,
        interpreter=interpreter,
        runtime=str(version.config.runtime),
        folder=folder,
        layers=[_unpacked(layer.code) for layer in version.config.layers],
        scratch=scratch,
        compiled=_folder() / "compiled",
        model_server=os.environ.get("SEPTET_MODEL_SERVER"),
    )
    return Settings(
        id=identifier,
        function=version.id.function_name,
        version=version.id.qualifier,
        memory=version.config.memory_size,
        timeout=version.config.timeout,
        init_limit=float(os.environ.get("SEPTET_INIT_SECONDS") or 30),
        command=Command(
            interpreter=str(interpreter),
            handler=str(version.config.handler),
            folder=folder,
            variables=whole,
            log=own / "output.log",
            faults=(str(PLANS.folder), version.id.function_name),
        ),
        home=own,
    )
