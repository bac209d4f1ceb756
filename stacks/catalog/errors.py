"""The names of errors that a Retry or a Catch may name: the runtime's own, read from its source, and those that AWS documents."""

import ast
from pathlib import Path

from stacks.catalog.files import read_text
from stacks.catalog.problems import Problems

FILE = "layers/runtime/python/septet/core/errors.py"
_BASE = "SeptetError"

_STATES = """
    ALL BranchFailed DataLimitExceeded ExceedToleratedFailureThreshold HeartbeatTimeout Http.Socket IntrinsicFailure ItemReaderFailed
    NoChoiceMatched ParameterPathFailure Permissions QueryEvaluationError ResultPathMatchFailure ResultWriterFailed Runtime
    TaskFailed Timeout
"""
_LAMBDA = """
    AWSLambdaException ClientExecutionTimeoutException SdkClientException ServiceException TooManyRequestsException Unknown
    CodeArtifactUserDeletedException CodeArtifactUserFailedException CodeArtifactUserPendingException
    DurableExecutionAlreadyStartedException
    EC2AccessDeniedException EC2ThrottledException EC2UnexpectedException EFSIOException EFSMountConnectivityException
    EFSMountFailureException EFSMountTimeoutException ENILimitReachedException ENINotReadyException InvalidParameterValueException
    InvalidRequestContentException InvalidRuntimeException InvalidSecurityGroupIDException InvalidSubnetIDException InvalidZipFileException
    KMSAccessDeniedException KMSDisabledException KMSInvalidStateException KMSNotFoundException ModeNotSupportedException
    NoPublishedVersionException RecursiveInvocationException RequestTooLargeException ResourceConflictException ResourceNotFoundException
    ResourceNotReadyException RuntimeAliasDeletedException RuntimeVersionDeletedException S3FilesMountConnectivityException
    S3FilesMountFailureException S3FilesMountTimeoutException SerializedRequestEntityTooLargeException ServiceQuotaExceededException
    SnapStartException SnapStartNotReadyException SnapStartRegenerationFailureException SnapStartTimeoutException
    SubnetIPAddressLimitReachedException UnsupportedMediaTypeException
"""
_RUNTIME = """
    AfterRestoreError BeforeSnapshotError BuiltInModuleConflict ExitError HandlerNotFound ImportModuleError InvalidEntrypoint
    LambdaContextUnmarshalError LambdaRuntimeClientError MalformedHandlerName MarshalError OutOfMemory UnmarshalError UserCodeSyntaxError
"""
_AWS = {"States": _STATES, "Lambda": _LAMBDA, "Runtime": _RUNTIME, "Sandbox": "Timedout"}

NEVER = frozenset(
    {
        *("AgentStopped", "ApprovalExpired", "BodyErased", "EffectUnknown", "InputRejected"),
        *("JournalDamaged", "NotUndone", "PolicyDenied", "RunCancelled", "RunStopped"),
    }
)
"""Failures that would be the same again, or that somebody decided, or after which a person has to look: no Retry may name one."""
AWS = frozenset(f"{group}.{name}" for group, names in _AWS.items() for name in names.split())
"""Step Functions' own, those of Lambda's Invoke, of its Python runtime, and of what runs it."""


def errors(root: Path, problems: Problems) -> frozenset[str]:
    """The runtime's error classes, by the names that reach a state machine. What runs is never imported here, so its source is read."""
    text = read_text(root / FILE, FILE, problems)
    found = {_BASE}
    try:
        classes = [node for node in ast.parse(text).body if isinstance(node, ast.ClassDef)]
    except (SyntaxError, RecursionError, MemoryError) as error:
        problems.add(FILE, "", f"cannot be read as Python: {error}")
        return frozenset()
    for node in classes:
        if any(isinstance(base, ast.Name) and base.id in found for base in node.bases):
            found.add(node.name)
    return frozenset(found - {_BASE})
