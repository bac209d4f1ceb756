from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from septet.aws.cache import DynamoCache
from septet.core.entries import ToolCall
from septet.core.money import Usage
from septet.execution.ports import Cache, Reply
from septet.local.cache import MemoryCache

CALLS = (ToolCall(id="c1", tool="find", arguments={"a": [1, 2.5, None, "Grüße 👋"]}), ToolCall(id="c2", tool="find", arguments="raw"))
WHOLE = Reply(text="Grüße", calls=CALLS, stop="tools", usage=Usage(input=1, output=2, cache_read=3, cache_write=4), usage_known=False)
NO_JSON = Reply(calls=(ToolCall(id="c", tool="t", arguments=float("nan")),))


@pytest.fixture(params=["memory", pytest.param("aws", marks=pytest.mark.twin)])
def cache(request: pytest.FixtureRequest) -> Cache:
    if request.param == "memory":
        return MemoryCache()
    return DynamoCache(request.getfixturevalue("aws").dynamodb, "contracts-cache")


@pytest.mark.parametrize("reply", [Reply(), Reply(text="Hello!"), WHOLE])
def test_a_reply_comes_back_as_it_was(cache: Cache, tenant: str, reply: Reply) -> None:
    assert cache.get(tenant, "k", now=0) is None
    cache.put(tenant, "k", reply, until=1_000)
    assert cache.get(tenant, "k", now=999) == reply


def test_one_that_is_too_old_is_none_though_it_is_still_there(cache: Cache, tenant: str) -> None:
    cache.put(tenant, "k", WHOLE, until=1_000)
    assert cache.get(tenant, "k", now=1_000) is None
    cache.put(tenant, "k", WHOLE, until=2_000)
    assert cache.get(tenant, "k", now=1_000) == WHOLE


def test_tenants_and_keys_are_apart(cache: Cache, tenant: str) -> None:
    cache.put(tenant, "k", WHOLE, until=1_000)
    assert cache.get(f"{tenant}-2", "k", now=0) is None
    assert cache.get(tenant, "k2", now=0) is None


@pytest.mark.twin
class TestTheAdapter:
    def test_dynamodb_is_told_in_seconds_when_it_expires(self, aws: Any, tenant: str) -> None:
        DynamoCache(aws.dynamodb, "contracts-cache").put(tenant, "k", WHOLE, until=1_500)
        kept = aws.dynamodb.get_item(TableName="contracts-cache", Key={"cache": {"S": f"{tenant}#k"}})["Item"]
        assert kept["expires"] == {"N": "2"}

    @pytest.mark.parametrize("reply", ["", "null", "[]", "{}", '{"version": 99}', '{"version": 1, "text": "x"}', "no JSON"])
    def test_what_cannot_be_read_is_none(self, aws: Any, tenant: str, reply: str) -> None:
        item = {"cache": {"S": f"{tenant}#k"}, "reply": {"S": reply}, "until": {"N": "1000"}}
        aws.dynamodb.put_item(TableName="contracts-cache", Item=item)
        assert DynamoCache(aws.dynamodb, "contracts-cache").get(tenant, "k", now=0) is None

    @pytest.mark.parametrize("reply", [Reply(text="x" * 1_000_000), Reply(text="\ud800"), NO_JSON])
    def test_what_cannot_be_kept_is_not(self, aws: Any, tenant: str, reply: Reply) -> None:
        cache = DynamoCache(aws.dynamodb, "contracts-cache")
        cache.put(tenant, "k", reply, until=1_000)
        assert cache.get(tenant, "k", now=0) is None

    def test_a_table_that_cannot_be_reached_is_an_empty_one(self, tenant: str) -> None:
        class Gone:
            def __getattr__(self, _: str) -> Any:
                def fail(**_: Any) -> Any:
                    raise EndpointConnectionError(endpoint_url="x")

                return fail

        cache = DynamoCache(Gone(), "contracts-cache")
        cache.put(tenant, "k", WHOLE, until=1_000)
        assert cache.get(tenant, "k", now=0) is None
