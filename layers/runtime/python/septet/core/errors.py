"""The named ways a step can fail. A state machine's ``Catch`` routes on these names, so they are part of the contract."""


class SeptetError(Exception):
    """Base of every failure that has a name in a workflow. ``str`` is one sentence for a person."""

    billed = True
    """For a model's error: whether the provider may charge for the call. What is not known counts as charged."""


class ModelThrottled(SeptetError):
    """The model's provider refused for the moment: try again later, or elsewhere."""


class ModelUnavailable(SeptetError):
    """The model could not be reached, failed inside, or does not exist (any more)."""


class ModelRefused(SeptetError):
    """The model or its guardrail declined to answer."""


class ContextOverflow(SeptetError):
    """The request does not fit the model's context window."""


class AnswerInvalid(SeptetError):
    """The agent's answer does not fit its declared type, also after being told so once."""


class ToolFailed(SeptetError):
    """A tool ended without a result; for an effect, nothing is known to have happened."""


class ToolTimedOut(SeptetError):
    """A tool did not answer within its deadline."""


class EffectUnknown(SeptetError):
    """An effect that must not be repeated may or may not have happened: a person has to look."""


class PolicyDenied(SeptetError):
    """The gateway, a tool or a person said no."""


class ApprovalExpired(SeptetError):
    """Nobody decided in time."""


class BudgetExhausted(SeptetError):
    """A limit on steps, tokens, money or time was reached."""


class RunStopped(SeptetError):
    """An operator stopped the run."""


class LoopDetected(SeptetError):
    """The agent repeats itself."""


class Fenced(SeptetError):
    """Another executor has gone on with this branch: this one stops."""


class StoreUnavailable(SeptetError):
    """The journal, the ledger or a body could not be read or written for the moment; nothing is lost, and the same turn can go on."""


class BodyErased(SeptetError):
    """A body of this branch was erased: what is left can be verified and shown, and nobody works on from half a history."""


class JournalDamaged(SeptetError):
    """An entry of this branch cannot be read: what is stored is none that was written here, and nobody works on from it."""


class InputRejected(SeptetError):
    """The input does not fit what is declared; the message names the field and the fix."""


class AgentStopped(SeptetError):
    """An operator stopped this agent: the run may go on with another."""


class CheckFailed(SeptetError):
    """The agent's answer has its declared form, and does not pass the agent's own check, also after being told so once."""


class NoAnswer(SeptetError):
    """Of agents that worked in parallel none gave an answer that can be used."""


class Overloaded(SeptetError):
    """The tenant, or the platform, runs as much as it may at the moment: try again later, nothing was taken."""


class RowsFailed(SeptetError):
    """More rows of a batch failed than it tolerates; the results of all of them are kept."""


class RunCancelled(SeptetError):
    """Somebody had the run cancelled: nothing new is done, and what it did is undone."""


class NotUndone(SeptetError):
    """Something that a cancelled run did stays done: it could not be undone, or declares no way to be. A person has to look."""


CLASSES: dict[str, type[SeptetError]] = {
    error.__name__: error
    for error in (
        ModelThrottled,
        ModelUnavailable,
        ModelRefused,
        ContextOverflow,
        AnswerInvalid,
        ToolFailed,
        ToolTimedOut,
        EffectUnknown,
        PolicyDenied,
        ApprovalExpired,
        BudgetExhausted,
        RunStopped,
        LoopDetected,
        Fenced,
        StoreUnavailable,
        BodyErased,
        JournalDamaged,
        InputRejected,
        AgentStopped,
        CheckFailed,
        NoAnswer,
        Overloaded,
        RowsFailed,
        RunCancelled,
        NotUndone,
    )
}
"""Every error class by its name; a state machine may catch these and Step Functions' own, nothing else."""
