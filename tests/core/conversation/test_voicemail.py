import pytest

from core.conversation.voicemail import is_machine_greeting

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
