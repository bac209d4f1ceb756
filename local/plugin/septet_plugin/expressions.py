"""Repairs of LocalStack's Step Functions: expressions, evaluated by our JSONata, with the failures AWS documents."""

import copy
from collections.abc import Callable
from typing import Any

from localstack.aws.api.stepfunctions import EvaluationFailedEventDetails, HistoryEventType
from localstack.services.stepfunctions.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from localstack.services.stepfunctions.asl.component.common.error_name.states_error_name import StatesErrorName
from localstack.services.stepfunctions.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from localstack.services.stepfunctions.asl.component.common.string.string_expression import StringJSONata, StringVariableSample
from localstack.services.stepfunctions.asl.eval.environment import Environment
from localstack.services.stepfunctions.asl.eval.event.event_detail import EventDetails
from localstack.services.stepfunctions.asl.eval.variable_store import VariableStore

from septet_plugin import repairs
from septet_plugin.jsonata import EvaluationError, evaluate


def repair() -> None:
    """Put the repairs in place."""
    repairs.put(StringJSONata._eval_body, _evaluate)  # noqa: SLF001 the one place every expression passes
    repairs.put(StringVariableSample._eval_body, _evaluate)  # noqa: SLF001 a lone variable


def _evaluate(_: Callable[..., None], string: StringJSONata | StringVariableSample, env: Environment) -> None:
    states = copy.copy(env.states._states_data)  # noqa: SLF001 LocalStack only offers it as text
    try:
        value = evaluate(string.expression, {"states": states, **_variables(env.variable_store)})
    except EvaluationError as error:
        raise _failed(env, string.expression, str(error)) from error
    env.stack.append(value)


def _variables(store: VariableStore) -> dict[str, Any]:
    return {**store._outer_scope, **store._inner_scope}  # noqa: SLF001 LocalStack only offers them as text


def _failed(env: Environment, expression: str, reason: str) -> FailureEventException:
    """Make the failure that Step Functions documents: States.QueryEvaluationError, after an event in the history."""
    text = reason if reason.startswith("returned") else f"threw an error during evaluation. {reason}"
    name = StatesErrorName(typ=StatesErrorNameType.StatesQueryEvaluationError)
    details = EventDetails(
        evaluationFailedEventDetails=EvaluationFailedEventDetails(
            error=name.error_name, cause=f"The JSONata expression '{expression}' {text}"
        )
    )
    env.event_manager.add_event(context=env.event_history_context, event_type=HistoryEventType.EvaluationFailed, event_details=details)
    return FailureEventException(
        failure_event=FailureEvent(env=env, error_name=name, event_type=HistoryEventType.EvaluationFailed, event_details=details)
    )
