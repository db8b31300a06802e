"""What patients and guests say. In plain form: "don't" is "do not", see `rules.text`."""

from __future__ import annotations

from typing import Final

from core.conversation.rules.intents import Intent
from core.conversation.rules.vocabulary.pattern import Pattern, exactly, says

__all__ = ["APPOINTMENT"]

_COME = (
    r"(?:come|attend|make it|be there|be coming|be able to come|be able to make it|keep (?:it|the appointment)|join|visit|reach|"
    r"turn up|show up|go)"
)

APPOINTMENT: Final[tuple[Pattern, ...]] = (
    says(
        Intent.CANCEL,
        r"(?:cancel|cancelling|canceling|cancelled|canceled|cancellation)",
        r"call (?:it|the appointment) off",
        r"(?:found|going to|gone to|seen) another (?:doctor|clinic|dentist)",
        even_asked=True,
        negated=Intent.CONFIRM,
    ),
    exactly(Intent.CANCEL, r"(?:no longer|do not) (?:need|want|require)(?: \w+){0,2} (?:it|appointment|visit|booking|slot)(?: any ?more)?"),
    says(
        Intent.RESCHEDULE,
        r"re ?schedul\w+",
        r"re ?book\w*",
        r"(?:another|other|different|new|later|earlier|better) (?:day|time|date|slot|appointment|hour|week)",
        r"(?:change|move|shift|push|postpone|delay|bring|put)(?: \w+){0,2} (?:appointment|date|time|it|that|visit|booking|slot|"
        r"back|forward|off)(?: \w+){0,2}",
        r"(?:postpone|postponed|advance it|prepone)",
        r"(?:come|do|make it|have it|meet|visit)(?: \w+){0,4} instead",
        r"(?:can|could|may) (?:i|we) (?:come|do|have|get|make it)(?: it| one)? (?:on|at|in|next|tomorrow|later|earlier)",
        r"(?:date|time|din|samay|appointment) (?:badal|change|aage)(?: \w+){0,3}",
        r"(?:kisi )?(?:aur|doosre|dusre) din",
        even_asked=True,
        negated=Intent.CONFIRM,
    ),
    exactly(
        Intent.CANNOT_COME,
        rf"(?:can|will|could|would|may|might|shall|do|am|is|going|able|think)(?: \w+){{0,3}} ?(?:not|never)(?: \w+){{0,4}} {_COME}",
        rf"(?:not|unable|impossible)(?: \w+){{0,3}} (?:able to |going to )?{_COME}",
        r"not coming",
        r"(?:it|that|time|date|day) (?:does|will|would) not (?:work|suit|be possible|do)(?: \w+){0,2}",
        r"(?:i am |am )?not (?:free|available)(?: \w+){0,3}",
        r"(?:i am |am )(?:away|out of town|sick|ill|travelling|traveling|abroad|on holiday)(?: \w+){0,3}",
        r"nahi (?:aa|aaunga|aaungi|aunga|aungi|aa paunga|aa paungi|aa sakta|aa sakti)(?: \w+){0,2}",
    ),
    says(
        Intent.CONFIRM,
        rf"(?:will|shall|can|am going to|plan to|going to|be able to|able to) (?:definitely |surely |certainly |still |also )?{_COME}",
        r"(?:i am|we are|am|are) (?:definitely |still )?coming",
        r"(?:i |we |yes )?confirm(?:ed|ing)?(?: (?:it|that|the|my|appointment))*",
        r"see you (?:then|there|on|at|tomorrow|next)(?: \w+)?",
        r"looking forward",
        r"(?:keep|leave) (?:it|the appointment|my appointment)",
        r"(?:aaunga|aaungi|aunga|aungi|aa jaunga|aa jaungi|aa raha hoon|aa rahi hoon|aayenge)",
    ),
)
