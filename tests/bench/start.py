"""A cold start and a first turn, in a process of its own: ``python -m tests.bench.start septet|floor|empty FOLDER``.

Both take the same turn over the same wire: read the branch, ask the model, call one tool, ask again, answer; five entries appended. The
last line it prints names the modules that were loaded.
"""

import sys
from typing import Any


def empty(_: str) -> None:
    """Do nothing: what the interpreter costs."""


def floor(_: str) -> None:
    """Load the runtime client, make the same clients, and take the turn by hand."""
    import json  # noqa: PLC0415 -- what is loaded is what is measured

    import awslambdaric.bootstrap  # noqa: F401, PLC0415 -- as above
    import boto3  # noqa: PLC0415 -- as above

    tables, models, functions = (boto3.client(name) for name in ("dynamodb", "bedrock-runtime", "lambda"))
    key = {":pk": {"S": "acme#run-1#main"}}
    held = tables.query(TableName="journal", KeyConditionExpression="pk = :pk", ExpressionAttributeValues=key, ConsistentRead=True)["Items"]
    messages: Any = [{"role": "user", "content": [{"text": held[0]["body"]["S"]}]}]

    def append(body: object) -> None:
        item = {"pk": key[":pk"], "number": {"N": "1"}, "body": {"S": json.dumps(body)}}
        tables.put_item(TableName="journal", Item=item, ConditionExpression="attribute_not_exists(pk)")

    def ask() -> Any:
        tables.update_item(
            TableName="accounts",
            Key={"account": {"S": "acme#branch/run-1/main"}},
            UpdateExpression="SET available = available - :most",
            ConditionExpression="available >= :most",
            ExpressionAttributeValues={":most": {"N": "100"}},
        )
        append("asking")
        said = models.converse(modelId="double.model-1", system=[{"text": "Add."}], messages=messages)["output"]["message"]
        append(said)
        messages.append(said)
        return said

    call = ask()["content"][0]["toolUse"]
    result = json.loads(functions.invoke(FunctionName="gateway:live", Payload=json.dumps(call["input"]).encode())["Payload"].read())
    messages.append({"role": "user", "content": [{"toolResult": {"toolUseId": call["toolUseId"], "content": [{"json": result}]}}]})
    append(ask())


def septet(folder: str) -> None:
    """Load the runtime client and an agent's handler, and let it take its first turn."""
    import awslambdaric.bootstrap  # noqa: F401, PLC0415 -- what is loaded is what is measured

    from septet.entry.agent import serve  # noqa: PLC0415 -- as above

    class Context:
        def get_remaining_time_in_millis(self) -> int:
            return 180_000

    handler: Any = serve(f"{folder}/handler.py")
    outcome = handler({"tenant": "acme", "run": "run-1", "turn": "adder"}, Context())
    assert outcome["outcome"] == "answer"


if __name__ == "__main__":
    {"empty": empty, "floor": floor, "septet": septet}[sys.argv[1]](sys.argv[2])
    names = '", "'.join(sys.modules)
    sys.stdout.write(f'\n{{"modules": ["{names}"]}}\n')  # by hand: json is not everybody's
