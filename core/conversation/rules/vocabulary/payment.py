"""What debtors say. In plain form: "don't" is "do not", see `rules.text`."""

from __future__ import annotations

from typing import Final

from core.conversation.rules.intents import Intent
from core.conversation.rules.vocabulary.pattern import Pattern, exactly, says

__all__ = ["PAYMENT"]

_I = r"(?:i|we|he|she|they|you|it|my (?:husband|wife|son|daughter|father|mother|brother|boss|company|bank|wages|salary))"
_PAY = (
    r"(?:pay|clear|settle|transfer|deposit|remit|arrange|repay|"
    r"(?:send|give|get|have|bring)(?: you| it)? ?(?:the |your |that |my |all )*(?:money|payment|amount|cash|cheque|check|full amount|it)|"
    r"(?:make|do|complete|finish|manage) (?:the |that |a |my |full |part |this )*(?:payment|transfer|instal\w*)|"
    r"sort (?:it|this|that) out|take care of (?:it|this|that))"
)
_WILL = (
    r"(?:will|shall|would|can|could|might|may|should|going to|want to|plan to|planning to|try to|trying to|promise to|able to|"
    r"have to|need to|intend to|happy to|ready to|would like to|let me)"
)
_DATE = (
    r"(?:the |this |next |coming )?(?:\d|mon|tue|wed|thu|fri|sat|sun|tomorrow|tonight|today|end|month|week|january|february|"
    r"march|april|may|june|july|august|september|october|november|december|salary|first|second|third|fifth|tenth|evening)\w*"
)

PAYMENT: Final[tuple[Pattern, ...]] = (
    exactly(
        Intent.DISPUTE,
        r"(?:never|not) (?:took|take|taken|borrowed?|owed?|signed|sign|received?|applied|apply|ask(?:ed)? for|"
        r"order(?:ed)?)(?: \w+){0,4} (?:loan|money|anything|you|that|this|it|credit|card|debt|product)(?! call)",
        r"no idea what you are (?:talking|on) about",
        r"what are you talking about",
        r"(?:never|not) (?:had|have)(?: \w+){0,3} (?:loan|credit|card|debt|account)",
        r"not owe(?: \w+){0,3}",
        r"no (?:such )?(?:loan|debt|dues)",
        r"(?:not|is not) (?:my|mine|our)(?: \w+)? ?(?:loan|debt|account|bill|name|problem)?$",
        r"(?:amount|figure|balance|number|bill|it|this|that|due date) (?:is|seems|looks|was|must be)(?: \w+)? (?:wrong|incorrect|"
        r"false|not right|not correct|a mistake|an error|too (?:high|much))",
        r"(?:wrong|incorrect) (?:amount|figure|balance|bill|charge\w*|interest)",
        r"(?:charged|billed|debited|deducted)(?: \w+){0,2} (?:twice|double|too much|wrongly|extra)",
        r"over ?charged",
        r"(?:i|we) (?:dispute|disagree|contest|object)",
        r"(?:there is|made|must be|it is) (?:an? |some )?(?:mistake|error|mix up|fraud)",
        r"(?:this|it|that) is (?:an? )?(?:fraud|scam)",
        r"(?:already )?(?:closed|foreclosed) (?:the|that|this|my) (?:loan|account)",
        r"(?:loan|account) (?:is|was|has been) (?:already )?closed",
        r"(?:koi )?loan nahi (?:liya|hai)",
        r"why should i pay",
        even_asked=True,
    ),
    says(
        Intent.ALREADY_PAID,
        r"(?:already|just|i|we|have|has|had|husband|wife|she|"
        r"he) (?:\w+ )?(?<!get )(?<!be )(?<!been )(?<!getting )(?<!am )(?<!not )paid(?! (?:until|till|next|tomorrow|"
        r"on the \d+th? of next))",
        r"(?:payment|amount|money|instal\w*|emi|bill|loan|everything|it|that|dues) (?:is|was|has been|have been|had been|"
        r"got)(?: already| all)? (?:done|made|paid|cleared|completed|settled|transferred|sent|debited|deducted|processed)",
        r"(?:made|did|done|completed|sent|finished) (?:the|my|that|this|a|your|full)(?: \w+)? (?:payment|transfer|money|amount|"
        r"instal\w*|emi)",
        r"(?:have|already|has|had|i)(?: already| just)? (?:cleared|settled|transferred|deposited|sent)(?: (?:it|that|the|you|"
        r"this|my|all|everything))*",
        r"^(?:it is |already |all )*paid(?: (?:it|that|already|yesterday|last|in full|everything|on|this|the|today))*(?: \w+)?$",
        r"(?:payment|paise|paisa|paisey|emi)(?: \w+)? (?:kar|de|bhar|jama) ?(?:kar )?(?:diya|diye|di|chuka|chuki)(?: hai| hain)?",
        r"(?:pay|payment|jama|transfer) kar (?:diya|diye|di|chuka|chuki)(?: hai| hain)?",
        r"(?:bhar|de|chuka) (?:diya|diye|di)(?: hai| hain)?",
        r"payment(?: \w+)? ho (?:gaya|gayi|chuka|chuki)(?: hai)?",
        negated=Intent.NOT_YET,
    ),
    # "not until Friday" is a Friday
    exactly(Intent.PROMISE, rf"not(?: \w+){{0,3}} {_PAY}(?: \w+){{0,4}} (?:until|till|before) {_DATE}"),
    exactly(Intent.PROMISE, rf"(?:not|only) (?:until|till|before|after) {_DATE}"),
    exactly(
        Intent.WILL_NOT_PAY,
        rf"(?:will|would|shall) (?:not|never)(?: be)?(?: ever)? (?:paying|{_PAY})",
        rf"not (?:going|willing|prepared|ready|about|intending|planning) to(?: ever)? {_PAY}",
        r"not paying",
        r"(?:never|not ever)(?: \w+){0,2} (?:pay|paying)",
        r"(?:i|we) refuse",
        r"refuse to",
        rf"(?:do|did) not (?:want|intend|plan|wish|feel like) (?:to )?(?:{_PAY}|paying)",
        r"no way(?: \w+){0,4}(?: pay\w*)?",
        r"not (?:give|giving|get|getting)(?: \w+){0,3} (?:penny|cent|rupee|money|anything)",
        r"do what(?:ever)? you (?:want|like|can)",
        r"nahi (?:dunga|doonga|dungi|doongi|bharunga|bharungi|denge|dene wala)",
    ),
    exactly(
        Intent.CANNOT_PAY,
        rf"(?:can|could|may|might|am|are|is|be) (?:not|never)(?: be)?(?: really| possibly| just| even)*(?: able to| afford to|"
        rf" manage to| in a position to)? (?:{_PAY}|afford|manage)",
        rf"not (?:be |been )?(?:able|in a position|possible) (?:for \w+ )?to (?:{_PAY}|afford)",
        rf"(?:do|did) not think(?: \w+){{0,2}} (?:can|could|will|able to)(?: \w+)? {_PAY}",
        rf"(?:unable|impossible|struggling) to {_PAY}",
        rf"would(?: \w+)? {_PAY}(?: \w+){{0,3}} if",
        r"(?:if|when) (?:only )?(?:i|we) (?:could|had)",
        r"(?:do|did|does) not (?:currently |really |even )?have(?: \w+){0,3} (?:money|cash|funds|amount|salary|income|job|work)",
        r"(?:no|without|out of|short of|short on) (?:any |the )?(?:money|cash|funds|income|job|work|salary)",
        r"(?:lost|losing) (?:my|his|her|our) (?:job|business|work|income)",
        r"(?:unemployed|jobless|broke|bankrupt|laid off|redundant|insolvent)",
        r"(?:money|financial|cash)(?: \w+)? (?:problem|problems|difficult\w*|trouble|troubles|crisis|issues?|tight)",
        r"(?:money|things|budget) (?:is|are)(?: \w+)? tight",
        r"(?:salary|wages?|pension|cheque)(?: \w+){0,3} not(?: \w+)? (?:come|arrived|paid|credited|received|in|yet)",
        r"not (?:been |got |yet )*(?:paid|get paid)(?: my| by)(?: \w+)?",
        r"(?:i|we) (?:have|had) not (?:been|gotten|got|yet been) paid",
        r"(?:in|admitted to|out of) (?:the )?hospital",
        r"(?:business|shop) is (?:down|slow|closed|bad)",
        r"^(?:sorry )?(?:that is |it is )?(?:not possible|impossible)(?: \w+){0,3}$",
        r"too much for me",
        r"(?:do|did) not have (?:it|that|any|enough|so much)(?: \w+)?$",
        r"^(?:sorry |but |this month |right now )*(?:i|we) can not(?: sorry| right now| this month| now| today| at the moment|"
        r" do it| do that)?$",
        r"(?:paise|paisa) (?:abhi )?(?:nahi|nahi hai|nahi hain|khatam)(?: \w+)?",
        r"nahi (?:de|bhar|kar) (?:sakta|sakti|paunga|paungi|pa raha|pa rahi)(?: \w+)?",
        r"naukri (?:nahi|chali|chhoot|chut)(?: \w+)?",
    ),
    says(
        Intent.PROMISE,
        rf"{_I}? ?(?:am |are |is )?{_WILL}(?: be)?(?: definitely| surely| certainly| probably| also| then| try to| be able to|"
        rf" go and| just| at least| only)*(?: now)? {_PAY}",
        r"(?:will|going to|can|shall) (?:be )?(?:paying|paid|cleared|settled|done|transferring)",
        r"(?:am|are|is|be) (?:paying|transferring|sending (?:it|the money)|making the payment)",
        r"you (?:will|shall|are going to|can) (?:get|have|receive|see|expect)(?: \w+){0,3} (?:money|payment|amount|it|paid)",
        r"(?:will|can|shall) (?:do|manage|send|handle) (?:it|that|this|so)",
        r"^(?:i |we )?(?:promise|consider it done)(?: \w+)?$",
        rf"^(?:yes |okay |ok )?(?:then )?{_PAY}(?: it)? (?:on|by|in|tomorrow|next|at)",
        r"(?:pay|payment|transfer|jama) kar (?:dunga|doonga|dungi|doongi|denge|deta hoon|deti hoon|dete hain)",
        r"(?:kar|de|bhar|bhej|chuka) (?:dunga|doonga|dungi|doongi|denge|deta hoon|deti hoon)",
        r"(?:bharunga|bharungi|karunga|karungi)",
        r"(?:the )?(?:rest|remaining|remainder|other half)(?: amount)?",
        r"(?:give|allow)(?: me| us)?(?: \w+){0,4} (?:days?|weeks?|time|month)",
        r"need(?: \w+){0,3} (?:more )?(?:days?|weeks?|time)",
        r"money (?:will|is going to) come",
    ),
    says(
        Intent.PROMISE,
        rf"(?:can|could|may|shall) (?:i|we)(?: also| just| please)? {_PAY}(?: \w+){{0,4}} {_DATE}",
        rf"if (?:i|we)(?: can| could)? {_PAY}(?: \w+){{0,4}} {_DATE}",
        even_asked=True,
    ),
    says(
        Intent.PROMISE,
        r"(?:once|when|after|as soon as) (?:i|we) (?:get|am|are|have been|receive)(?: \w+)? (?:paid|salary|wages|money)",
        r"(?:i|we) get (?:paid|my salary|my wages)",
    ),
    exactly(
        Intent.NOT_YET,
        r"(?:have|has|had|did) not (?:paid|pay|made|done|cleared|sent|settled)(?: \w+){0,4}",
        r"not (?:yet )?paid(?: (?:it|that|yet))*",
        r"^(?:no )?not yet$",
        r"(?:i|we) forgot(?: \w+){0,4}",
        r"slipped my mind",
        r"abhi tak nahi",
    ),
)
