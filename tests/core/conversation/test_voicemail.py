import pytest

from core.conversation.voicemail import is_machine_greeting, who_answered

MACHINES = [
    "Hi, this is Sam. Please leave a message after the tone.",
    "You've reached the voicemail of 555 0100.",
    "Your call has been forwarded to an automated voice messaging system.",
    "The person you are trying to reach is not available. At the tone, please record your message.",
    "The subscriber you have called is switched off.",
    "The number you have dialled is not reachable.",
    "Sorry we can't take your call right now, leave your name and number and we'll get back to you as soon as we can.",
    "I can\u2019t take your call, please leave me a short message.",
    "To leave a message, press one.",
    "The mailbox is full",
    "Kripya beep ke baad apna sandesh chhode",
    "Please wait for the beep",
    "Hi, this is Ann. I can't get to the phone. Leave me a message.",
    "The wireless customer you are calling is not available. Please try again later.",
    "The mobile number you are trying to call is currently switched off.",
    "Please record your message. When you have finished, you may hang up.",
    "All our operators are busy. Please hold.",
    "The number you have called is busy, please hold the line or call again later",
    "Bonjour, vous êtes sur la messagerie de Marie, laissez un message après le bip.",
    "Hola, ha llamado al buzón de voz de Ana. Deje su mensaje después de la señal.",
    "Aap jis vyakti ko call kar rahe hain vah abhi uplabdh nahi hai.",
    "Hi, if you record your name and reason for calling, I'll see if this person is available.",
    "Der gewünschte Teilnehmer ist zurzeit nicht erreichbar.",
]
PEOPLE = [
    "Hello?",
    "Yes, speaking.",
    "He is not available right now, please call later.",
    "Can I take a message?",
    "Would you like to leave a message?",
    "Could you leave a message with me?",
    "I can't take the call now, I'm driving.",
    "His phone is switched off.",
    "Leave me alone.",
    "I got your message.",
    "Please try again later.",
    "Sorry, wrong number.",
    "Good afternoon, thank you for calling Harlow and Sons, this is Ruth speaking, how may I help you today?",
    "I'm not available just now, please call back after six when I have finished work for today.",
    "Hello? Sorry, she's not in today, she'll be back on Thursday if you want to call back then.",
    "Hello, you've reached Tom Archer, sorry I was outside with the dog, who is this please?",
    "Oh hello, I got your message yesterday, I was going to ring you about the appointment on Monday.",
    "Is this about the message you left on my phone yesterday, because I was just about to hang up",
    "Well hello, who is this? My phone has been ringing all day long, I tell you.",
]


@pytest.mark.parametrize("text", MACHINES)
def test_machines(text: str) -> None:
    assert is_machine_greeting(text)


@pytest.mark.parametrize("text", PEOPLE)
def test_people(text: str) -> None:
    assert who_answered(text, len(text.split()) / 2.6).grade != "machine"


def test_the_verdict_tells_the_words() -> None:
    verdict = who_answered("Hi! Please leave a message after the TONE.", 3.0)
    assert (verdict.grade, verdict.evidence, verdict.phrase) == ("machine", "words", "after <tone>")


def test_a_long_greeting_with_a_machines_word_leaves_a_doubt() -> None:
    verdict = who_answered("Thank you for calling the Miller family, nobody is around.", 7.5)
    assert (verdict.grade, verdict.evidence) == ("in_doubt", "length_and_words")
