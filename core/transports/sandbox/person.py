"""A person who converses: answers what the bot asks, in the manner of its character."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from core.transports.sandbox.behaviour import Interruption, Moment, PickedUp, Quiet, Reaction, Said, Stimulus
from core.transports.sandbox.characters import ANYBODY, Character
from core.transports.sandbox.hearing import Topic, scale_of, topic_of

__all__ = ["Person"]

_FIRST_PATIENCE = 3.0  # who picked up says hello when nobody speaks
_HOLDING_PATIENCE = 25.0  # who was asked to hold the line keeps quiet for a while
_MOST_QUIET = 3
_LONG_LINE = 1.5
_SUBJECTS = (Topic.PAYMENT, Topic.APPOINTMENT, Topic.SCORE)
_NO_BUSINESS = (Topic.IDENTITY, Topic.THERE, Topic.GOODBYE, Topic.STATEMENT)


class Person:
    """Somebody on the phone.

    Args:
        character: how they answer.
        patience: how many seconds they are willing to talk; None for as long as it takes.
    """

    def __init__(self, character: Character, patience: float | None = None) -> None:
        self._character = character
        self._patience = patience
        self._quiet = self._demands = self._barges = 0
        self._subject: Topic | None = None
        self._answered: set[Topic] = set()
        self._said_goodbye = False

    def interrupts(self, line: int, seconds: float, stream: random.Random) -> Interruption | None:
        """In the lines that its character says."""
        character = self._character
        if character.at_once:
            return Interruption(stream.uniform(0.3, 0.9), hang_up=True)
        if line == character.hangs_up_in_line:
            return Interruption(seconds * stream.uniform(0.35, 0.7), hang_up=True)
        if self._barges < len(character.barges) and seconds > _LONG_LINE:
            return Interruption(seconds * stream.uniform(0.3, 0.7), hang_up=False)
        return None

    def reacts(self, stimulus: Stimulus, moment: Moment, stream: random.Random) -> Reaction:
        """What it does next, as the class says."""
        match stimulus:
            case PickedUp():
                return Reaction(patience=stream.uniform(0.3, 0.9) if self._character.at_once else _FIRST_PATIENCE)
            case Quiet():
                return self._waited()
            case Said(interrupted=True):
                self._barges += 1
                return Reaction(self._character.barges[self._barges - 1])
            case Said(text=text):
                self._quiet = 0
                return self._replies(text, moment, stream)

    def _waited(self) -> Reaction:
        self._quiet += 1
        if self._character.at_once or self._said_goodbye or self._quiet >= _MOST_QUIET:
            return Reaction(hang_up=True)
        return Reaction("Hello?" if self._quiet == 1 else "Hello? Is anybody there?")

    def _replies(self, text: str, moment: Moment, stream: random.Random) -> Reaction:
        topic = topic_of(text, self._subject)
        if topic is Topic.HOLD:
            return Reaction(patience=_HOLDING_PATIENCE)
        if topic is Topic.GOODBYE:
            if self._said_goodbye:
                return Reaction(hang_up=True)
            self._said_goodbye = True
            return Reaction(self._line(topic, text, moment.now, stream), hang_up=stream.random() < 0.6, patience=5.0)
        if self._patience is not None and moment.talked > self._patience:
            return Reaction("I'm sorry, I have to go now. Bye.", hang_up=True)
        if topic in _SUBJECTS:
            if topic in self._answered and "?" not in text and topic is not Topic.SCORE:
                topic = Topic.STATEMENT  # the bot repeats what was agreed
            else:
                self._subject = topic
                self._answered.add(topic)
        if topic not in _NO_BUSINESS and self._demands < len(self._character.demands):
            self._demands += 1
            last = self._demands == len(self._character.demands)
            return Reaction(self._character.demands[self._demands - 1], hang_up=last and self._character.demands_end_call)
        return Reaction(self._line(topic, text, moment.now, stream))

    def _line(self, topic: Topic, text: str, now: datetime, stream: random.Random) -> str:
        lines = self._character.lines.get(topic) or ANYBODY[topic]
        line = stream.choice(lines)
        score = self._character.score if self._character.score is not None else _drawn_score(stream)
        score = score if scale_of(text) == 10 else max(1, round(score / 2))
        return line.format(date=_future_date(now, stream), weekday=_weekday(now, stream), score=score)


def _drawn_score(stream: random.Random) -> int:
    """0 to 10, most of them high, as surveys go."""
    return stream.choices(range(11), weights=(2, 1, 1, 2, 3, 5, 6, 12, 20, 22, 26))[0]


def _weekday(now: datetime, stream: random.Random) -> str:
    return f"{now + timedelta(days=stream.randint(2, 6)):%A}"


def _future_date(now: datetime, stream: random.Random) -> str:
    """A day from tomorrow to ten days on, in one of the ways people say it."""
    days = stream.randint(2, 6)
    later = now + timedelta(days=stream.randint(3, 10))
    return stream.choice(("tomorrow", f"on {now + timedelta(days=days):%A}", f"in {days} days", f"on {later:%B} {later.day}"))
