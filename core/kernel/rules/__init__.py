"""Rule packs: who may be called when and how often, by country and purpose. Help with the law, not legal advice. Pure.

packs       the files: a country's figures, each with its source
applying    which figures apply to a callee and a purpose
settings    how a bot tightens them, or loosens them with a reason
caps        how often a person may be called
first_words   what is to be said first, in the bot's language
"""

from core.kernel.rules.applying import OWN, Rules, rules_for
from core.kernel.rules.caps import Contact, Counted, Refused, count_contacts, longest_window
from core.kernel.rules.first_words import FirstWords, first_words
from core.kernel.rules.packs import PURPOSELESS, Figure, Pack, Source, all_packs, pack_for
from core.kernel.rules.settings import Loosened, RuleSettings

__all__ = [
    "OWN",
    "PURPOSELESS",
    "Contact",
    "Counted",
    "Figure",
    "FirstWords",
    "Loosened",
    "Pack",
    "Refused",
    "RuleSettings",
    "Rules",
    "Source",
    "all_packs",
    "count_contacts",
    "first_words",
    "longest_window",
    "pack_for",
    "rules_for",
]
