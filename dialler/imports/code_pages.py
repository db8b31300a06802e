"""Legacy encodings of one country or one script, and where each is used; data only.

A file that is not UTF-8 is nearly always in the encoding used by its country's spreadsheets, and the campaign's `default_region` gives the
country. `cp1252`, and after it the legacy Macintosh and DOS encodings, occur everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["EVERYWHERE", "PAGES", "CodePage", "Script", "letters_of", "pages_of"]

Script = Literal["latin", "cyrillic", "greek", "hebrew", "arabic", "thai", "japanese", "chinese", "korean"]


@dataclass(frozen=True)
class CodePage:
    """An encoding: its Python name, its name for people, its script.

    `longest_run`: the most consecutive accented letters in Latin text of this encoding.
    """

    name: str
    label: str
    script: Script
    longest_run: int = 2


PAGES = {
    page.name: page
    for page in (
        CodePage("cp1252", "Windows-1252", "latin"),
        CodePage("mac_roman", "Western European Macintosh", "latin"),
        CodePage("cp850", "Western European DOS 850", "latin"),
        CodePage("cp1250", "Central European Windows-1250", "latin", 3),
        CodePage("iso8859_2", "Central European ISO 8859-2", "latin", 3),
        CodePage("cp852", "Central European DOS 852", "latin", 3),
        CodePage("cp1254", "Turkish Windows-1254", "latin", 3),
        CodePage("cp1257", "Baltic Windows-1257", "latin", 3),
        CodePage("cp1258", "Vietnamese Windows-1258", "latin", 3),
        CodePage("cp1251", "Cyrillic Windows-1251", "cyrillic"),
        CodePage("koi8_u", "Cyrillic KOI8-U", "cyrillic"),
        CodePage("koi8_r", "Cyrillic KOI8-R", "cyrillic"),
        CodePage("cp866", "Cyrillic DOS 866", "cyrillic"),
        CodePage("cp1253", "Greek Windows-1253", "greek"),
        CodePage("iso8859_7", "Greek ISO 8859-7", "greek"),
        CodePage("cp1255", "Hebrew Windows-1255", "hebrew"),
        CodePage("cp1256", "Arabic Windows-1256", "arabic"),
        CodePage("iso8859_6", "Arabic ISO 8859-6", "arabic"),
        CodePage("cp874", "Thai Windows-874", "thai"),
        CodePage("cp932", "Japanese Shift-JIS (Windows-31J)", "japanese"),
        CodePage("euc_jp", "Japanese EUC", "japanese"),
        CodePage("gb18030", "Chinese GB18030", "chinese"),
        CodePage("cp950", "Chinese Big5 (Windows-950)", "chinese"),
        CodePage("big5hkscs", "Chinese Big5-HKSCS", "chinese"),
        CodePage("cp949", "Korean Windows-949", "korean"),
    )
}
"""All encodings that are considered, by Python name."""

EVERYWHERE = ("cp1252", "mac_roman", "cp850")
"""Considered in every country, in this order."""

_CENTRAL, _CYRILLIC = "cp1250 iso8859_2 cp852", "cp1251 koi8_r cp866"
_REGIONS: tuple[tuple[str, str, str], ...] = (  # regions, encodings (likelier ones first), letters beyond a-z ("" for the whole script)
    ("PL", _CENTRAL, "ąćęłńóśźż"),
    ("CZ SK", _CENTRAL, "áäčďéěíĺľňóôŕřšťúůýž"),
    ("HU", _CENTRAL, "áéíóöőúüű"),
    ("RO MD", _CENTRAL, "ăâîșțşţ"),
    ("SI HR BA", _CENTRAL, "čćđšž"),
    ("RS ME", f"{_CENTRAL} cp1251", "čćđšžабвгдђежзијклљмнњопрстћуфхцчџш"),
    ("AL XK", _CENTRAL, "çë"),
    ("TR AZ", "cp1254", "çğıiöşüâîûə"),
    ("LT", "cp1257", "ąčęėįšųūž"),
    ("LV", "cp1257", "āčēģīķļņšūž"),
    ("EE", "cp1257", "äõöüšž"),
    ("VN", "cp1258", ""),
    ("RU KZ KG UZ TJ TM MN", _CYRILLIC, "абвгдежзийклмнопрстуфхцчшщъыьэюяё"),
    ("UA", "cp1251 koi8_u cp866", "абвгдежзийклмнопрстуфхцчшщъыьэюяёґєії"),
    ("BY", _CYRILLIC, "абвгдежзийклмнопрстуфхцчшщъыьэюяёіў"),
    ("BG", _CYRILLIC, "абвгдежзийклмнопрстуфхцчшщъьюя"),
    ("MK", _CYRILLIC, "абвгдѓежзѕијклљмнњопрстќуфхцчџш"),
    ("GR CY", "cp1253 iso8859_7", ""),
    ("IL", "cp1255", ""),
    ("SA AE EG IQ JO KW LB LY MA DZ TN OM QA BH YE SY SD PS IR AF PK", "cp1256 iso8859_6", ""),
    ("TH", "cp874", ""),
    ("JP", "cp932 euc_jp", ""),
    ("CN SG", "gb18030", ""),
    ("TW", "cp950", ""),
    ("HK MO", "big5hkscs gb18030", ""),
    ("KR", "cp949", ""),
)
_BY_REGION = {region: (tuple(pages.split()), frozenset(letters)) for regions, pages, letters in _REGIONS for region in regions.split()}


def pages_of(region: str | None) -> list[CodePage]:
    """The encodings found in files from a country (ISO 3166), the likelier ones first; from any country if None."""
    own = _BY_REGION[region][0] if region in _BY_REGION else ()
    return [PAGES[name] for name in (*own, *EVERYWHERE)]


def letters_of(region: str | None) -> frozenset[str]:
    """The lower-case letters beyond a-z in names of a country; empty if unknown."""
    return _BY_REGION[region][1] if region in _BY_REGION else frozenset()
