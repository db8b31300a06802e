"""Words of columns that say who may be called, in many languages; data, and how a header or a value is looked up in it.

Headers are compared without accents, capitals, blanks and signs. A value is looked up as a whole, an OUT phrase anywhere in it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, Literal

from dialler.imports.phone_words import fold

__all__ = ["Meaning", "Said", "header_meaning", "says_not_to_call", "squeezed", "value_meaning"]

Meaning = Literal["opt_out", "consent", "status", "other"]
"""Of a header: who must not be called; who may be; a status; or consent to something else, such as e-mail."""
Said = Literal["yes", "no", "out", "in", "blank", "unclear"]

_OPT_OUT_STEMS: Final = """
donotcall|dontcall|notcall|donotcontact|dontcontact|nottobecalled|donotphone|donotring|donotdial|donotdisturb|nocall|nocontact|nophonecall|optedout|optout
unsubscribe|blacklist|blocklist|suppress|donotallowphone|callsblocked|stopcall|robinson|nichtanrufen|keineanrufe|anrufverbot|werbesperre
telefonsperre|kontaktsperre|sperrvermerk|abgemeldet|nepasappeler|nepascontacter|nepastelephoner|desinscrit|bloctel|nollamar|nocontactar
naoligar|naocontatar|nonchiamare|noncontattare|nietbellen|belmeniet|niedzwonic|nevolat|незвонить|कॉलनकरें|फोननकरें|फ़ोननकरें|请勿致电|勿扰|電話禁止|لاتتصل
"""
_OPT_OUT_WORDS: Final = "dnc dncr dnd ndnc ndnd tps ctps baja oppose opposition"
_CONSENT_STEMS: Final = """
consent|optin|optedin|permission|oktocall|maycall|maywecall|cancall|callallowed|callsallowed|contactallowed|allowcall|einwilligung|zustimmung
consenso|toestemming|zgoda|souhlas|согласие|सहमति|同意
"""
_STATUS_STEMS: Final = "status|statut|estado|stato|stadium|статус|स्थिति|状态|ステータス"
_STATUS_WORDS: Final = "disposition stage"
_OTHER_CHANNELS: Final = """
email mail e-mail sms text texts newsletter fax post letter letters push cookie cookies recording terms privacy data photo
"""
_CALLS: Final = "call calls phone dnc tel telephone contact dial anruf anrufe appel llamar"
_BOOKKEEPING: Final = "check checked scrub scrubbed verified verification screened source reason by id method version url ip"

_YES: Final = """
y|yes|yep|true|t|1|x|on|✓|✔|☑|✅|checked|si|s|oui|o|ja|j|jo|vrai|wahr|verdadero|verdadeiro|vero|sim|da|да|истина|haan|han|हाँ|हां|जी|是|对|真|はい|예|네
evet|tak|ano|igen|kylla|vero|verdade|nai|ναι|כן|نعم|given|granted|obtained|opted in|opt in|subscribed|accepted|agreed|allowed
"""
_NO: Final = """
n|no|nope|false|f|0|off|☐|❌|✗|unchecked|non|nein|nej|nee|nie|ne|falsch|faux|falso|nao|нет|ложь|nahin|nahi|नहीं|否|假|いいえ|아니요|hayir|nem|ei
oxi|όχι|לא|لا|not given|not granted|not obtained|never|opted in|opt in|subscribed
"""
_BLANK: Final = "|-|--|none|null|nil|n a|na|nan|unknown|not set|unset|pending|not asked"
_NOT_TO_CALL: Final = """
do not call|dont call|do not contact|dont contact|do not phone|do not ring|dnc|do not disturb
not to be called|stop calling|never call|opted out|opt out
optout|optedout|unsubscribed|suppressed|nicht anrufen|keine anrufe|ne pas appeler
ne pas contacter|no llamar|no contactar|nao ligar|nao contatar
non chiamare|niet bellen|nie dzwonic|nevolat|не звонить|कॉल न करें|फोन न करें|फ़ोन न करें
call mat karo|mat call karo|请勿致电|勿打|電話しない|لا تتصل
"""
_OUT: Final = """
dnd|no calls|no contact|revoked|withdrawn|denied|declined|refused|no consent|objected|objection|blacklisted|unsubscribe|blocked
abgemeldet|widerrufen|widerspruch|gesperrt|abgelehnt|desinscrit|desabonne|refuse|retire|de baja|baja|revocado|cancelado
rechazado|descadastrado|recusado|revocato|rifiutato|ingetrokken|geweigerd|отписан
"""


@lru_cache(maxsize=4096)
def squeezed(text: str) -> str:
    """Letters and digits alone, without accents and capitals."""
    return "".join(char for char in fold(text) if char.isalnum() or ord(char) > 0x2FF)


def _terms(listed: str) -> frozenset[str]:
    return frozenset(squeezed(term) for line in listed.strip("\n").split("\n") for term in line.split("|"))


_OPT_OUT, _CONSENT, _STATUS = (tuple(_terms(listed)) for listed in (_OPT_OUT_STEMS, _CONSENT_STEMS, _STATUS_STEMS))
_SAYS_YES, _SAYS_NO, _SAYS_NOTHING = _terms(_YES), _terms(_NO), _terms(_BLANK)
_SAYS_OUT = _terms(_OUT)
_NOT_TO_CALL_PHRASES: Final = tuple(f" {fold(term)} " for line in _NOT_TO_CALL.strip().split("\n") for term in line.split("|"))


@lru_cache(maxsize=1024)
def header_meaning(header: str) -> Meaning | None:
    """What a column with this header says of calls; None if nothing."""
    name, words = squeezed(header), set(fold(header).replace("_", " ").split())
    opts_out = any(stem in name for stem in _OPT_OUT) or not words.isdisjoint(_OPT_OUT_WORDS.split())
    consents = any(stem in name for stem in _CONSENT)
    if opts_out or consents:
        other_channel = not words.isdisjoint(_OTHER_CHANNELS.split()) and words.isdisjoint(_CALLS.split())
        if other_channel or not words.isdisjoint(_BOOKKEEPING.split()):
            return "other"
        return "opt_out" if opts_out else "consent"
    if any(name.endswith(stem) for stem in _STATUS) or not words.isdisjoint(_STATUS_WORDS.split()):
        return "status"
    return None


@lru_cache(maxsize=8192)
def value_meaning(value: str) -> Said:
    """What a value says: yes, no, out (`opted out`), in (`opted in`), nothing, or something else."""
    name = squeezed(value.removesuffix(".0"))
    if name in _SAYS_NOTHING and value.strip() not in {"✓", "✔", "☑", "✅"}:
        return "blank"
    if name in _SAYS_OUT or says_not_to_call(value):
        return "out"
    if name in _SAYS_YES and name in _SAYS_NO:
        return "in"
    if name in _SAYS_YES:
        return "yes"
    return "no" if name in _SAYS_NO else "unclear"


@lru_cache(maxsize=8192)
def says_not_to_call(value: str) -> bool:
    """Whether a value of any column says it in words: `Do not call`, `DNC - by e-mail`. A loan that was declined does not."""
    folded = f" {fold(value.replace(chr(39), '').replace(chr(0x2019), ''))} "
    return any(phrase in folded for phrase in _NOT_TO_CALL_PHRASES)
