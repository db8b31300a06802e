"""Parses a phone number written by a person or a spreadsheet. Nothing is guessed or padded."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final, Literal, NoReturn

import phonenumbers
from phonenumbers import PhoneNumberType, ValidationResult, shortnumberinfo

from core.kernel.numbers.fictional import is_fictional, is_large_sample

__all__ = ["NumberError", "NumberKind", "PhoneNumber", "check_region", "mask", "parse_number", "split_key"]

NumberKind = Literal[
    "fixed_line",
    "mobile",
    "fixed_or_mobile",
    "toll_free",
    "premium_rate",
    "shared_cost",
    "voip",
    "personal",
    "pager",
    "uan",
    "voicemail",
    "unknown",
]
_KINDS: dict[int, NumberKind] = {
    PhoneNumberType.FIXED_LINE: "fixed_line",
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "fixed_or_mobile",
    PhoneNumberType.TOLL_FREE: "toll_free",
    PhoneNumberType.PREMIUM_RATE: "premium_rate",
    PhoneNumberType.SHARED_COST: "shared_cost",
    PhoneNumberType.VOIP: "voip",
    PhoneNumberType.PERSONAL_NUMBER: "personal",
    PhoneNumberType.PAGER: "pager",
    PhoneNumberType.UAN: "uan",
    PhoneNumberType.VOICEMAIL: "voicemail",
}
_SHORTENED = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]+")
_LABEL = re.compile(r"^(tel|telephone|phone|mobile|mob|cell)\b[.:\s]*", re.IGNORECASE)
_EXTENSION_WORDS = """
extension extn? durchwahl durchw dw apparat app klappe nebenstelle poste ramal anexo interno interior int wewn? wew linka klapka
mellék dahili toestel tst anknytning ankn lokal lok alanumero doorkiesnummer lokalnummer доб добавочный вн внутр вътр дод εσωτ
εσωτερικό שלוחה تحويلة داخلي nội\\sbộ máy\\slẻ ต่อ 内線 內線 内线 分机 分機 转 轉 내선
"""
_EXTENSION = re.compile(
    rf"(?:;ext=|(?<![^\W\d_])(?:{'|'.join(sorted(_EXTENSION_WORDS.split(), key=len, reverse=True))})\.?|x|#|~)[:\s]*([0-9]{{1,11}})#?$",
    re.IGNORECASE,
)
_PAUSED = re.compile(r"(?<=[0-9)])\s*[,wp]{1,8}\s*([0-9]{1,11})#?$", re.IGNORECASE)
"""A pause and further digits, as phones write an extension: `+1 202 555 0101,,123`. Only after a number that is whole."""
_WHOLE = 10
_HYPHENS = str.maketrans(dict.fromkeys("\u2212\u30fc\uff70\ufe63\uff0d\u2010\u2011\u2012\u2013\u2014\u2015", "-"))
_BETWEEN_NUMBERS = re.compile(r"[,;/|&\n]|\bor\b|\band\b", re.IGNORECASE)
_E164 = "write it in full: +, country code, number"


class NumberError(ValueError):
    """The text is not a phone number that may be dialled: `reason` says why, `advice` what to do.

    Neither contains the number, so both may be logged.
    """

    def __init__(self, reason: str, advice: str) -> None:
        self.reason, self.advice = reason, advice
        super().__init__(f"{reason}: {advice}")


@dataclass(frozen=True)
class PhoneNumber:
    """A number that may be dialled (by the sandbox only, if it is `fictional`)."""

    e164: str
    """`+`, country code, number: at most 15 digits."""
    extension: str | None
    """Digits to be sent after the answer."""
    kind: NumberKind
    region: str | None
    """Its country (ISO 3166), if known."""
    fictional: bool

    @property
    def key(self) -> str:
        """The unique key of the number: E.164, and `;ext=` with the extension if there is one."""
        return f"{self.e164};ext={self.extension}" if self.extension else self.e164


def split_key(key: str) -> tuple[str, str | None]:
    """The E.164 number and the extension of a `PhoneNumber.key`."""
    e164, _, extension = key.partition(";ext=")
    return e164, extension or None


_EMERGENCY_ANYWHERE: Final = frozenset({"112", "911"})
"""Numbers that mobile phones of any country treat as emergency calls (3GPP TS 22.101, 10.1.1), whatever the national numbers are."""


def check_region(region: str) -> str:
    """`region` itself, if it is a country with phone numbers (ISO 3166, two capitals).

    Raises:
        ValueError: it is not.
    """
    if region not in phonenumbers.SUPPORTED_REGIONS:
        wanted = {"UK": "GB", "EN": "GB", "USA": "US", "UAE": "AE", "IND": "IN"}.get(region.upper(), region.upper())
        hint = f" Did you mean {wanted}?" if wanted in phonenumbers.SUPPORTED_REGIONS else ""
        raise ValueError(f"{region!r} is not a country.{hint} Write two capitals (ISO 3166), such as IN, GB or US.")
    return region


def mask(e164: str) -> str:
    """The number masked for logs: its country code and its last two digits. Never fails."""
    digits = re.sub("[^0-9]", "", e164.partition(";")[0])
    if len(digits) < 7:
        return "..."
    known = [digits[:n] for n in (1, 2, 3) if int(digits[:n]) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE or digits[:n] == "999"]
    return f"+{known[0] if known else ''}...{digits[-2:]}"


def parse_number(raw: str, region: str | None = None, *, allow_premium: bool = False) -> PhoneNumber:
    """Parse a phone number.

    Args:
        raw: as written, with or without separators, national or international, with or without an extension.
        region: country (ISO 3166) of numbers written nationally; None: only international ones are understood.
        allow_premium: accept premium-rate numbers.

    Raises:
        NumberError: it is not a number, or not one that may be dialled.
        ValueError: `region` is not a country.
    """
    if region is not None:
        check_region(region)
    text = _clean(raw)
    body, extension = _split_extension(text)
    _refuse_unreadable(text, body)
    digits = phonenumbers.normalize_digits_only(body)
    international = body.lstrip("( ").startswith("+")
    if international and is_large_sample(f"+{digits}"):
        return PhoneNumber(f"+{digits}", extension, "unknown", None, fictional=True)
    if digits in _EMERGENCY_ANYWHERE:
        _refuse_emergency()
    if not international and region is None:
        if not digits.startswith("00"):
            raise NumberError("it has no country code, and no default region is set", f"{_E164}; or set the default region")
        body = f"+{digits[2:]}"
    if region and not international and shortnumberinfo.is_emergency_number(digits, region):
        _refuse_emergency()
    try:
        number = phonenumbers.parse(body, region)
    except phonenumbers.NumberParseException as error:
        raise _unparsable(error, digits) from error
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    kind = _KINDS.get(phonenumbers.number_type(number), "unknown")
    country = phonenumbers.region_code_for_number(number) or phonenumbers.region_code_for_country_code(number.country_code or 0)
    fictional = is_fictional(e164)
    if kind == "premium_rate" and not allow_premium:
        raise NumberError("it is a premium-rate number", "leave it out, or allow premium-rate numbers if you mean to pay for them")
    if not fictional:
        _refuse_nonexistent(number, digits, country, international)
    return PhoneNumber(e164, extension, kind, None if country in ("ZZ", "001") else country, fictional)


def _clean(raw: str) -> str:
    """Without invisible characters, outer spaces and a label such as `Tel:`; digits of every script as 0 to 9."""
    text = raw.replace("\uff0b", "+").translate(_HYPHENS)  # the full-width plus; also the Japanese prolonged sound mark
    return _LABEL.sub("", "".join(map(_plain, text)).strip())


def _plain(ch: str) -> str:
    if ch == "\n":
        return ch
    if ch.isspace():
        return " "
    if ch.isdecimal():
        return str(unicodedata.decimal(ch))
    return "" if unicodedata.category(ch) in ("Cf", "Cc") else ch


def _split_extension(text: str) -> tuple[str, str | None]:
    match = _EXTENSION.search(text)
    if match is None and (paused := _PAUSED.search(text)) and _is_whole(text[: paused.start()], paused[1]):
        match = paused
    return (text[: match.start()].strip(" ,;"), match[1]) if match else (text, None)


def _is_whole(body: str, digits: str) -> bool:
    """Whether what is before a pause is a number by itself, and what is after it is not another one."""
    return len(digits) < 7 and sum(map(str.isdigit, body)) >= _WHOLE


def _refuse_unreadable(text: str, body: str) -> None:
    if not re.search("[0-9]", text):
        raise NumberError("there is no number in it" if text else "it is empty", "fill in a phone number")
    if _SHORTENED.fullmatch(text):
        raise NumberError(
            "a spreadsheet has shortened it, and its last digits are gone", "format the column as text and export the original again"
        )
    if sum(len(re.sub("[^0-9]", "", part)) >= 7 for part in _BETWEEN_NUMBERS.split(body)) > 1:
        raise NumberError("there is more than one number in it", "keep one number, and put the other in a row of its own")
    if any(ch.isalpha() for ch in body):
        raise NumberError("there are letters in it", "write digits only; an extension goes after `ext`")
    if body.count("+") > 1 or ("+" in body and re.search("[0-9]", body.partition("+")[0])):
        raise NumberError("there is a + in the middle of it", _E164)


def _refuse_emergency() -> NoReturn:
    raise NumberError("it is an emergency number", "remove it: emergency numbers are never dialled")


def _unparsable(error: phonenumbers.NumberParseException, digits: str) -> NumberError:
    match error.error_type:
        case phonenumbers.NumberParseException.INVALID_COUNTRY_CODE:
            return NumberError("its country code does not exist", _E164)
        case phonenumbers.NumberParseException.TOO_LONG:
            return NumberError(f"it is too long ({len(digits)} digits)", "check for extra digits, or for two numbers run together")
        case phonenumbers.NumberParseException.TOO_SHORT_AFTER_IDD | phonenumbers.NumberParseException.TOO_SHORT_NSN:
            return NumberError(f"it is too short ({len(digits)} digits)", "fill in the missing digits")
        case _:
            return NumberError("it is not a phone number", _E164)


def _refuse_nonexistent(number: phonenumbers.PhoneNumber, digits: str, country: str, international: bool) -> None:
    """Refuse emergency numbers, short codes, and numbers that cannot exist or do not exist in their country."""
    if phonenumbers.is_valid_number(number):
        return
    national = phonenumbers.national_significant_number(number)
    if country != "ZZ" and shortnumberinfo.is_emergency_number(national, country):
        _refuse_emergency()
    if shortnumberinfo.is_valid_short_number(number):
        raise NumberError("it is a short code, not a person's number", "fill in the full number")
    where = f"+{number.country_code}" + ("" if country in ("ZZ", "001") else f" ({country})")
    missing_plus = not international and _is_valid_international(digits)
    advice = "it would be valid with a + before it: write the +" if missing_plus else f"check it with its owner, or {_E164}"
    match phonenumbers.is_possible_number_with_reason(number):
        case ValidationResult.TOO_SHORT:
            reason = f"it is too short for a number of {where}"
        case ValidationResult.TOO_LONG:
            reason = f"it is too long for a number of {where}"
        case ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
            reason, advice = "its area code is missing", _E164
        case ValidationResult.INVALID_LENGTH:
            reason = f"no number of {where} has so many digits"
        case _:
            reason = f"no such number has been assigned in {where}"
    raise NumberError(reason, advice)


def _is_valid_international(digits: str) -> bool:
    try:
        return is_fictional(f"+{digits}") or phonenumbers.is_valid_number(phonenumbers.parse(f"+{digits}", None))
    except phonenumbers.NumberParseException:
        return False
