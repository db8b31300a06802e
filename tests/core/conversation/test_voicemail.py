import pytest

from core.conversation.voicemail import is_machine_greeting, sign_of_machine

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
]


@pytest.mark.parametrize("text", MACHINES)
def test_machines(text: str) -> None:
    assert is_machine_greeting(text)


@pytest.mark.parametrize("text", PEOPLE)
def test_people(text: str) -> None:
    assert not is_machine_greeting(text)


def test_the_sign_tells_the_words() -> None:
    sign = sign_of_machine("Hi! Please leave a message after the TONE.", 3.0)
    assert sign is not None
    assert (sign.evidence, sign.phrase, sign.greeting_seconds) == ("words", "please leave a message", 3.0)


def test_a_long_greeting_needs_fewer_words() -> None:
    text = "Thank you for calling the Miller family, nobody is here at the moment."
    assert sign_of_machine(text, 3.0) is None
    sign = sign_of_machine(text, 7.5)
    assert sign is not None
    assert (sign.evidence, sign.phrase) == ("length_and_words", "thank you for calling")


def test_length_alone_is_a_person_who_talks() -> None:
    assert sign_of_machine("Well hello, who is this? My phone has been ringing all day long, I tell you.", 9.0) is None
