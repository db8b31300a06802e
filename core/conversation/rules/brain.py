"""The deterministic brain: walks the table of a scenario. No model, no network; the same words give the same turns."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from core.bots.config import BrainConfig
from core.conversation.brain import Action, BrainContext, EndCall, ScheduleCallback, Transfer, Turn
from core.conversation.party import Party, asks_who_it_is, name_words, who_speaks
from core.conversation.rules import effects as do
from core.conversation.rules.facts import Facts
from core.conversation.rules.intents import Intent
from core.conversation.rules.lines import Speaker, lead_values
from core.conversation.rules.report import report
from core.conversation.rules.scenarios import scenario_named
from core.conversation.rules.scene import END, STAY, Moment, State, Step
from core.conversation.rules.understand import Understood, understand

__all__ = ["RulesBrain"]

_MOST_UNCLEAR = 2  # how many times in a row unclear words are asked again
_MOST_STALLS = 4  # how many times in a row a state is asked again for any reason
_SHORT_WORDS = 8  # within a free answer, only an utterance this short can be a wish
_WISHES: Final = frozenset(
    {Intent.CALLBACK, Intent.CALLBACK_TIMED, Intent.NOT_INTERESTED, Intent.GOODBYE, Intent.HUMAN, Intent.WRONG_NUMBER}
)
_WHO_STATES: Final = frozenset({"identity", "other_person"})
"""Where the bot has to find out whom it speaks with."""
_SAYS_LITTLE: Final = frozenset(
    {Intent.YES, Intent.NO, Intent.UNCLEAR, Intent.IDENTITY, Intent.GREETING, Intent.THANKS, Intent.QUESTION, Intent.WHO, Intent.HUMAN}
)
"""Meanings that give way to who it is that speaks."""
_MONTH_FIRST_ZONES: Final = ("America/", "US/", "Pacific/Honolulu")
_PREFERRED_TARGETS: Final = ("default", "agent", "human", "person", "support")


class RulesBrain:
    """Holds one conversation by rules.

    Args:
        context: the call. `opening_message` is the bot's template: it is rendered here, once, and where the lead lacks a
            field it needs, the scenario's own question takes its place.
        config: the scenario, its questions, and the bot's own lines.
        stream: chooses between equivalent lines.
        transfer_targets: the names of the transfer targets.
    """

    def __init__(self, context: BrainContext, config: BrainConfig, stream: random.Random, transfer_targets: Iterable[str] = ()) -> None:
        self._scenario = scenario_named(config.scenario, list(config.questions))
        self._clock = context.callee_clock
        self._zone = ZoneInfo(self._clock.zone)
        self._day_first = not context.time_zone.startswith(_MONTH_FIRST_ZONES)
        self._opening_message = context.opening_message
        self._started_at = context.started_at
        self._lead = lead_values(context.crm, self._scenario.aliases)
        self._names = name_words([self._lead.get("name", "")])
        self._disclosure = context.disclosure
        self._speaker = Speaker(self._scenario.lines, config.lines, context.crm, context.call, self._lead, stream)
        targets = list(transfer_targets)
        self._target = next((name for name in _PREFERRED_TARGETS if name in targets), targets[0] if targets else None)
        self._state = self._scenario.start
        self._unclear = self._stalls = 0
        self._last_said = ""
        self._now = self._local(context.started_at)
        self.facts = Facts()
        """What the conversation has established so far."""

    async def opening(self) -> Turn:
        """The bot's opening message, followed by the scenario's first question if it asks nothing itself."""
        message = self._speaker.opening(self._opening_message)
        if not message:
            message = "Hello."
        if "?" not in message:
            message = f"{message} {self._line(self._current.question)}"
        self._last_said = message
        return Turn(message)

    async def reply(self, heard: str, now: datetime) -> Turn:
        """The bot's turn after the callee said `heard`."""
        self._now = self._local(now)
        actions: tuple[Action, ...] = ()
        if self.facts.transfer_target and not self.facts.transfer_failed:  # the call is still ours, so the transfer failed
            self.facts.transfer_failed = self.facts.callback_requested = True
            self._state = "callback_time"  # the last line asks for the time of a callback, or can be answered with one
            self.facts.callback_words = "asked for a person"
            actions = (ScheduleCallback(None, "asked for a person"),)
            if self.facts.disposition is None:
                self.facts.decide("CALLBACK", "WANTS_PERSON")
        understood = self._identified(understand(heard, self._now, self._scenario.vocabulary, day_first=self._day_first))
        turn = self._answer(understood)
        return replace(turn, actions=(*actions, *turn.actions)) if actions else turn

    async def silence(self, count: int, now: datetime) -> Turn:  # noqa: ARG002
        """Returns nothing: the bot's configured silence lines are said."""
        return Turn()

    def opted_out(self, words: str) -> None:  # noqa: ARG002
        """For the analysis; the conversation is over, unless the callee goes on."""
        self.facts.decide("DO_NOT_CALL", "ASKED")
        self.facts.do_not_call = True
        self._state = END

    async def analysis(self) -> dict[str, Any]:
        """The analysis of the call, at any time during it: see `rules.report`."""
        questions = {name: self._line(name) for name in self._scenario.states if re.fullmatch(r"q\d+", name)}
        return report(self.facts, questions)

    @property
    def _current(self) -> State:
        return self._scenario.states[self._state]

    def _answer(self, heard: Understood) -> Turn:
        state = self._current
        match heard.intent:
            case Intent.REPEAT if Intent.REPEAT not in state.steps:
                return self._stall(self._last_said)
            case Intent.QUESTION if state.hears_only is None and not self._is_acceptance(heard):
                return self._question(heard)
            case Intent.ABUSE:
                return self._not_understood("calm")
        step = self._step(state, heard)
        return self._not_understood("sorry_again") if step is None else self._take(step, heard)

    def _step(self, state: State, heard: Understood) -> Step | None:
        """The step for what was heard in this state; None if it means nothing here."""
        if state.hears_only is not None and heard.intent not in state.hears_only:
            wish = heard.intent in _WISHES and len(heard.said.split()) <= _SHORT_WORDS
            if not wish:
                return state.unclear
        for intent in (heard.intent, *(intent for intent in Intent if intent in heard.all)):
            if intent in state.steps:
                return state.steps[intent]
            if intent in self._scenario.anywhere:
                step = self._scenario.anywhere[intent]
                ended = not state.question  # after the last word only decisions count
                if not (ended and step.to == STAY and step.choose is None):
                    return step
        return state.unclear

    def _take(self, step: Step, heard: Understood) -> Turn:
        moment = Moment(self._now, self._zone, self._lead, self._target, self._clock)
        actions: list[Action] = []
        while True:
            if step.effect is do.right_party and self._state in _WHO_STATES | {"wrong_or_away"}:
                self._disclosure.confirm()
            if step.effect is not None:
                actions += step.effect(self.facts, heard, moment)
            if step.choose is None:
                break
            step = step.choose(self.facts, heard, moment)
        stays = step.to in {STAY, self._state}
        if stays:
            self._stalls += 1
            if self._stalls > _MOST_STALLS:
                return self._give_up(actions)
        else:
            self._state, self._stalls = step.to, 0
        self._unclear = 0
        words = [self._line(step.say)]
        if step.ask:
            words.append(self._ask(again=stays))
        return self._turn(" ".join(word for word in words if word), actions)

    def _question(self, heard: Understood) -> Turn:
        """Answer from what we know about the lead, else promise to pass the question on; then repeat our own question."""
        for pattern, name in self._scenario.topics:
            if not re.search(pattern, heard.said):
                continue
            if self._scenario.private and not self.facts.right_party:
                return self._stall(f"{self._line('private')} {self._ask(again=True)}")
            if answer := self._line(name):
                return self._stall(f"{answer} {self._ask(again=True)}".strip())
        do.note_question(self.facts, heard, Moment(self._now, self._zone, self._lead))
        return self._stall(f"{self._line('question_noted')} {self._ask(again=True) or self._line('bye')}")

    def _stall(self, say: str) -> Turn:
        """Say something and stay in this state, a few times at most."""
        self._stalls += 1
        return self._give_up([]) if self._stalls > _MOST_STALLS else self._turn(say, [])

    def _is_acceptance(self, heard: Understood) -> bool:
        """ "Yes, what is it?": the person we asked for asks back."""
        return self._state == self._scenario.start and Intent.YES in heard.all

    def _not_understood(self, apology: str) -> Turn:
        self._unclear += 1
        if self._unclear > _MOST_UNCLEAR or not self._current.question:
            return self._give_up([])
        return self._turn(f"{self._line(apology)} {self._ask(again=True)}", [])

    def _give_up(self, actions: list[Action]) -> Turn:
        if self.facts.disposition is None:
            self.facts.decide("NO_OUTCOME", "UNCLEAR")
        self._state = END
        return self._turn(self._line("give_up"), actions)

    def _turn(self, say: str, actions: list[Action]) -> Turn:
        """The turn; a state without a question ends the call."""
        self._last_said = say
        if not self._current.question and not any(isinstance(action, Transfer) for action in actions):
            actions = [*actions, EndCall()]
        return Turn(say, tuple(actions))

    def _identified(self, heard: Understood) -> Understood:
        """What was heard where the bot asks who it is: only the person's own word is a yes, and somebody else is not they."""
        if self._state not in _WHO_STATES or heard.intent not in _SAYS_LITTLE:
            return heard
        asked = self._state == "identity" and asks_who_it_is(self._last_said, self._names)
        party = who_speaks(heard.heard, self._names, asked=asked)
        meant = heard.intent
        if party in (Party.THIRD_PARTY, Party.COMPANY):
            meant = Intent.OTHER_PERSON
        elif party is Party.DENIED:
            meant = Intent.NO
        elif party is Party.CONFIRMED and meant not in (Intent.QUESTION, Intent.WHO):
            meant = Intent.IDENTITY
        elif self._state == "identity" and meant in (Intent.YES, Intent.IDENTITY, Intent.THANKS) and party is not Party.CONFIRMED:
            meant = Intent.GREETING
        return replace(heard, intent=meant, all=frozenset({meant} if meant is not heard.intent else heard.all))

    def _ask(self, *, again: bool) -> str:
        """The question of the state; its short form if it was asked before."""
        return self._line((self._current.again if again else "") or self._current.question)

    def fell_short(self, mark: Callable[[str], str]) -> list[str]:
        """Lines said so far in which values of the lead are lacking, as they would be with all of them.

        Args:
            mark: what stands for a lacking value, from the name that the lead's file would give it.
        """
        aliases = self._scenario.aliases
        return self._speaker.fell_short(lambda field: mark(aliases.get(name := field.partition(".")[2], (name,))[0]))

    def _line(self, name: str) -> str:
        return self._speaker.line(name, self.facts, self._now)

    def _local(self, moment: datetime) -> datetime:
        return moment.astimezone(self._zone).replace(tzinfo=None)
