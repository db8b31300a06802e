"""The deterministic brain: no model, no network.

text, numbers            normalizes words and numbers
days, hours, when        dates and times; `named_time` is what they find
intents, vocabulary/     the meanings, and the words of each
understand               from an utterance to its meaning
scene                    the parts of scenarios: states, steps, effects, lines
common, effects          what every scenario shares
scenarios/               one table of states each
facts, report            what was established, and the analysis from it
lines                    chooses and fills a line
brain                    walks the table
"""

from core.conversation.rules.brain import RulesBrain

__all__ = ["RulesBrain"]
