import pytest

from stacks.constructs.names import Names, fill, holes, partition_of, pascal

NAMES = Names(environment="dev", region="eu-west-1", account="123456789012")


def test_functions_are_called_by_their_alias() -> None:
    assert (
        NAMES.alias_arn("agent", "refunds_fallback")
        == "arn:aws:lambda:eu-west-1:123456789012:function:septet-dev-agent-refunds_fallback:live"
    )


def test_global_names_carry_what_makes_them_unique() -> None:
    assert NAMES.bucket() == "septet-dev-bodies-123456789012-eu-west-1"
    assert NAMES.boundary_arn("agent") == "arn:aws:iam::123456789012:policy/septet-dev-boundary-workers-eu-west-1"


def test_two_environments_share_no_name() -> None:
    other = Names(environment="prod", region="eu-west-1", account="123456789012")
    made = [
        [names.function("step", "api"), names.table("runs"), names.bucket(), names.boundary("steps"), names.role_path("step", "api")]
        for names in (NAMES, other)
    ]
    assert not set(made[0]) & set(made[1])


@pytest.mark.parametrize(
    ("region", "partition"), [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("us-east-1", "aws")]
)
def test_the_partition_follows_the_region(region: str, partition: str) -> None:
    assert partition_of(region) == partition


def test_a_hole_is_kind_and_name() -> None:
    assert pascal("agent", "refunds_fallback") == "AgentRefundsFallback"


def test_only_braced_pascal_case_is_a_hole() -> None:
    text = "${AgentTriage} $states.input ${aws:username} {% $x %} ${lower}"
    assert holes(text) == {"AgentTriage"}
    assert fill(text, {"AgentTriage": "arn"}) == "arn $states.input ${aws:username} {% $x %} ${lower}"


def test_an_unknown_hole_says_what_there_is() -> None:
    with pytest.raises(ValueError, match=r"nothing fills \$\{AgentTriag\}; there is: AgentTriage"):
        fill("${AgentTriag}", {"AgentTriage": "arn"})
