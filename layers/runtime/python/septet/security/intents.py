"""The verbs that ask for an effect. "Read the mail from X" names X, and asks for nothing to be sent.

Only words that order something count: at the start of a clause, or after "please", "to", "and" and the like. They are English; a request
in another language, or in words that are not here, asks for nothing, and so a person is asked. That errs to the safe side alone: a word
that is found makes no value better.
"""

from collections.abc import Mapping

WORDS: Mapping[str, str] = {
    "send": "send email mail message text write reply respond answer forward tell notify inform invite contact "
    "ask post submit share dm ping remind schedule reschedule create make book add set arrange move "
    "update change thank congratulate greet pass report let organize organise plan deliver return "
    "broadcast drop postpone extend comment attach",
    "membership": "invite add share grant give allow join enroll enrol assign subscribe include let make onboard permit put create remove",
    "publish": "publish post tweet upload release put announce share write update create submit broadcast comment",
    "financial": "pay send transfer refund reimburse wire charge deposit withdraw donate buy purchase order settle "
    "schedule update change adjust set remit tip return create issue credit compensate repay give move "
    "increase decrease raise lower",
    "credential": "update change reset set rotate renew replace create generate revoke issue",
    "profile": "update change set edit correct replace modify adjust fix make move add put rename",
    "destructive": "delete remove erase cancel clear purge trash discard drop destroy wipe terminate revoke uninstall "
    "unsubscribe empty clean kick ban close deactivate disable",
    "commit": "make reserve book order buy confirm sign rent schedule accept subscribe purchase complete place "
    "submit approve hire merge deploy",
    "write-private": "create add append write save update edit insert make put note log record store copy move rename "
    "change set schedule reschedule book draft compose complete fill mark fix correct generate build "
    "produce prepare remind upload open label tag file attach organize organise extend postpone plan "
    "turn switch lock unlock start stop pause resume enable disable comment close reopen",
}
"""Of each effect, the verbs that ask for it."""
EFFECTS = tuple(WORDS)
MASKS: dict[str, int] = {}
"""Of each verb, the bits of the effects that it asks for."""
for _bit, _verbs in enumerate(WORDS.values()):
    for _verb in _verbs.split():
        MASKS[_verb] = MASKS.get(_verb, 0) | 1 << _bit
_POLITE = (
    "please to and then also or kindly just now next first second third finally lastly afterwards must should can "
    "could would will you we i'd again once so hey hi hello dear instead either but help"
)
OPENERS = frozenset(_POLITE.split())
"""Words after which an order may stand."""


def mask(effect: str) -> int:
    """The bit of *effect*; 0 for one that no words ask for."""
    return 1 << EFFECTS.index(effect) if effect in WORDS else 0


def boilerplate(text: str, effect: str) -> bool:
    """Whether *text* is one word that only says what a call of this effect does, such as "Refund", and so carries nothing."""
    return bool(MASKS.get(text.casefold(), 0) & mask(effect))
