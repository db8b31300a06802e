"""What a callee makes of a line of the bot: the topic it has to answer."""

from __future__ import annotations

import enum
import re

__all__ = ["Topic", "scale_of", "topic_of"]


class Topic(enum.Enum):
    """What a line is about."""

    IDENTITY = "are you the person we look for"
    THERE = "are you there"
    RIGHT = "is what I understood right"
    AGENT = "do you want to speak to a person"
    CALL_WHEN = "when shall we call"
    SCORE = "give us a score"
    MOMENT = "do you have a moment, will you take part"
    REASON = "why"
    PAYMENT = "when will you pay"
    NEW_TIME = "which other time suits you"
    APPOINTMENT = "will you come"
    MORE = "anything else"
    OPEN = "some other open question"
    YES_NO = "some other question"
    GOODBYE = "goodbye"
    HOLD = "hold the line"
    STATEMENT = "no question"


# In this order: the first that matches the question wins.
_QUESTIONS = tuple(
    (topic, re.compile(pattern, re.IGNORECASE))
    for topic, pattern in (
        (Topic.THERE, r"are you (still )?there|on the line|can you hear|can(no|')t hear"),
        (Topic.MORE, r"(any|some)thing else|further questions|other questions"),
        (
            Topic.AGENT,
            r"\b(speak|talk|connect|transfer|through|hand)\b.*\b(agent|colleague|human|representative|adviser|real person)\b"
            r"|\b(agent|colleague|human|representative|adviser) (to )?(call|contact|ring)\b",
        ),
        (
            Topic.IDENTITY,
            r"(speak|speaking|talk|talking) (with|to)\b|is this (?!a\b|an\b|the\b|still|correct|right|ok|time)|are you (mr|mrs|ms)\b",
        ),
        (Topic.REASON, r"\bwhy\b|\breason\b|what happened"),
        (
            Topic.SCORE,
            r"\bscale\b|\b(0|zero|1|one) (to|and) (10|ten|5|five)\b|how likely|\bscore\b|rate (us|our|your|the|it)\b|out of (10|ten|5)",
        ),
        (Topic.RIGHT, r"(is|was) that (right|correct|ok)|\b(right|correct)\s*\?|did I (get|hear|understand)"),
        (
            Topic.CALL_WHEN,
            r"call (you )?(back|again)|ring you|(when|what time|which time)\b.* call\b|time to (call|reach)|try (you )?again",
        ),
        (
            Topic.MOMENT,
            r"good time|\ba (moment|minute)\b|(few|some|couple of|two|three|short|quick) (questions|minutes)|take part|\bsurvey\b|willing",
        ),
        (Topic.PAYMENT, r"\bpay|\bdue\b|overdue|outstanding|\binstal|\bbalance\b|\bsettle|\bowe"),
        (Topic.NEW_TIME, r"\b(another|other|different|new|better|which|what) (day|time|date|slot)|when would|reschedule|suit"),
        (Topic.APPOINTMENT, r"appointment|\bvisit|\bbooking|make it|attend|\bcome\b"),
    )
)
_SUBJECTS = (Topic.SCORE, Topic.PAYMENT, Topic.APPOINTMENT)
_GOODBYE = re.compile(r"\b(good\s?bye|bye|take care|have a (nice|good|great|lovely) \w+)\b", re.IGNORECASE)
_HOLD = re.compile(
    r"\bhold (the line|on)\b|\bplease (hold|wait)\b|\b(thank you|thanks) for (waiting|holding)\b|\bone moment\b|\bbe with you\b"
    r"|\bconnect(ing)? you\b",
    re.IGNORECASE,
)
_REQUEST = re.compile(r"\b(please|tell me|give me|let me know|could you|can you)\b", re.IGNORECASE)
_WHEN = re.compile(r"\b(when|what day|which day|what date|what time)\b", re.IGNORECASE)
_OPEN = re.compile(r"\b(what|how|which|where|who|tell us|tell me|describe)\b", re.IGNORECASE)
_SENTENCE = re.compile(r"[^.?!]+[.?!]*")
_FIVE = re.compile(r"\b(to|and|of) (5|five)\b", re.IGNORECASE)


def topic_of(line: str, subject: Topic | None = None) -> Topic:
    """The topic that a line asks about: its last question decides, then the whole line, then what was talked about.

    Args:
        line: what the bot said.
        subject: the last payment, appointment or score the callee heard of, for questions such as "when?".
    """
    sentences = [sentence.strip() for sentence in _SENTENCE.findall(line) if sentence.strip()]
    questions = [sentence for sentence in sentences if sentence.endswith("?")]
    if not questions:
        if _GOODBYE.search(line):
            return Topic.GOODBYE
        if _HOLD.search(line):
            return Topic.HOLD
        questions = [sentence for sentence in sentences if _REQUEST.search(sentence)]
        if not questions:
            return next((topic for topic in (_match(line),) if topic in _SUBJECTS), Topic.STATEMENT)
    question = questions[-1]
    if (topic := _match(question)) is not None:
        return Topic.OPEN if topic is Topic.REASON and subject is Topic.SCORE else topic
    about = _match(line)
    if about in _SUBJECTS or about in (Topic.IDENTITY, Topic.MOMENT):
        return about
    if subject is not None and _WHEN.search(question):
        return Topic.NEW_TIME if subject is Topic.APPOINTMENT else subject
    return Topic.OPEN if _OPEN.search(question) else Topic.YES_NO


def scale_of(line: str) -> int:
    """The top of the scale that a line asks a score on: 5 or 10."""
    return 5 if _FIVE.search(line) else 10


def _match(text: str) -> Topic | None:
    return next((topic for topic, pattern in _QUESTIONS if pattern.search(text)), None)
