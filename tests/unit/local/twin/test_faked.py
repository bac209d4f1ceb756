from pathlib import Path
from typing import Any

import pytest

from local.twin import not_emulated
from local.twin.errors import TwinError
from local.twin.faked import faked, require_none

TEXT = "Resource type AWS::XRay::Group is not supported but was deployed as a fallback"


def event(logical: str, status: str = "CREATE_COMPLETE", **more: Any) -> dict[str, Any]:
    return {"LogicalResourceId": logical, "ResourceType": "AWS::XRay::Group", "ResourceStatus": status, **more}


@pytest.mark.parametrize("sign", [{"ResourceStatusReason": TEXT}, {"PhysicalResourceId": "unknown"}])
def test_either_sign_of_a_faked_resource_is_enough(sign: dict[str, str]) -> None:
    found = faked("stack", [event("Group", **sign), event("Group", "CREATE_IN_PROGRESS")])
    with pytest.raises(TwinError, match=r"Group in stack \(.*AWS::XRay::Group"):
        require_none(found, allowed=())


def test_a_real_resource_is_no_matter_what_its_reason_says() -> None:
    assert faked("stack", [event("Queue", PhysicalResourceId="q-1", ResourceStatusReason="Resource creation Initiated")]) == ()


def test_a_type_on_the_written_list_passes_and_no_other_does() -> None:
    found = faked("stack", [event("Group", PhysicalResourceId="unknown")])
    require_none(found, allowed={"AWS::XRay::Group"})
    with pytest.raises(TwinError, match=r"not_emulated\.toml"):
        require_none(found, allowed={"AWS::WAFv2::WebACL"})


def test_a_faked_resource_that_was_deleted_since_is_forgotten() -> None:
    history = [event("Group", "DELETE_COMPLETE", PhysicalResourceId="unknown"), event("Group", ResourceStatusReason=TEXT)]
    assert faked("stack", history) == ()


def test_a_faked_update_of_a_resource_that_was_made_is_found() -> None:
    history = [event("Group", "UPDATE_COMPLETE", PhysicalResourceId="g", ResourceStatusReason=f"{TEXT}: the emulator cannot change its A")]
    history.append(event("Group", PhysicalResourceId="g"))
    assert [one.reason for one in faked("stack", history)] == [f"{TEXT}: the emulator cannot change its A"]


def test_the_written_list_gives_a_reason_for_everything_and_only_types_may_be_faked() -> None:
    assert all(len(entry.reason) > 20 for entry in not_emulated.read())
    assert "IAM policies" in {entry.type for entry in not_emulated.read()}
    assert all("::" in name for name in not_emulated.may_be_faked())


@pytest.mark.parametrize("text", ['[types]\n"AWS::XRay::Group" = ""', '[behaviours]\n"AWS::XRay::Group" = 3'])
def test_an_entry_without_a_reason_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "list.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match="AWS::XRay::Group has no reason"):
        not_emulated.read(path)


def test_a_behaviour_on_the_list_does_not_let_a_type_be_faked(tmp_path: Path) -> None:
    path = tmp_path / "list.toml"
    path.write_text('[types]\n"AWS::XRay::Group" = "No traces are grouped."\n[behaviours]\n"AWS::SQS::Queue" = "Odd."')
    assert not_emulated.may_be_faked(path) == {"AWS::XRay::Group"}
