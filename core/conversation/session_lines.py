"""What the session itself says, without asking the brain, in the languages that it knows; English where it does not know one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["SessionLines", "lines_in"]


@dataclass(frozen=True)
class SessionLines:
    """The session's own lines."""

    max_duration: str = "I'm sorry, I have to end the call here. Thank you for your time. Goodbye."
    apology: str = "I'm sorry, something went wrong on our side. We will call you again. Goodbye."
    transfer_failed: str = "I'm sorry, I can't connect you right now. I will ask a colleague to call you."
    ask_opt_out: str = "Shall I take your number off our list, so that we do not call you again?"
    opted_out: str = "I understand. I have taken your number off our list, and we will not call you again. Goodbye."
    private: str = "It is a personal matter, which I can only discuss with the person I am calling. Am I speaking with that person?"


_LINES: Final = {
    "en": SessionLines(),
    "es": SessionLines(
        max_duration="Lo siento, tengo que terminar la llamada aquí. Gracias por su tiempo. Adiós.",
        apology="Lo siento, ha habido un problema por nuestra parte. Le volveremos a llamar. Adiós.",
        transfer_failed="Lo siento, ahora no puedo pasarle. Pediré a un compañero que le llame.",
        ask_opt_out="¿Quiere que quite su número de nuestra lista, para que no le llamemos más?",
        opted_out="Entendido. He quitado su número de nuestra lista y no le volveremos a llamar. Adiós.",
        private="Es un asunto personal, que solo puedo tratar con la persona a la que llamo. ¿Hablo con esa persona?",
    ),
    "fr": SessionLines(
        max_duration="Je suis désolé, je dois terminer l'appel ici. Merci de votre temps. Au revoir.",
        apology="Je suis désolé, un problème est survenu de notre côté. Nous vous rappellerons. Au revoir.",
        transfer_failed="Je suis désolé, je ne peux pas vous passer quelqu'un maintenant. Un collègue vous appellera.",
        ask_opt_out="Voulez-vous que je retire votre numéro de notre liste, pour que nous ne vous appelions plus ?",
        opted_out="C'est compris. J'ai retiré votre numéro de notre liste et nous ne vous appellerons plus. Au revoir.",
        private="C'est une question personnelle, dont je ne peux parler qu'avec la personne que j'appelle. "
        "Est-ce que je parle à cette personne ?",
    ),
    "de": SessionLines(
        max_duration="Es tut mir leid, ich muss das Gespräch hier beenden. Vielen Dank für Ihre Zeit. Auf Wiederhören.",
        apology="Es tut mir leid, bei uns ist etwas schiefgegangen. Wir rufen Sie noch einmal an. Auf Wiederhören.",
        transfer_failed="Es tut mir leid, ich kann Sie gerade nicht verbinden. Ich bitte einen Kollegen, Sie anzurufen.",
        ask_opt_out="Soll ich Ihre Nummer von unserer Liste streichen, damit wir Sie nicht mehr anrufen?",
        opted_out="Verstanden. Ich habe Ihre Nummer von unserer Liste gestrichen, und wir rufen Sie nicht mehr an. Auf Wiederhören.",
        private="Es ist eine persönliche Angelegenheit, über die ich nur mit der Person sprechen kann, die ich anrufe. "
        "Spreche ich mit dieser Person?",
    ),
    "hi": SessionLines(
        max_duration="माफ़ कीजिए, मुझे कॉल यहीं समाप्त करनी होगी। आपके समय के लिए धन्यवाद। नमस्ते।",
        apology="माफ़ कीजिए, हमारी ओर से कुछ गड़बड़ हो गई। हम आपको फिर कॉल करेंगे। नमस्ते।",
        transfer_failed="माफ़ कीजिए, मैं अभी आपको किसी से नहीं जोड़ सकता। मैं किसी साथी से आपको कॉल करने को कहूँगा।",
        ask_opt_out="क्या मैं आपका नंबर हमारी सूची से हटा दूँ, ताकि हम आपको फिर कॉल न करें?",
        opted_out="समझ गया। मैंने आपका नंबर हमारी सूची से हटा दिया है, और हम आपको फिर कॉल नहीं करेंगे। नमस्ते।",
        private="यह एक निजी मामला है, जिस पर मैं सिर्फ़ उसी व्यक्ति से बात कर सकता हूँ जिसे मैं कॉल कर रहा हूँ। क्या मैं उन्हीं से बात कर रहा हूँ?",
    ),
}


def lines_in(language: str) -> SessionLines:
    """The lines in a language (BCP 47)."""
    return _LINES.get(language.split("-", maxsplit=1)[0].casefold(), _LINES["en"])
