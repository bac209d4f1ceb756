"""The state machines as they are deployed."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from septet.core.errors import CLASSES
from septet.integration.events import TRIES
from stacks.constructs.names import UNDOER, holes
from tests.stacks.iam import allows
from tests.stacks.templates import Templates

DOCUMENTED = re.compile(r"(States|Lambda|Runtime|Sandbox)\.[A-Z]\w+")
"""Names of errors that are AWS's own, not ours."""


def states(value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every state of a definition, however deep."""
    if isinstance(value, Mapping):
        yield from value.get("States", {}).items()
        for inner in value.values():
            yield from states(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from states(inner)


def all_states(templates: Templates) -> list[tuple[str, Mapping[str, Any]]]:
    found = [state for definition in templates.definitions().values() for state in states(definition)]
    assert found
    return found


def rules(state: Mapping[str, Any], key: str) -> list[str]:
    return [error for rule in state.get(key, []) for error in rule["ErrorEquals"]]


def test_every_file_is_a_machine_and_nothing_else_is(deployed: Templates) -> None:
    assert set(deployed.definitions()) == {deployed.settings.names.state_machine(name) for name in deployed.catalog.workflows}


def test_every_run_and_every_task_ends(deployed: Templates) -> None:
    assert all(definition["TimeoutSeconds"] > 0 for definition in deployed.definitions().values())
    assert [name for name, state in all_states(deployed) if state["Type"] == "Task" and not state.get("TimeoutSeconds")] == []


def test_every_wait_for_a_person_ends(deployed: Templates) -> None:
    waits = [(name, state) for name, state in all_states(deployed) if state.get("Resource", "").endswith(".waitForTaskToken")]
    assert waits
    assert [name for name, state in waits if not (state.get("TimeoutSeconds") or state.get("HeartbeatSeconds"))] == []


def test_every_task_retries_by_name_and_none_blindly(deployed: Templates) -> None:
    for name, state in all_states(deployed):
        assert not {"States.ALL", "States.TaskFailed"} & set(rules(state, "Retry")), f"{name} would repeat effects blindly"
        assert state["Type"] != "Task" or rules(state, "Retry"), f"{name} retries nothing"


def test_every_error_that_is_named_exists(deployed: Templates) -> None:
    named = {error for _, state in all_states(deployed) for key in ("Retry", "Catch") for error in rules(state, key)}
    assert {error for error in named if error not in CLASSES and not DOCUMENTED.fullmatch(error)} == set()


def test_what_retries_or_catches_is_known_to_the_catalogue(deployed: Templates) -> None:
    named = {error for _, state in all_states(deployed) for key in ("Retry", "Catch") for error in rules(state, key)}
    assert named == {error for workflow in deployed.catalog.workflows.values() for error in workflow.errors}


def test_every_hole_is_filled_with_an_alias(deployed: Templates) -> None:
    assert not holes(str(deployed.definitions()))
    called = {state["Arguments"]["FunctionName"] for _, state in all_states(deployed) if state["Type"] == "Task"}
    assert all(arn.endswith(":live") for arn in called)


def test_a_machine_is_traced_and_logs_errors_without_what_they_are_about(deployed: Templates) -> None:
    for machine in deployed.all("AWS::StepFunctions::StateMachine"):
        assert machine.properties["TracingConfiguration"] == {"Enabled": True}
        logging = machine.properties["LoggingConfiguration"]
        assert (logging["Level"], logging["IncludeExecutionData"]) == ("ERROR", False)
        assert machine.properties["StateMachineType"] == "STANDARD"


def test_every_end_of_every_run_closes_it(deployed: Templates) -> None:
    patterns = [rule for rule in deployed.all("AWS::Events::Rule") if "EventPattern" in rule.properties]
    (rule,) = [rule for rule in patterns if rule.properties["EventPattern"]["source"] == ["aws.states"]]
    pattern = rule.properties["EventPattern"]
    assert set(pattern["detail"]["status"]) == {"SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"}
    machines = {deployed.settings.names.state_machine_arn(name) for name in deployed.catalog.workflows}
    assert set(pattern["detail"]["stateMachineArn"]) == machines
    assert target(deployed, rule.properties) == deployed.settings.names.function("step", "close_run")


def test_decisions_are_delivered_each_minute_accounts_swept_every_five_and_journals_sealed(deployed: Templates) -> None:
    rules = [rule.properties for rule in deployed.all("AWS::Events::Rule") if "ScheduleExpression" in rule.properties]
    often = ("advance_sessions", "deliver_answers", "deliver_decisions", "observe", "reconcile_stops")
    rates = {**dict.fromkeys(often, "rate(1 minute)"), "sweep_accounts": "rate(5 minutes)", "seal_journal": "rate(15 minutes)"}
    found = {target(deployed, rule): rule["ScheduleExpression"] for rule in rules}
    assert found == {deployed.settings.names.function("step", name): rate for name, rate in rates.items()}


def test_each_declared_event_has_a_rule_to_the_queue_and_what_cannot_be_taken_is_kept(deployed: Templates) -> None:
    events = {(one["source"], one["detail_type"]) for one in deployed.catalog.events.values()}
    rules = [rule.properties for rule in deployed.all("AWS::Events::Rule") if "EventBusName" in rule.properties]
    assert {(rule["EventPattern"]["source"][0], rule["EventPattern"]["detail-type"][0]) for rule in rules} == events
    names = {deployed.settings.names.queue(name) for name in ("events", "events-dead")}
    queues = {queue.id: queue.properties for queue in deployed.all("AWS::SQS::Queue") if queue.properties.get("QueueName") in names}
    (taken,) = [id_ for id_, queue in queues.items() if "RedrivePolicy" in queue]
    (dead,) = queues.keys() - {taken}
    for rule in rules:
        (to,) = rule["Targets"]
        assert to["Arn"] == {"Fn::GetAtt": [taken, "Arn"]}
        assert to["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": [dead, "Arn"]}}
    assert queues[taken]["RedrivePolicy"] == {"deadLetterTargetArn": {"Fn::GetAtt": [dead, "Arn"]}, "maxReceiveCount": TRIES + 1}
    (mapping,) = [one for one in deployed.all("AWS::Lambda::EventSourceMapping") if one.stack.endswith("Integration")]
    assert mapping.properties["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    (step,) = [one for one in deployed.all("AWS::Lambda::Function") if one.properties["FunctionName"].endswith("step-take_event")]
    assert queues[taken]["VisibilityTimeout"] > step.properties["Timeout"]


def test_the_step_that_undoes_alone_may_be_the_gateway_s_undoer(deployed: Templates) -> None:
    undoer = f"{deployed.settings.names.function('step', 'gateway')}:{UNDOER}"
    arn = deployed.settings.names.arn("lambda", f"function:{undoer}")
    able = {str(role) for role in deployed.roles() if allows(role.statements, "lambda:InvokeFunction", arn, role.arn)}
    assert able == {"step compensate"}


def target(templates: Templates, rule: Mapping[str, Any]) -> str:
    """The name of the function whose alias the one target of *rule* is; the rule must also be allowed to invoke it."""
    (arn,) = [one["Arn"] for one in rule["Targets"]]
    assert arn in [permission.properties["FunctionName"] for permission in templates.all("AWS::Lambda::Permission")]
    template = next(stack["Resources"] for stack in templates.by_stack.values() if arn["Ref"] in stack["Resources"])
    alias = template[arn["Ref"]]["Properties"]
    name: str = template[alias["FunctionName"]["Ref"]]["Properties"]["FunctionName"]
    return name
