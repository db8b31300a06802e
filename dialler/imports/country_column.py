"""Finds the columns that hold a part of the number: its country (`country_code`, `Country`), its area code.

A column named for the calling code of a phone always counts. One that is named only for a country, or could hold something else
(`prefix`, `cc`), counts if nearly all its values are countries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from dialler.imports.countries import country_of
from dialler.imports.errors import LeadFileError
from dialler.imports.phone_column import named_columns
from dialler.imports.phone_words import fold
from dialler.imports.values import strip_invisible

__all__ = ["CodeColumns", "code_kind", "find_code_columns"]

CodeKind = Literal["calling_code", "country", "area"]

_CALLING_CODES: Final = """
country code|country phone code|country dial code|country dialing code|country dialling code|country calling code|country prefix|phone code
phone prefix|dial code|dialing code|dialling code|dial prefix|calling code|isd|isd code|isd no|intl code|intl prefix|international code
international prefix|int code|idd|idd code|country no|country number|ländervorwahl|landesvorwahl|landesvorwahlnummer|länderkennzahl
indicatif|indicatif pays|indicatif téléphonique|code pays|código de país|código país|prefijo país|prefijo internacional|lada internacional
código do país|ddi|prefisso internazionale|landcode|landnummer|landskod|landsnummer|landekode|maakoodi|numer kierunkowy kraju|kod kraju
ülke kodu|код страны|код країни|देश कोड|国家代码|国家區號|國碼|国番号|국가 코드|국가번호|mã quốc gia|kode negara|رمز الدولة|رمز البلد
"""
_COUNTRIES: Final = """
country|country name|country region|country iso|iso country|country iso code|country code iso|country code alpha 2|iso|iso2|cc|prefix|nation
land|pays|país|paese|kraj|země|ország|țară|ülke|χώρα|страна|країна|देश|国家|國家|国|국가|quốc gia|negara|الدولة|البلد|ארץ|maa
prefijo|prefixo|prefisso
"""
_AREAS: Final = """
area code|std|std code|local code|phone area|phone area code|vorwahl|ortsvorwahl|ortskennzahl|indicatif régional|ddd|lada|código de área
código área|prefisso locale|netnummer|kengetal|riktnummer|suuntanumero|alan kodu|код города|市外局番|区号|區號|지역번호
"""
_OWNERS: Final = """
phone mobile cell contact customer client lead telephone tel whatsapp home mailing billing address your the callee recipient
"""
_SHORT_WORDS: Final = frozenset({"cc", "prefix", "prefijo", "prefixo", "prefisso"})
"""Headers that count only for values with digits: Mr and Ms are countries, too."""
_MOSTLY: Final = 0.9


def _squeezed(text: str) -> str:
    return fold(text).replace(" ", "").replace("'", "")


_LISTS: Final[tuple[tuple[CodeKind, str], ...]] = (("area", _AREAS), ("country", _COUNTRIES), ("calling_code", _CALLING_CODES))
_TERMS: Final[dict[str, CodeKind]] = {
    _squeezed(term): kind for kind, listed in _LISTS for line in listed.split("\n") for term in line.split("|") if term.strip()
}


@dataclass(frozen=True)
class CodeColumns:
    """The columns with parts of the number, from 0; None where there is none. `notes` are sentences for people."""

    country: int | None = None
    area: int | None = None
    notes: tuple[str, ...] = ()


@lru_cache(maxsize=1024)
def code_kind(header: str) -> CodeKind | None:
    """The part of a phone number that a header names: a calling code, a country, an area code; None for any other header."""
    name = _squeezed(header.replace("/", " "))
    while True:
        if (kind := _TERMS.get(name)) is not None:
            return kind
        owner = next((owner for owner in _OWNERS.split() if name.startswith(owner) and len(name) > len(owner)), None)
        if owner is None:
            return None
        name = name.removeprefix(owner)


def find_code_columns(
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    taken: frozenset[int],
    country: str | Literal[False] | None,
    area: str | Literal[False] | None,
) -> CodeColumns:
    """The columns of the country and of the area code.

    Args:
        headers: the headers.
        rows: the cells of the first rows.
        taken: columns (from 0) that hold whole numbers.
        country: the user's choice: a header or a number from 1; False: none; None: detected.
        area: likewise.

    Raises:
        LeadFileError: there is no such column.
    """
    notes: list[str] = []
    columns = [position for position in range(len(headers)) if position not in taken]
    kinds = {position: code_kind(headers[position]) for position in columns}
    country_at = _chosen(headers, country, "country_column") if country else None
    area_at = _chosen(headers, area, "area_code_column") if area else None
    if country is None:
        country_at, doubt = _country_column(headers, rows, [position for position in columns if position != area_at])
        notes += doubt
    if area is None:
        area_at = next((position for position in columns if kinds[position] == "area" and _values(rows, position)), None)
    if country_at is not None:
        notes.append(f"The country of each number comes from {_title(headers, country_at)}.")
    if area_at is not None:
        notes.append(f"The area code of each number comes from {_title(headers, area_at)}.")
    return CodeColumns(country_at, area_at, tuple(notes))


def _country_column(headers: Sequence[str], rows: Sequence[Sequence[str]], columns: Sequence[int]) -> tuple[int | None, list[str]]:
    """The column of countries, one of calling codes before any other; and what people should know of those that were not taken."""
    notes: list[str] = []
    for wanted in ("calling_code", "country"):
        for position in columns:
            values = _values(rows, position)
            if code_kind(headers[position]) != wanted or not values:
                continue
            digits_only = _squeezed(headers[position]) in _SHORT_WORDS
            share = sum(country_of(value) is not None and (not digits_only or any(map(str.isdigit, value))) for value in values) / len(
                values
            )
            if wanted == "calling_code" or share >= _MOSTLY:
                return position, notes
            if share >= 1 / 2:
                notes.append(
                    f"{headers[position]!r} is not read with the numbers: not all its values are countries. If it is their country, "
                    f"set `country_column: {headers[position]}` in campaign.yaml."
                )
    return None, notes


def _chosen(headers: Sequence[str], wanted: str, key: str) -> int:
    if found := named_columns(headers, wanted):
        return found[0]
    raise LeadFileError(
        f"There is no column {wanted!r}, which campaign.yaml names as `{key}`.",
        f"Write the header of a column, or its number from 1; or `{key}: false` if there is none.",
        [f"headers: {', '.join(headers)}"],
    )


def _values(rows: Sequence[Sequence[str]], position: int) -> list[str]:
    return [text for cells in rows if position < len(cells) and (text := strip_invisible(cells[position]))]


def _title(headers: Sequence[str], position: int) -> str:
    return repr(headers[position]) if headers[position] else f"column {position + 1}"
