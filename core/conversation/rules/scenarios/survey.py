"""Asks the configured questions, one by one: ratings, yes or no, and free words."""

from __future__ import annotations

import re
from typing import Final, Literal

from core.conversation.brain import Action
from core.conversation.rules import effects as do
from core.conversation.rules.common import ALIASES, ANYWHERE, LINES, closing_states
from core.conversation.rules.facts import Facts
from core.conversation.rules.intents import Intent
from core.conversation.rules.numbers import digits, rating_in
from core.conversation.rules.scene import END, STAY, Line, Moment, Scenario, State, Step
from core.conversation.rules.understand import Understood
from core.conversation.rules.vocabulary.general import GENERAL

__all__ = ["kind_of", "scale_of", "survey"]

Kind = Literal["rating", "yes_no", "free"]

_RATING: Final = re.compile(
    r"\bscale\b|\b\d+ (?:to|and|-) \d+\b|\bhow (?:likely|satisfied)\b|\brate\b|\brating\b|\bscore\b|out of (?:5|10)\b", re.IGNORECASE
)
_YES_NO: Final = re.compile(
    r"(?:^|[.,:;] *)(?:and |so |also )?(?:did|do|does|was|were|is|are|am|have|has|had|would|will|can|could|should|may) ", re.IGNORECASE
)
_SCALE: Final = re.compile(r"\b(\d+) (?:to|and|-) (\d+)\b")
_DEFAULT_QUESTIONS: Final = (
    "On a scale from 0 to 10, how likely are you to recommend us to a friend?",
    "Was your problem solved?",
    "What could we do better?",
)
_HEARD_IN_FREE_ANSWERS: Final = frozenset(
    {Intent.STOP_CALLING, Intent.REPEAT, Intent.HOLD, Intent.SKIP, Intent.ROBOT, Intent.WHO, Intent.GREETING}
)
_DECLINES: Final = frozenset({Intent.NO, Intent.NOT_INTERESTED, Intent.GOODBYE})


def kind_of(question: str) -> Kind:
    """The kind of answer a question asks for, judged by its words."""
    if _RATING.search(digits(question.casefold())):
        return "rating"
    if _YES_NO.search(question) and " or " not in question.casefold():
        return "yes_no"
    return "free"


def scale_of(question: str) -> tuple[int, int]:
    """The lowest and the highest score of a rating question: 0 to 10 unless it names others."""
    text = digits(question.casefold())
    if match := _SCALE.search(text):
        low, high = int(match.group(1)), int(match.group(2))
        if low < high:
            return low, high
    return (1, 5) if re.search(r"\bout of 5\b", text) else (0, 10)


def survey(questions: list[str]) -> Scenario:
    """The scenario that asks these questions in order; the three default ones if there are none."""
    asked = [question for question in questions if question.strip()] or list(_DEFAULT_QUESTIONS)
    states = {f"q{number}": _question(number, question, len(asked)) for number, question in enumerate(asked, 1)}
    lines = {f"q{number}": Line(question) for number, question in enumerate(asked, 1)}
    declined = Step("declined", END, do.decides("NO_OUTCOME", "DECLINED"), ask=False)
    begin = Step("begin", "q1", do.right_party)
    return Scenario(
        name="survey",
        vocabulary=GENERAL,
        anywhere={**ANYWHERE, Intent.NOT_INTERESTED: Step("stopped", END, ask=False)},
        start="consent",
        private=False,
        states={
            **closing_states("consent"),
            "consent": State(
                "ask_consent",
                steps={
                    Intent.YES: begin,
                    Intent.IDENTITY: Step("", STAY, do.right_party),
                    Intent.THANKS: begin,
                    Intent.UNSURE: declined,
                    Intent.NO: declined,
                    Intent.NOT_INTERESTED: declined,
                    Intent.GOODBYE: declined,
                },
            ),
            **states,
            "done": State("", steps={}, unclear=Step("bye", END, ask=False)),
        },
        lines={
            **LINES,
            **lines,
            "ask_consent": Line("I have a few short questions. Do you have a moment for them?"),
            "begin": Line("Thank you."),
            "next": Line("Thank you.", ("Thank you.", "Good, thank you.", "I see, thank you.")),
            "declined": Line("No problem. Thank you, and goodbye."),
            "stopped": Line("All right, we can stop here. Thank you for your time. Goodbye."),
            "finished": Line("That was my last question. Thank you very much for your answers. Goodbye."),
            "need_score": Line("I'm sorry, I need a number for that."),
            "tell_purpose": Line("It is a short survey about our service."),
            "tell_length": Line("It takes about two minutes."),
        },
        topics=(
            (r"\bhow long\b|\bhow many questions\b|\bhow much time\b", "tell_length"),
            (
                r"\bwhat (is this|is it|do you want|are you calling|survey|kind)|\bwhy (are|did|do) you call|\b(regarding|about) what\b",
                "tell_purpose",
            ),
        ),
        aliases=ALIASES,
    )


def _question(number: int, question: str, count: int) -> State:
    key = f"q{number}"
    to = f"q{number + 1}" if number < count else "done"

    def next_step(_: Facts, __: Understood, ___: Moment) -> Step:
        return Step("next", to) if number < count else Step("finished", "done", ask=False)

    def takes(value: object) -> Step:
        def effect(facts: Facts, _: Understood, __: Moment) -> tuple[Action, ...]:
            facts.right_party = True
            facts.answers[key] = value
            return ()

        return Step(effect=effect, choose=next_step)

    def words(facts: Facts, heard: Understood, _: Moment) -> tuple[Action, ...]:
        facts.right_party = True
        facts.answers[key] = heard.heard
        return ()

    skipped = takes(None)
    if (kind := kind_of(question)) == "yes_no":
        return State(
            key,
            steps={Intent.YES: takes("yes"), Intent.NO: takes("no"), Intent.UNSURE: skipped, Intent.SKIP: skipped},
            unclear=Step(effect=words, choose=next_step),
        )
    free = Step(effect=words, choose=next_step)
    if kind == "free":
        return State(key, steps={Intent.SKIP: skipped}, unclear=free, hears_only=_HEARD_IN_FREE_ANSWERS)
    low, high = scale_of(question)

    def rating(facts: Facts, heard: Understood, moment: Moment) -> Step:
        score = rating_in(heard.said, low, high)
        if score is not None:
            facts.answers[key] = score
            facts.right_party = True
            return next_step(facts, heard, moment)
        if facts.count(f"asked {key}") <= 2:
            return Step("need_score", key)
        words(facts, heard, moment)
        return next_step(facts, heard, moment)

    rated = Step(choose=rating)
    taken = (Intent.YES, Intent.WHEN, Intent.NO, Intent.IDENTITY, Intent.THANKS, Intent.GREETING, Intent.CALLBACK_TIMED)
    return State(key, steps={**dict.fromkeys(taken, rated), Intent.UNSURE: skipped, Intent.SKIP: skipped}, unclear=rated)
