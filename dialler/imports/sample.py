"""Lead files of any length for trying things out: invented people, numbers that no real phone answers.

All numbers are +999 and ten digits, all different. Nine in ten end in 30 to 99 and follow the profile of the sandbox network; one in ten
ends in 00 to 29, where its catalogue determines what happens (docs/sandbox.md).
"""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

from dialler.imports.sample_names import NAMES

__all__ = ["SAMPLE_KINDS", "sample_rows", "write_sample_leads"]

_BLOCKS = 10**8
_STEP = 61_803_399  # coprime to 10**8, so that every block comes once before one repeats
_CATALOGUE_ENDINGS = 30
_CITIES = ("Leeds", "Mumbai", "Austin", "Nairobi", "Köln", "Pune", "Cardiff", "Sevilla", "Chennai", "Toronto", "Łódź", "Lagos")
_DOCTORS = ("Dr Okafor", "Dr Lindqvist", "Dr Rao", "Dr Moreau", "Dr Bianchi", "Dr Hughes")
_PRODUCTS = ("broadband", "home insurance", "electricity", "mobile plan", "credit card", "car service")


def _name(stream: random.Random) -> str:
    _, given, family, between = stream.choices(NAMES, weights=[script[0] for script in NAMES])[0]
    first, last = stream.choice(given), stream.choice(family)
    return last + first if between == "family first" else f"{first}{between}{last}"


def _loan(stream: random.Random, index: int, today: date) -> list[str]:
    due = today + timedelta(days=stream.randint(-40, -1))
    amount = round(stream.lognormvariate(8.5, 0.8))
    return [_name(stream), f"LN{100_000 + index}", str(amount), due.isoformat(), stream.choice(_CITIES)]


def _appointment(stream: random.Random, _index: int, today: date) -> list[str]:
    day = today + timedelta(days=stream.randint(1, 14))
    return [
        _name(stream),
        stream.choice(_DOCTORS),
        day.isoformat(),
        f"{stream.randint(8, 17):02}:{stream.choice((0, 15, 30, 45)):02}",
        stream.choice(_CITIES),
    ]


def _survey(stream: random.Random, index: int, today: date) -> list[str]:
    bought = today - timedelta(days=stream.randint(3, 60))
    return [_name(stream), f"ORD-{500_000 + index}", stream.choice(_PRODUCTS), bought.isoformat(), stream.choice(_CITIES)]


_KINDS: dict[str, tuple[list[str], Callable[[random.Random, int, date], list[str]]]] = {
    "loan_reminder": (["customer_name", "loan_number", "amount_due", "due_date", "city"], _loan),
    "clinic_appointments": (["customer_name", "doctor", "appointment_date", "appointment_time", "clinic"], _appointment),
    "customer_survey": (["customer_name", "order_number", "product", "purchase_date", "city"], _survey),
}

SAMPLE_KINDS: tuple[str, ...] = tuple(_KINDS)
"""The subjects of samples: the kinds of the sample campaigns."""


def sample_rows(rows: int, seed: int, kind: str = "loan_reminder", *, today: date = date(2026, 3, 4)) -> Iterator[list[str]]:
    """The header, then this many rows; the same arguments give the same rows.

    Args:
        rows: how many leads, at most 100 million.
        seed: seed for every name, number and amount.
        kind: one of SAMPLE_KINDS.
        today: the day around which the dates lie.

    Raises:
        ValueError: too many rows, or an unknown kind.
    """
    if kind not in _KINDS:
        raise ValueError(f"there is no sample of the kind {kind!r}; there are {', '.join(SAMPLE_KINDS)}")
    if not 0 <= rows <= _BLOCKS:
        raise ValueError(f"a sample has 0 to {_BLOCKS:,} rows, not {rows:,}")
    return _rows(rows, random.Random(f"sample {kind} {seed}"), kind, today)


def _rows(rows: int, stream: random.Random, kind: str, today: date) -> Iterator[list[str]]:
    header, make = _KINDS[kind]
    yield ["phone", *header]
    block = stream.randrange(_BLOCKS)
    for index in range(rows):
        block = (block + _STEP) % _BLOCKS
        ending = stream.randrange(_CATALOGUE_ENDINGS) if stream.random() < 0.1 else stream.randrange(_CATALOGUE_ENDINGS, 100)
        yield [f"+999{block:08}{ending:02}", *make(stream, index, today)]


def write_sample_leads(path: Path, rows: int, seed: int, kind: str = "loan_reminder", *, today: date = date(2026, 3, 4)) -> None:
    """Write a sample as a CSV file (UTF-8, commas), row by row: memory use does not grow with it.

    Raises:
        ValueError: too many rows, or an unknown kind.
        OSError: the file cannot be written.
    """
    made = sample_rows(rows, seed, kind, today=today)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(made)
