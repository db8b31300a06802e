"""The scenarios, by name. Each is a table of states in a module of its own.

payment_reminder           reminds of a payment
appointment_confirmation   confirms an appointment
survey                     asks the configured questions, one by one
"""

from typing import Final

from core.conversation.rules.scenarios.appointment_confirmation import APPOINTMENT_CONFIRMATION
from core.conversation.rules.scenarios.payment_reminder import PAYMENT_REMINDER
from core.conversation.rules.scenarios.survey import survey
from core.conversation.rules.scene import Scenario

__all__ = ["scenario_named"]

_FIXED: Final = {scenario.name: scenario for scenario in (PAYMENT_REMINDER, APPOINTMENT_CONFIRMATION)}


def scenario_named(name: str, questions: list[str]) -> Scenario:
    """The scenario of that name.

    Args:
        name: `payment_reminder`, `appointment_confirmation` or `survey`.
        questions: the survey's questions, rendered.

    Raises:
        ValueError: there is no scenario of that name.
    """
    if name == "survey":
        return survey(questions)
    if name not in _FIXED:
        raise ValueError(f"there is no scenario {name!r}; there are: {', '.join([*_FIXED, 'survey'])}")
    return _FIXED[name]
