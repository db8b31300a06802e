"""What callees say in any call."""

from typing import Final

from core.conversation.rules.vocabulary.pattern import Pattern
from core.conversation.rules.vocabulary.talk import TALK
from core.conversation.rules.vocabulary.wishes import WISHES

__all__ = ["GENERAL"]

GENERAL: Final[tuple[Pattern, ...]] = WISHES + TALK
