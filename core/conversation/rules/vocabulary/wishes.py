"""What callees may want in any call: a person, another time; or that we have the wrong number. No more calls: `conversation.opting_out`."""

from __future__ import annotations

from typing import Final

from core.conversation.rules.intents import Intent
from core.conversation.rules.vocabulary.pattern import Pattern, exactly, says

__all__ = ["WISHES"]

_CALLING = r"(?:call|calling|calls|phone|phoning|ring|ringing|contact|contacting|disturb|disturbing|bother|bothering)"
_ME = r"(?:me|us|my|this|here|him|her)"
_PERSON = (
    r"(?:an? |some |your |the |any |real |live |actual )*"
    r"(?:human|person|people|agent|manager|supervisor|representative|rep|executive|colleague|operator|adviser|advisor|insaan|aadmi|"
    r"somebody|someone|senior|boss|customer (?:care|service|support))"
)
_AWAY = (
    r"(?:here|home|at home|in|available|around|back|there|with me|in the (?:office|house|country|room)|at (?:work|the office|the moment)|"
    r"reachable|free)"
)
_KIN = r"(?:wife|husband|son|daughter|father|mother|brother|sister|friend|colleague|secretary|neighbou?r|uncle|aunt|boss|cousin)"
_THIRD = r"(?:he|she|they|husband|wife|son|daughter|father|mother|brother|sister|dad|mum|mom|boss|mr \w+|mrs \w+|ms \w+)"

WISHES: Final[tuple[Pattern, ...]] = (
    # somebody else's number
    says(
        Intent.WRONG_NUMBER,
        r"wrong (?:number|person|house|man|woman|guy|lady|contact|phone|party)",
        r"galat (?:number|aadmi|jagah|insaan)",
        r"number galat",
        r"(?:this|it) (?:is|was) (?:his|her|their) old number",
        r"mistaken (?:identity|number)",
        r"(?:he|she|they) (?:has |have )?changed (?:his|her|their|the) number",
    ),
    exactly(
        Intent.WRONG_NUMBER,
        r"(?:no one|nobody|no body|no person|no such person)(?: \w+){0,4} (?:by|of|with|called|named)(?: \w+){0,4}",
        r"no such person",
        r"there is no (?!need|problem|way|point|time|money)\w+(?: \w+)? (?:here|at this number|on this number|in this house|living here)",
        r"(?!i )\b\w+ (?:does|do) not (?:live|work|stay) here",
        r"belongs to (?:someone|somebody|another|my|a different)(?: \w+)?",
        r"(?:do|does|did) not know (?:any ?(?:one|body)|him|her|this (?:person|name|man|woman|guy)|that (?:person|name|man|woman|"
        r"guy)|who (?:that|he|she|this) is|such)",
        r"never heard of",
        r"(?:this|it) is not (?:his|her|their|the right|the correct) (?:phone )?number",
        r"not (?:his|her|their) number",
        r"no longer (?:his|her|their) number",
        r"(?:is naam ka|aisa) (?:yahan )?koi nahi",
        r"main (?:woh|wo|vo) nahi",
    ),
    exactly(
        Intent.DECEASED,
        r"passed away",
        rf"{_THIRD}(?: \w+)? (?:is|has) (?:dead|died|deceased|expired|no more)",
        rf"{_THIRD} died",
        r"is no more$",
        r"(?:unka|unki) (?:dehant|death|maut)",
    ),
    exactly(
        Intent.NOT_HERE,
        rf"(?<!i )(?:am|is|are|was) not {_AWAY}(?<!am not free)",
        rf"{_THIRD} (?:is|are|has|have|had|was)(?: \w+)? (?:out|away|busy|driving|sleeping|asleep|travelling|traveling|abroad|"
        rf"working|bathing|cooking|ill|sick|gone|left|stepped|in hospital|in a meeting|at work|at school|(?:at|in) the \w+|on (?:holiday|"
        rf"leave|a trip|vacation))",
        rf"{_THIRD} (?:went|left|stepped|can not come|will be|will come|will return|comes back|returns)",
        rf"(?:this is|i am|it is|is) (?:my|\w+) {_KIN}",
        r"(?:this is|i am|speaking to|it is) (?:not \w+ )?(?:his|her|their) (?:wife|husband|son|daughter|father|mother|brother|"
        r"sister|friend|colleague|secretary|assistant|neighbou?r|roommate|flatmate|uncle|aunt|partner|boss|cousin)",
        r"out of (?:town|station|the (?:office|house|country))",
        r"on (?:his|her|their) behalf",
        r"(?:woh|wo|vo|ghar|abhi)?(?: \w+)? ?(?:ghar|office|yahan) (?:par|pe|mein|me)?(?: \w+)? ?nahi (?:hai|hain|he)",
        r"(?:woh|wo|vo) (?:abhi )?nahi (?:hai|hain)",
        r"bahar (?:gaye|gaya|gayi)(?: hue)? (?:hai|hain)",
    ),
    # a person instead
    exactly(
        Intent.HUMAN,
        r"not (?:want|like|wish|going)(?: to)? (?:talk|speak|talking|speaking|be talking) (?:to|with) (?:an? |this |some |"
        r"your )*(?:robot|machine|bot|computer|recording|ai|automated \w+|system)",
        even_asked=True,
    ),
    says(
        Intent.HUMAN,
        rf"(?:speak|talk|speaking|talking|chat) (?:to|with) {_PERSON}",
        rf"(?:connect|transfer|forward|pass)(?: \w+){{0,2}} (?:to|with) {_PERSON}",
        rf"(?:put|get|give) (?:me|us)(?: \w+){{0,2}} {_PERSON}",
        r"(?:connect|transfer) me",
        r"put me through",
        rf"^(?:an? |real |live )*{_PERSON}(?: please)?$",
        rf"(?:want|need|like|have) (?:to have )?(?:an? |real |live )+{_PERSON}",
        r"(?:kisi )?(?:insaan|aadmi|agent|manager|officer|senior) se baat",
        r"is there (?:an? |any )?(?:human|person|real person|one) (?:there|i can)",
        even_asked=True,
        negated=Intent.NOT_INTERESTED,
    ),
    # another time
    says(
        Intent.CALLBACK,
        r"(?:call|ring|phone|contact|try)(?: me| us| him| her| them)? (?:back|again|later|after|afterwards|some|another|tomorrow|"
        r"tonight|this|next|on|at|in|around|by|then|when|once|monday|tuesday|wednesday|thursday|friday|saturday|sunday|day)",
        r"(?:(?:can|could|would|will|shall) you(?: please)?|please|just|you (?:may|can|could)) (?:call|ring|phone)(?: me| us)?",
        r"^(?:call|ring|phone|try) (?:me|us|him|her)",
        r"(?:give|make)(?: \w+)? an?(?:other)? (?:call|ring)",
        r"call ?back",
        r"(?:some|any) ?(?:other)? ?time later",
        r"(?:some )?other time",
        r"another time",
        r"^(?:maybe |please |later )*later(?: please| on| today)?$",
        r"(?:bad|wrong|inconvenient) (?:time|moment)",
        r"(?:i am|we are|am|bit|little|too|very|really|quite|currently|already|right now) (?:\w+ )?(?:busy|driving|occupied|"
        r"at work|in the office|in a meeting|in class|travelling|traveling|eating|cooking|at the doctor|on the other line|"
        r"on another call|in the middle of)",
        r"^(?:sorry )?(?:busy|driving|in a meeting|at work)(?: now| right now| at the moment)?$",
        r"(?:baad|bad) (?:mein|me)",
        r"(?:kal|parso|shaam|subah|aaj|raat|dopahar|baje|ghante|ghante baad|somvar|abhi nahi)(?: \w+){0,4} (?:phone|call|"
        r"baat)(?: (?:karo|karna|kijiye|kariye|karein|karenge|karen|kar lena|kar lo))?",
        r"(?:phone|call) (?:karo|karna|kijiye|kariye|karein|kar lena|kar lo)",
        r"(?:main )?(?:abhi )?(?:busy|vyast) (?:hoon|hu|hun)",
        r"(?:i am|we are) (?:at|in) the (?:hospital|airport|station|bank|shop|gym|car|train|bus|middle)(?: \w+){0,3}",
        r"(?:gaadi|gadi) chala",
        even_asked=True,
    ),
    exactly(
        Intent.CALLBACK,
        r"(?:can|could|may) not (?:really |properly )?(?:talk|speak|chat)(?: \w+){0,3}",
        r"not (?:an? |the |really |a very )*(?:good|right|best|great|convenient) (?:time|moment)",
        r"^(?:no |sorry |please )*not (?:right )?now(?: please)?$",
        r"(?:do not|have no|no) (?:have )?(?:any )?time(?: right)?(?: now| today| at the moment| to talk)?$",
        r"do not have time(?: \w+){0,4}",
        rf"(?:do not|not to|can not) {_CALLING}(?: {_ME})*(?: \w+){{0,3}} (?:now|today|tomorrow|tonight|morning|afternoon|evening|"
        rf"night|work|office|until|till|before|this)(?: \w+)?",
        r"(?:abhi )(?:phone|call) mat (?:karo|karna)",
        r"abhi (?:baat )?nahi",
        r"abhi (?:time|samay) nahi",
        even_asked=True,
    ),
    says(Intent.CALLEE_CALLS, r"(?:i|we|he|she|they|let me)(?: will| can| shall| am going to)? (?:call|ring|phone) (?:you|back)(?: back)?"),
)
