"""What keeps a conversation going: yes, no, pardon, who is this, hold on, goodbye."""

from __future__ import annotations

from typing import Final

from core.conversation.rules.intents import Intent
from core.conversation.rules.vocabulary.pattern import Pattern, exactly, says

__all__ = ["TALK"]

TALK: Final[tuple[Pattern, ...]] = (
    exactly(
        Intent.REPEAT,
        r"^(?:pardon|what|huh|excuse me|come again|kya|eh)$",
        r"pardon(?: me)?",
        r"(?:say|repeat)(?: \w+){0,2} (?:again|once more|one more time)",
        r"repeat(?: that| it| please| yourself)?",
        r"come again",
        r"what (?:did|was) (?:you|that)(?: just)?(?: say| said| saying)?$",
        r"what are you saying",
        r"(?:did|do|could|can) not (?:hear|catch|get|understand|follow)(?: (?:you|that|it|what|a|the|properly|clearly|this|me))*$",
        r"(?:did|do|could|can) not (?:hear|catch|understand|follow) (?:you|that|it|what|a word)",
        r"(?:is )?any ?(?:one|body) there",
        r"are you (?:still )?there",
        r"can you hear me",
        r"speak (?:up|louder|slowly|slower|clearly)",
        r"(?:kya bola|kya kaha|phir se (?:bolo|boliye|bolna)|samajh nahi|samjha nahi|samjhi nahi|sunai nahi|awaaz nahi)(?: \w+){0,2}",
        even_asked=True,
    ),
    exactly(
        Intent.HOLD,
        r"^(?:please |just |ok |okay |yes )*(?:wait|hold on|hang on|hold)(?: please)?(?: (?:a|one|1|just)(?: \w+){0,3})?(?: please)?$",
        r"^(?:please |just |give me )*(?:a|one|1) (?:moment|second|sec|minute|min)(?: please)?$",
        r"(?:let me|i will|i shall) (?:get|fetch|call|bring|find|put|pass|give the phone)(?: \w+){0,3} (?:him|her|them|on|"
        r"husband|wife|to \w+)",
        r"^(?:do not|please do not) (?:hang up|go|cut|disconnect|say goodbye)(?: \w+)?$",
        r"(?:ek|do) (?:minute|second)(?: ruko| rukiye| hold)?",
        r"(?:ruko|rukiye|thehro)",
    ),
    exactly(
        Intent.ROBOT,
        r"(?:are you|is this|is it|am i (?:talking|speaking) to|you are|sounds? like) (?:\w+ )?(?:an? )?(?:real )?(?:robot|"
        r"machine|bot|computer|recording|recorded|ai|human|real|person|automated)(?: \w+)?",
        even_asked=True,
    ),
    exactly(
        Intent.WHO,
        r"who (?:is|are|am) (?:this|you|calling|speaking|asking|there|that|it|i (?:speaking|talking)(?: to| with)?)",
        r"who(?: \w+)? calling",
        r"who do you (?:work|call) (?:for|from)",
        r"(?:what|which) (?:company|bank|clinic|firm|organi[sz]ation|place)",
        r"where are you (?:calling|phoning|ringing) from",
        r"what is your name",
        r"your name",
        r"^(?:sorry )?who$",
        r"(?:kaun|kon) (?:bol|hai|ho|hain)(?: \w+){0,3}",
        r"kahan se (?:bol|phone|call)(?: \w+){0,3}",
        even_asked=True,
    ),
    says(
        Intent.IDENTITY,
        r"^(?:yes |haan |ji )*(?:i am |am |\w+ |\w+ \w+ )?speaking$",
        r"(?:this|that|it) is (?:he|she|him|her|me|myself|i)$",
        r"(?:this|that|it) is (?:he|she|him|her|me)\b(?! (?:wife|husband|son|daughter|father|mother|brother|sister))",
        r"^(?:yes )?(?:i am|i am the one|that will be me)(?: (?:he|she|him|her|here))?$",
        r"you (?:are|have|got)(?: \w+)? (?:speaking|talking) (?:to|with) (?:him|her|me|the right person)",
        r"(?:main )?(?:hi |hee )?bol (?:raha|rahi) (?:hoon|hu|hun)",
        r"^(?:haan |ji )*main (?:hi )?(?:hoon|hu|hun)$",
        negated=Intent.NO,
    ),
    exactly(
        Intent.NOT_INTERESTED,
        r"not interested",
        r"(?:none of|mind) your(?: own)? business",
        r"^no (?:survey|questions|interest)",
        r"no (?:thanks|thank you)",
        r"do not (?:want|need|care|wish)(?: \w+){0,4} (?:this|that|it|any|anything|part|survey|talk|speak|answer|participate|"
        r"discuss)(?: \w+){0,3}",
        r"do not want to(?: \w+){0,2}$",
        r"(?:i am |am )?not (?:willing|keen)",
        r"(?:zaroorat|zarurat|interest|dilchaspi) nahi",
        r"nahi chahiye",
    ),
    exactly(
        Intent.SKIP,
        r"^(?:please )?(?:skip|pass|next|next question|no comment)(?: (?:this|that|it|one|question|please))*$",
        r"(?:rather|prefer) not (?:to )?(?:say|answer)",
    ),
    exactly(
        Intent.UNSURE,
        r"(?:do|did) not (?:really )?know",
        r"not (?:too |so |really |quite )?(?:sure|certain|decided)",
        r"no idea",
        r"^(?:maybe|perhaps|possibly|probably|might be)(?: not)?$",
        r"(?:it )?depends",
        r"(?:i|we)(?: will| have to| need to| must)? (?:let me )?(?:check|see|think)(?: \w+){0,4}",
        r"let me (?:check|see|think|look)(?: \w+){0,3}",
        r"can not say",
        r"hard to say",
        r"(?:pata|maloom|malum) nahi",
        r"(?:dekhte|sochte) (?:hai|hain)",
        r"(?:dekhunga|dekhungi|sochunga|batata hoon|batati hoon)",
    ),
    exactly(
        Intent.NO,
        r"^(?:oh |well |um |uh |actually |sorry |hello |hi )*(?:no|nope|nah|nahi|naa|never|negative|noo+)(?! (?:one|body|money|"
        r"idea|such|more|longer|need|time|thanks|thank))",
        r"^(?:that |it |this |you )?(?:is |are |was )?(?:absolutely |definitely |certainly |of course |really )?not(?: really|"
        r" at all| true| right| correct| ok| okay| fine| possible| me| him| her)?$",
        r"(?:that|it|this|you|date|time|name) (?:is|are|was|does) not (?:right|correct|true|ok|okay|fine|good|me|work|suit|possible)",
        r"(?:of course|certainly|definitely|absolutely) not",
        r"^not (?:today|yet|tomorrow|this (?:week|month|time))$",
        r"i am not(?: \w+)?$",
        r"(?:i|we|it|they) (?:do|did|am|was|were|would|have|had|could|can|will|is|does) not$",
        r"(?:i|we) do not think so",
        r"not (?:really|at all|particularly)",
        r"bilkul nahi",
    ),
    says(
        Intent.YES,
        r"^(?:oh |well |um |uh |hello |hi |ah )*(?:yes|yeah|yep|yup|ya|yea|sure|surely|ok|okay|okey|right|correct|exactly|"
        r"absolutely|definitely|certainly|of course|indeed|fine|alright|all right|please do|go ahead|go on|true|affirmative|aye|"
        r"mhm|mm hmm|uh huh|haan|han|haa|ha|hanji|ji|jee|theek|thik|bilkul|zaroor|sahi|accha|achha|good|great|perfect|please$|"
        r"agreed|done$)(?! nahi)",
        r"(?:that|it|this|which|date|time|friday|monday) (?:is|will be|would be|sounds|works|should be|looks) (?:absolutely |"
        r"perfectly |just |all |very )?(?:right|correct|fine|ok|okay|true|good|great|perfect|possible|well|for me)",
        r"(?:i|we|it|they) (?:do|did|am|was|were|would|have|had|could|can|will|is|does|think so|guess so|suppose so|hope so)$",
        r"(?:works|suits)(?: for)? me",
        r"by all means",
        negated=Intent.NO,
        even_asked=True,
    ),
    says(
        Intent.GOODBYE,
        r"(?:good ?bye|bye|bye bye|see you|take care|cheers|tata|alvida)",
        r"(?:have a (?:nice|good|great|lovely)|good) (?:day|night|evening|one|weekend)",
        r"(?:that is|this is|that will be) all",
        r"(?:hang|hanging) up",
        r"(?:i|we) (?:have to|need to|must|got to|should) (?:go|run|leave)",
        r"(?:nothing else|nothing more)",
        r"(?:talk|speak) (?:to you )?(?:later|soon)",
        r"(?:rakhta|rakhti) (?:hoon|hu)",
    ),
    exactly(
        Intent.ABUSE,
        r"\w*fuck\w*",
        r"(?:bull)?shit\w*",
        r"(?:bastards?|idiots?|assholes?|arseholes?|morons?|stupid|bloody|damn|crap|piss|bitch\w*|scum\w*|jerks?)",
        r"shut up",
        r"go to hell",
        r"get lost",
        r"(?:you are |bunch of )?(?:liars?|thieves|crooks|scammers?|frauds?)$",
        r"(?:chutiya|saala|saale|bakwas|gadha|kamine|kamina|harami)\w*",
        even_asked=True,
    ),
    says(Intent.THANKS, r"(?:thank you|thanks|many thanks|dhanyavaad|dhanyawad|shukriya)"),
    exactly(
        Intent.GREETING,
        r"^(?:hello|hallo|hi|hey|helo|hullo|namaste|namaskar|good (?:morning|afternoon|evening)|yes hello|haan hello|"
        r"hello yes)(?: (?:hello|there|sir|madam|ma'am|ji|yes))*$",
    ),
)
