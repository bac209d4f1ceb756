"""What the API can do: one table that the router serves and the document describes."""

from septet.integration import filing, run_ids
from septet.integration.http import (
    approval_operations,
    audit_operations,
    budget_operations,
    cost_operations,
    explanation_operations,
    failure_operations,
    file_operations,
    inquiry_operations,
    replay_operations,
    run_operations,
    session_operations,
    stop_operations,
)
from septet.integration.http.approval_models import CALL
from septet.integration.http.inquiry_models import INQUIRY
from septet.integration.http.replay_models import REPLAY
from septet.integration.http.session_models import SESSION
from septet.integration.http.stop_models import STOP

OPERATIONS = (
    *run_operations.OPERATIONS,
    *explanation_operations.OPERATIONS,
    *audit_operations.OPERATIONS,
    *budget_operations.OPERATIONS,
    *cost_operations.OPERATIONS,
    *failure_operations.OPERATIONS,
    *replay_operations.OPERATIONS,
    *approval_operations.OPERATIONS,
    *inquiry_operations.OPERATIONS,
    *stop_operations.OPERATIONS,
    *session_operations.OPERATIONS,
    *file_operations.OPERATIONS,
)
PATTERNS = {
    "file": filing.PATTERN,
    "inquiry": INQUIRY,
    "stop": STOP,
    "replay": REPLAY,
    "run": run_ids.PATTERN,
    "session": SESSION,
    "approval": CALL,
}
"""What an id in a path looks like; nothing else is looked up."""
