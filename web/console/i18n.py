"""Translations: a catalogue a language, read from `locale/LANGUAGE/LC_MESSAGES/console.po` as it stands: to add a language, add a file.

The language of a request is kept in a context variable, so that `_("...")` works in templates and in view models alike. English is the
language of the sources: it needs no catalogue.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from gettext import c2py
from pathlib import Path
from typing import Final

from babel import Locale
from babel.messages.pofile import read_po

__all__ = [
    "FOLDER",
    "SOURCE",
    "Catalogue",
    "current_locale",
    "gettext",
    "languages",
    "negotiated",
    "ngettext",
    "no_op",
    "read_catalogue",
    "use_locale",
]

FOLDER: Final = Path(__file__).parent / "locale"
SOURCE: Final = "en"
"""The language of the sources; how numbers and dates are written depends on the region, `en_GB` if none is known."""
_current: ContextVar[str] = ContextVar("console_locale", default="en_GB")


@dataclass(frozen=True)
class Catalogue:
    """The messages of one language. What is not translated is shown in English."""

    language: str
    messages: dict[str, str] = field(default_factory=dict)
    plurals: dict[str, tuple[str, ...]] = field(default_factory=dict)
    form_of: Callable[[int], int] = field(default=c2py("n != 1"))
    """Which plural form a number takes, by the header `Plural-Forms` of the catalogue."""

    def one(self, message: str) -> str:
        """A message."""
        return self.messages.get(message) or message

    def many(self, singular: str, plural: str, number: int) -> str:
        """A message for a number of things."""
        forms = self.plurals.get(singular)
        if forms is None:
            return singular if number == 1 else plural
        form = forms[min(self.form_of(number), len(forms) - 1)]
        return form or (singular if number == 1 else plural)


@functools.cache
def _catalogue(language: str) -> Catalogue:
    return read_catalogue(language)


def read_catalogue(language: str) -> Catalogue:
    """The catalogue of a language, from its file; an empty one if there is none."""
    path = FOLDER / language / "LC_MESSAGES" / "console.po"
    if language == SOURCE or not path.exists():
        return Catalogue(language)
    with path.open("rb") as file:
        found = read_po(file, locale=language)
    singles, plurals = {}, {}
    for message in found:
        if not message.id or message.fuzzy:
            continue
        if isinstance(message.id, (list, tuple)):
            plurals[message.id[0]] = tuple(message.string or ())
        elif message.string:
            singles[message.id] = str(message.string)
    return Catalogue(language, singles, plurals, c2py(found.plural_expr))


@functools.cache
def languages() -> dict[str, str]:
    """The languages that there are, each with its own name for itself."""
    codes = [SOURCE, *sorted(path.parent.parent.name for path in FOLDER.glob("*/LC_MESSAGES/console.po"))]
    return {code: (Locale.parse(code).get_display_name(code) or code).capitalize() for code in codes}


def negotiated(accept: str) -> str:
    """The locale that a browser asks for (Accept-Language), if there is a catalogue for its language; else British English. Pure."""
    ranked = []
    for position, part in enumerate(accept.split(",")[:20]):
        name, _, quality = part.strip().partition(";q=")
        try:
            ranked.append((-float(quality or 1), position, name.replace("-", "_")))
        except ValueError:
            continue
    for _, _, name in sorted(ranked):
        language = name.split("_")[0].lower()
        if language in languages():
            try:
                return str(Locale.parse(name)) if "_" in name else {"en": "en_GB", "hi": "hi_IN"}.get(language, language)
            except (ValueError, LookupError):
                continue
    return "en_GB"


def use_locale(locale: str) -> None:
    """Use a locale for the rest of this request."""
    _current.set(locale)


def current_locale() -> str:
    """The locale of this request, such as `en_IN`."""
    return _current.get()


def gettext(message: str) -> str:
    """A message in the language of this request."""
    return _catalogue(current_locale().split("_")[0]).one(message)


def ngettext(singular: str, plural: str, number: int) -> str:
    """A message for a number of things, in the language of this request."""
    return _catalogue(current_locale().split("_")[0]).many(singular, plural, number)


def no_op(message: str) -> str:
    """Mark a text that is translated where it is shown: for constants of a module, under the name `N_`."""
    return message
