"""The words of numbers, as they are compared (`core.conversation.phrases.normal`): English, Spanish, French, German, Hindi."""

from __future__ import annotations

import functools
from typing import Final

from core.conversation.phrases.normal import TRANSLITERATED, tokens

__all__ = ["MAGNITUDES", "SMALL", "split_compound"]

_SMALL: Final = {
    "en": "zero/oh/nought one/first two/second three/third four/fourth five/fifth six/sixth seven/seventh "
    "eight/eighth nine/ninth ten/tenth "
    "eleven/eleventh twelve/twelfth thirteen/thirteenth fourteen/fourteenth fifteen/fifteenth sixteen/sixteenth seventeen/seventeenth "
    "eighteen/eighteenth nineteen/nineteenth",
    "es": "cero un/uno/una/primero dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciseis diecisiete "
    "dieciocho diecinueve veinte veintiuno/veintiun veintidos veintitres veinticuatro veinticinco veintiseis veintisiete "
    "veintiocho veintinueve",
    "fr": "zero un/une/premier deux trois quatre cinq six sept huit neuf dix onze douze treize "
    "quatorze quinze seize dix-sept dix-huit dix-neuf",
    "de": "null ein/eins/eine/ersten/erste zwei/zwo/zweiten drei/dritten vier/vierten funf/funften sechs/sechsten "
    "sieben/siebten acht/achten "
    "neun/neunten zehn/zehnten elf/elften zwolf/zwolften dreizehn vierzehn funfzehn sechzehn siebzehn achtzehn neunzehn",
    "hi": "shunya/शून्य ek/एक do/दो teen/tin/तीन char/chaar/चार paanch/panch/पांच/पाँच chhe/che/chah/छह/छः "
    "saat/सात aath/आठ nau/नौ das/दस gyarah/ग्यारह "
    "barah/बारह terah/तेरह chaudah/चौदह pandrah/पंद्रह solah/सोलह satrah/सत्रह atharah/अठारह unnis/उन्नीस bees/बीस",
}
_TENS: Final = {
    "en": "twenty/twentieth thirty/thirtieth forty fifty sixty seventy eighty ninety",
    "es": "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa",
    "fr": "vingt trente quarante cinquante soixante septante huitante/octante nonante",
    "de": "zwanzig/zwanzigsten dreissig/dreissigsten vierzig funfzig sechzig siebzig achtzig neunzig",
    "hi": "bees/बीस tees/तीस chalis/chaalis/चालीस pachas/pachaas/पचास saath/साठ sattar/सत्तर assi/अस्सी nabbe/नब्बे",
}
_HUNDREDS: Final = (
    "cien/ciento doscientos/doscientas trescientos/trescientas cuatrocientos/cuatrocientas quinientos/quinientas "
    "seiscientos/seiscientas setecientos/setecientas ochocientos/ochocientas novecientos/novecientas"
)
_MAGNITUDES: Final = {
    "hundred": 100,
    "hundreds": 100,
    "thousand": 1000,
    "thousands": 1000,
    "million": 1_000_000,
    "mil": 1000,
    "millon": 1_000_000,
    "millones": 1_000_000,
    "cent": 100,
    "cents": 100,
    "mille": 1000,
    "hundert": 100,
    "tausend": 1000,
    "sau": 100,
    "सौ": 100,
    "hazaar": 1000,
    "hazar": 1000,
    "hajar": 1000,
    "hajaar": 1000,
    "हज़ार": 1000,
    "हजार": 1000,
    "lakh": 100_000,
    "lac": 100_000,
    "lakhs": 100_000,
    "लाख": 100_000,
    "crore": 10_000_000,
    "करोड़": 10_000_000,
    "k": 1000,
}


def _plain(word: str) -> str:
    return "".join(one.removeprefix(TRANSLITERATED) for one in tokens(word))


def _small() -> dict[str, int]:
    found: dict[str, int] = {}
    for line in _SMALL.values():
        for value, words in enumerate(line.split()):
            for word in words.split("/"):
                found.setdefault(_plain(word), value)
    for line in _TENS.values():
        for value, words in enumerate(line.split(), 2):
            for word in words.split("/"):
                found[_plain(word)] = 10 * value
    for value, words in enumerate(_HUNDREDS.split(), 1):
        for word in words.split("/"):
            found[_plain(word)] = 100 * value
    return found


SMALL: Final = _small()
"""Words for whole numbers below a thousand that are said in one."""
MAGNITUDES: Final = {_plain(word): size for word, size in _MAGNITUDES.items()}
"""Words that multiply what stands before them."""
_GERMAN: Final = sorted(
    {word for key in ("de",) for line in (_SMALL[key], _TENS[key]) for words in line.split() for word in map(_plain, words.split("/"))}
    | {"hundert", "tausend", "und"},
    key=len,
    reverse=True,
)


@functools.lru_cache(maxsize=4096)
def split_compound(word: str) -> list[str]:
    """A German number in one word, in its parts, the units last (`fünfundzwanzig` is 20 and 5); any other word as it is."""
    if word in SMALL or word in MAGNITUDES or len(word) < 8 or not ("und" in word or "hundert" in word or "tausend" in word):
        return [word]
    parts: list[str] = []
    rest = word
    while rest:
        part = next((one for one in _GERMAN if rest.startswith(one)), None)
        if part is None:
            return [word]
        parts.append(part)
        rest = rest.removeprefix(part)
    ordered: list[str] = []
    for part in parts:
        if part == "und":
            continue
        if ordered and part in SMALL and SMALL[part] >= 20 and ordered[-1] in SMALL and SMALL[ordered[-1]] < 10:
            ordered.insert(len(ordered) - 1, part)
        else:
            ordered.append(part)
    return ordered
