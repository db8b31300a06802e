"""What callees say -> what they mean. Add a line here for every utterance that was once misunderstood."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.conversation.rules.intents import Intent as I
from core.conversation.rules.understand import understand
from core.conversation.rules.vocabulary.appointment import APPOINTMENT
from core.conversation.rules.vocabulary.general import GENERAL
from core.conversation.rules.vocabulary.payment import PAYMENT
from core.transports.sandbox.behaviour import Rambler

NOW = datetime(2026, 3, 4, 10, 0)  # a Wednesday

ANY_CALL = {
    I.STOP_CALLING: """
        I have told you not to call me
        please stop these calls
        If you call me again I'll call the police
        don't ever phone here again
        Do not call me again.
        Don't call me again, ever!
        don't call me
        Please don't call this number anymore
        Never call me again
        Stop calling me
        stop calling
        Can you stop calling me?
        Remove my number
        Please remove me from your list
        Take my number off your list.
        take me off the list
        delete my number
        I don't want you to call me
        I don't want to be called again
        I do not want any more calls
        No more calls please
        Leave me alone!
        I will pay on Friday, but do not call me again
        yes yes, stop bothering me
        unsubscribe
        mujhe phone mat karo
        dobara call mat karna
        phone karna band karo
    """,
    I.WRONG_NUMBER: """
        number galat hai bhai
        Asha doesn't live here anymore
        this number belongs to someone else
        wrong number
        No, you have the wrong number.
        Sorry, I think you've got the wrong person
        There is nobody of that name here.
        No one by that name lives here
        There's no Rahul here
        He doesn't live here
        I don't know him
        I don't know anyone called Asha
        This is not his number
        never heard of him
        galat number
        ye galat number hai
    """,
    I.DECEASED: """
        He passed away last year
        My husband is dead
        he died in May
    """,
    I.NOT_HERE: """
        I'm Rahul's wife, he is in the shower
        Asha is my sister
        he will be back at 7
        she is not at home but I'll tell her
        He's not here
        She isn't home
        No, they are not at home right now.
        he is at work
        He has gone out
        she's sleeping
        My husband is out
        This is his wife
        I'm her son
        he's out of town
        woh ghar par nahi hai
        He is not available right now, please call later.
    """,
    I.HUMAN: """
        I want to speak to a human agent.
        Can I talk to a real person?
        Let me speak to your manager
        transfer me
        Put me through to someone
        connect me to an agent please
        agent
        I don't want to talk to a robot
        kisi insaan se baat karao
        Is there a human I can speak to?
    """,
    I.CALLBACK_TIMED: """
        I'm not able to talk at the moment, try me after 6
        call me after lunch
        call me tomorrow at 5
        Please call me back tomorrow at 3 pm.
        I'm busy right now. Please call me back tomorrow at 3 pm.
        call me in two hours
        Can you call this evening?
        Try again tomorrow at 6 pm.
        ring me on Monday at noon
        don't call me tomorrow, call me on Friday
        I can't talk now, call in half an hour
        kal phone karo
        kal shaam 5 baje call karna
        do ghante baad phone karo
        I'm driving, call me at 6
    """,
    I.CALLBACK: """
        I'm at the hospital right now
        call me later
        I'm busy
        I am busy right now
        I'm driving
        not now
        I can't talk now
        It's not a good time
        This is a bad time
        Some other time.
        I don't know. Some other time.
        Please call me back some other time.
        call me back next week
        don't call me at work
        Don't call me now
        I'm in a meeting
        I have no time
        baad mein phone karo
        abhi phone mat karo
    """,
    I.CALLEE_CALLS: """
        I will call you back
        I'll call you later
    """,
    I.ROBOT: """
        Are you a robot?
        is this a recording
        Am I talking to a machine?
        Are you a real person?
    """,
    I.WHO: """
        yeah who's asking
        Who is this?
        Sorry, who is this?
        Who's calling?
        who are you
        which company?
        Where are you calling from?
        kaun bol raha hai
    """,
    I.IDENTITY: """
        Speaking
        Yes, speaking.
        yes this is he
        This is she
        That's me
        Yes, this is me.
        yes it's me
        main bol raha hoon
    """,
    I.REPEAT: """
        sorry?
        pardon?
        What did you say?
        can you repeat that
        I didn't catch that
        I can't hear you
        Say that again please
        what?
        are you there?
    """,
    I.HOLD: """
        one moment
        hold on
        wait a minute
        Just a second please
        don't hang up
        ek minute
    """,
    I.YES: """
        yes
        Yeah, sure
        ok
        Okay.
        haan
        haan ji
        theek hai
        Yes, that's right.
        that is correct
        of course
        why not
        no problem
        go ahead
        Yes, yes, go on.
        I do
    """,
    I.NO: """
        not today
        no I am not Asha
        no
        nope
        nahi
        not really
        of course not
        no, I'm not
        I'm not Rahul
        that's not right
        I don't think so
        I do not
        absolutely not
        I am not busy
    """,
    I.UNSURE: """
        I don't know
        I'm not sure
        maybe
        it depends
        pata nahi
        let me check
    """,
    I.WHEN: """
        tomorrow
        on the 5th
        maybe Friday
        yes, tomorrow
        no, on Friday
        in two hours
        this evening
        Next Tuesday at 11 am, please.
        not tomorrow, Friday
        shukravar
    """,
    I.GOODBYE: """
        bye
        Goodbye.
        Thank you, bye.
        have a nice day
        that's all
        I have to go
    """,
    I.THANKS: """
        thank you
        thanks a lot
    """,
    I.GREETING: """
        hello
        Hello?
        namaste
        hi there
    """,
    I.ABUSE: """
        you bastards
        shut up
        you idiot
    """,
    I.QUESTION: """
        is this about my loan?
        yes what is it
        could you send me the link?
        kya baat hai
        Can you tell me which branch has handled my file?
        What happens next?
        where is your office
        Do you take credit cards?
        How did you get my number?
    """,
    I.NOT_INTERESTED: """
        it's none of your business
        I'm not interested
        no thanks
        No, I don't want to take part.
        I don't want to talk to anyone
        No, thank you, no survey.
    """,
    I.UNCLEAR: """
        the weather is lovely here
        blah blah
        hmm
        my garden has roses
    """,
}

PAYMENTS = {
    I.PROMISE_DATED: """
        give me two days
        I've paid half, the rest on Friday
        I get my salary on the 7th, will pay then
        ok send me the link, I'll do it today
        money will come on Monday
        haan kal kar dunga
        I will pay tomorrow
        I'll pay on Friday
        no problem, I'll pay Friday
        I can pay next Friday
        I will pay in 3 days.
        Don't worry, I will clear it by the end of the month
        I'll transfer the money on the 5th
        I'm paying tomorrow
        yes I will do it tomorrow
        You will get your money on Monday
        I can't pay until Friday
        not before the 5th
        I can't pay today, but I will pay on Monday
        I get paid on Friday and I'll pay then
        I will pay half on the 5th
        I'll pay 5000 on Friday
        kal payment kar dunga
        I would like to pay on March 12
        Can I pay next Monday?
        my husband will pay tomorrow
        I will make the payment this evening
        I have to pay on Friday, okay
        I'll pay it right now
    """,
    I.PROMISE: """
        I need a few more days
        I will pay
        I'll try to pay
        I will pay as soon as I can
        yes, I'm going to pay
        I want to pay
        I will pay next week
        payment kar dunga
        once I get my salary I will pay
    """,
    I.WILL_NOT_PAY: """
        nahi dunga paise
        I'm not paying a single rupee
        I am not going to pay tomorrow
        I won't pay
        I will never pay
        I refuse to pay
        I'm not paying
        there is no way I will pay
        I don't want to pay
        I will not pay you on Friday
        nahi dunga
    """,
    I.CANNOT_PAY: """
        I paid last month but this month I can't
        I don't have it
        I can't, sorry
        I can't pay
        No, I can't pay that at the moment.
        I don't have the money right now.
        I don't have any money
        I lost my job.
        I have no money
        I can't afford it
        I don't think I can pay this month
        I would pay, but I lost my job
        I would pay if I could
        I am unemployed
        my salary has not come yet
        I haven't been paid yet
        paise nahi hai
        I'm not able to pay
        I will not be able to pay
    """,
    I.ALREADY_PAID: """
        mera payment ho gaya hai
        you people call every day, I have already told you I paid
        I already paid
        I have already paid that last week.
        I paid it yesterday
        the payment is done
        I've already sent the money
        No, I already paid
        payment kar diya
        I made the payment on Monday
        it has been paid
        I cleared it last month
    """,
    I.NOT_YET: """
        I haven't paid yet
        not yet
        it slipped my mind
    """,
    I.DISPUTE: """
        I have no idea what you're talking about
        I never took a loan
        I don't owe you anything
        the amount is wrong
        That's not my loan
        you have charged me twice
        I already paid but you charged me twice
        why should I pay?
        this is a scam
        I have no loan with you
        maine koi loan nahi liya
    """,
    I.CALLBACK_TIMED: """
        I can't pay now, call me tomorrow
        call me tomorrow, I will see then
    """,
    I.QUESTION: """
        How can I pay?
        What happens if I don't pay?
        when is it due?
        How much is it?
        How much do I have to pay?
        Can I pay by card?
    """,
    I.HUMAN: """
        I will not pay until I speak to your manager
    """,
    I.STOP_CALLING: """
        I already paid, stop calling me
    """,
}

APPOINTMENTS = {
    I.CONFIRM: """
        Yes, I confirm, I will be there.
        I'll be there
        I will come
        I'm coming
        see you then
        don't cancel it
        No, I don't want to cancel
        aaunga
        I can make it
    """,
    I.CANCEL: """
        I want to cancel
        No, I would like to cancel it, please.
        Please cancel my appointment
        Can you cancel it?
        I don't need the appointment any more
    """,
    I.RESCHEDULE: """
        I'd like to reschedule
        Can we move it to another day?
        I can't make it then. Can we move it to another day?
        can I come at another time
        How do I reschedule?
        please postpone it
    """,
    I.RESCHEDULE_DATED: """
        Can we move it to Friday?
        Can I come on Monday at 3 pm instead?
        I want another day, maybe next Tuesday
        please reschedule it to the 12th
    """,
    I.CANNOT_COME: """
        I can't make it
        I won't be able to come
        I'm not coming
        I can't come on Friday
        that doesn't work for me
        I don't think I can make it
        nahi aa paunga
    """,
    I.CALLBACK: """
        I'm busy now, call me later
    """,
}


def cases(table: dict[I, str]) -> list[tuple[str, I]]:
    return [(line.strip(), intent) for intent, lines in table.items() for line in lines.strip().splitlines()]


def meaning(text: str, *vocabularies: tuple[object, ...]) -> I:
    return understand(text, NOW, sum(vocabularies, GENERAL)).intent  # type: ignore[arg-type]


@pytest.mark.parametrize(("text", "intent"), cases(ANY_CALL))
def test_in_any_call(text: str, intent: I) -> None:
    assert meaning(text) is intent


@pytest.mark.parametrize(("text", "intent"), cases(PAYMENTS))
def test_about_a_payment(text: str, intent: I) -> None:
    assert meaning(text, PAYMENT) is intent


@pytest.mark.parametrize(("text", "intent"), cases(APPOINTMENTS))
def test_about_an_appointment(text: str, intent: I) -> None:
    assert meaning(text, APPOINTMENT) is intent


MEANS_THE_SAME_ANYWHERE = (I.STOP_CALLING, I.WRONG_NUMBER, I.HUMAN, I.IDENTITY, I.WHO, I.ROBOT)


@pytest.mark.parametrize(("text", "intent"), [case for case in cases(ANY_CALL) if case[1] in MEANS_THE_SAME_ANYWHERE])
def test_the_subject_does_not_change_the_universal_meanings(text: str, intent: I) -> None:
    assert meaning(text, PAYMENT) is intent
    assert meaning(text, APPOINTMENT) is intent


def test_stories_ask_for_nothing() -> None:
    story = " ".join(Rambler._STORY)
    assert meaning(story, PAYMENT) is I.UNCLEAR
    for sentence in Rambler._STORY:
        assert meaning(sentence, PAYMENT) in {I.UNCLEAR, I.QUESTION, I.YES}, sentence


@pytest.mark.parametrize("text", ["Why did you stop calling me?", "I didn't say stop calling me", "You don't need to remove my number"])
def test_nobody_is_suppressed_by_mistake(text: str) -> None:
    assert meaning(text) is not I.STOP_CALLING


@given(st.text())
def test_any_text_is_understood_somehow(text: str) -> None:
    assert isinstance(meaning(text, PAYMENT), I)


@given(
    st.sampled_from(cases(ANY_CALL)),
    st.sampled_from([str.upper, str.lower, str.title, lambda s: f"  {s}  ", lambda s: s.replace("'", "\u2019")]),
)
def test_case_spaces_and_apostrophes_do_not_matter(case: tuple[str, I], change: object) -> None:
    assert meaning(change(case[0])) is case[1]  # type: ignore[operator]


def test_the_table_is_large() -> None:
    assert len(cases(ANY_CALL) + cases(PAYMENTS) + cases(APPOINTMENTS)) > 120
