"""Words before or after a number in its cell: `p:+1 ...`, `WhatsApp: ...`, `... (work)`. Pure functions of one cell; the words are data."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["is_fax", "label_of", "without_labels"]

_WORDS: Final = """
phone telephone tel tele tfn ph mobile mob cell cellphone cellular cel whatsapp wa viber telegram signal sms home work office business
private personal direct main primary landline line contact call number switchboard reception ph.no phone.no mob.no mobile.no tel.no
contact.no cell.no phone.number mobile.number fax telefax
telefon tel.nr telefonnummer handy handynummer mobil mobiltelefon privat geschäftlich dienstlich arbeit büro festnetz zentrale
téléphone tél portable port mobile domicile bureau travail fixe standard
teléfono teléf móvil celular casa trabajo oficina fijo particular telefone telemóvel tlm fixo escritório
telefono cellulare cell.re ufficio lavoro fisso numero telefoon mobiel gsm werk thuis vast kantoor
komórka komórkowy tel.kom służbowy domowy puhelin matkapuhelin työ koti mobilnummer jobb hem arbete arbejde
тел телефон моб мобильный сот раб дом рабочий домашний τηλ κιν
फ़ोन फोन मोबाइल मो मोब घर दफ़्तर phone.no mo mo.no هاتف جوال موبايل טל נייד טלפון
电话 電話 手机 手機 携帯 固话 传真 전화 휴대폰 핸드폰 직장 집 โทร มือถือ điện.thoại đt di.động hp telp
"""
_LETTERS: Final = "pmtwhcofd"
"""Single letters that count as words before a colon, or in brackets after the number."""
_FAX: Final = re.compile(r"(?<![^\W\d_])(?:f|fax|telefax|facs(?:imile)?|факс|传真|φαξ)(?![^\W\d_])", re.IGNORECASE)


def _alternatives() -> str:
    words = sorted({*_WORDS.split()}, key=len, reverse=True)
    return "|".join(re.escape(word).replace(r"\.", r"\.?\s?") for word in words)


_ANY: Final = _alternatives()
_BEFORE: Final = re.compile(
    rf"(?P<label>(?:(?:{_ANY})\b\.?[ /&,]*){{1,3}}(?:\d\s*(?=[:=]))?|[{_LETTERS}]\s*(?=[:=])|[{_LETTERS}]\.(?=\s*[+(\d])"
    rf"|[(\[]\s*(?:(?:{_ANY})|[{_LETTERS}])\s*[)\]]|(?:https?://)?(?:wa\.me|api\.whatsapp\.com)/)\s*[:=.\uff1a\u2013-]?\s*(?=[+(\uff0b\d])",
    re.IGNORECASE,
)
_AFTER: Final = re.compile(
    rf"(?<=[\d)])[\s,;:/-]*(?:[(\[]\s*(?P<inside>(?:(?:{_ANY})\.?[ /&,]*){{1,3}}|[{_LETTERS}])\s*[)\]]"
    rf"|(?<=[\s,;:/-])(?P<plain>(?:{_ANY})\.?))\s*$",
    re.IGNORECASE,
)


def without_labels(text: str) -> str:
    """A number without the words that say what kind of number it is."""
    if match := _BEFORE.match(text):
        text = text[match.end() :]
    if match := _AFTER.search(text):
        text = text[: match.start()]
    return text


def label_of(text: str) -> str:
    """The words before or after a number, such as `whatsapp`; empty if there are none."""
    found = []
    if match := _BEFORE.match(text):
        found.append(match["label"])
        text = text[match.end() :]
    if match := _AFTER.search(text):
        found.append(match["inside"] or match["plain"])
    return " ".join(word.strip(" .:=,/&") for word in found)


def is_fax(text: str) -> bool:
    """Whether the words say that the number is a fax machine's."""
    return _FAX.search(label_of(text)) is not None
