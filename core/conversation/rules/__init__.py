"""The deterministic brain: no model, no network.

text, numbers            words into plain form, numbers
days, hours, when        dates and times; `named_time` is what they find
intents, vocabulary/     what may be meant, and the words of each meaning
understand               from an utterance to its meaning
scene                    what scenarios are made of: states, steps, effects, lines
common, effects          what every scenario shares
scenarios/               one table of states each
facts, report            what was established, and the analysis made of it
lines                    choosing and filling a line
brain                    walks the table
"""

from core.conversation.rules.brain import RulesBrain

__all__ = ["RulesBrain"]
