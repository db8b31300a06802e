"""Files of a few rows in the old encodings of many countries: read as they were meant, or refused; never read wrongly."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from dialler.imports.code_pages import PAGES, pages_of
from dialler.imports.errors import LeadFileError
from dialler.imports.plausibility import examples, strangeness
from tests.dialler.imports.reading import read

NAMES = {
    "PL cp1250 iso8859_2": "Łukasz Wiśniewski,Żaneta Dąbrowska,Małgorzata Święcicka,Józef Żółtowski",
    "CZ cp1250 iso8859_2": "Jiří Dvořák,Žofie Šťastná,Tomáš Novotný,Zdeněk Růžička",
    "HU cp1250 iso8859_2": "Szőke Gergő,Kovács Ágnes,Tóth Éva,Üveges Ödön",
    "RO cp1250 iso8859_2": "Ştefan Ţurcan,Mădălina Crăciun,Ion Brâncuşi",
    "HR cp1250 iso8859_2": "Đorđe Perić,Žarko Šimić,Ćiril Čosić",
    "TR cp1254": "Ayşe Yılmaz,İbrahim Çağlar,Gülşen Öztürk,Ömer Şahin",
    "LT cp1257": "Žygimantas Šimkus,Rūta Kazlauskienė,Ąžuolas Petraitis",
    "LV cp1257": "Jānis Bērziņš,Kārlis Liepiņš,Ilzē Ozoliņa",
    "EE cp1257": "Jüri Tamm,Õnne Pärn,Ülle Mägi",
    "RU cp1251 koi8_r cp866": "Иванов Иван,Петрова Ольга,Сидоров Пётр,Щукина Юлия",
    "UA cp1251 koi8_u": "Олексій Їжак,Євген Шевченко,Ґалина Бойко",
    "BG cp1251": "Георги Щерев,Мария Иванова",
    "GR cp1253 iso8859_7": "Γιώργος Παπάς,Άννα Νικολάου,Ελένη",
    "IL cp1255": "דוד כהן,שרה לוי",
    "SA cp1256": "محمد العلي,فاطمة الزهراء",
    "TH cp874": "สมชาย ใจดี,สมหญิง",
    "JP cp932 euc_jp": "田中太郎,鈴木花子,佐藤一郎,高橋,タナカ",
    "CN gb18030": "王秀英,李伟,张敏,刘洋",
    "TW cp950": "陳怡君,林志明,黃淑芬",
    "HK big5hkscs": "陳大文,李小明",
    "KR cp949": "김민수,이영희,박지성",
    "DE cp1252": "Jürgen Müller,Zoë Groß,Götz Äpfel,Käthe Weiß",
    "FR cp1252": "Éloïse Dupont,Noël Lefèvre,François Gérard,Cœur,L’Haÿ",
    "IS cp1252": "Þórður Jónsson,Ásgeir Sæmundsson",
    "GB cp1252": "Zoë O’Brien,“Bob” Ltd – London,£10,Siân",
}
CASES = [
    (region, encoding, tuple(names.split(",")[:count]))
    for key, names in NAMES.items()
    for region, *encodings in [key.split()]
    for encoding in encodings
    for count in (1, len(names))
]


def content(names: tuple[str, ...], encoding: str, header: str = "phone;name") -> bytes:
    return "".join([f"{header}\r\n", *(f"+9991234{number:04};{name}\r\n" for number, name in enumerate(names))]).encode(encoding)


@pytest.mark.parametrize(("region", "encoding", "names"), CASES, ids=[f"{case[0]}-{case[1]}-{len(case[2])}" for case in CASES])
def test_the_country_tells_the_encoding(region: str, encoding: str, names: tuple[str, ...], tmp_path: Path) -> None:
    found = read(tmp_path, content(names, encoding), default_region=region)
    assert tuple(lead.variables["name"] for lead in found.leads) == names
    (warning,) = found.report.warnings
    assert found.report.encoding in warning
    assert next(word for word in examples(" ".join(names))) in warning


@pytest.mark.parametrize(("region", "encoding", "names"), [case for case in CASES if PAGES[case[1]].script != "latin"])
def test_without_a_country_another_script_is_told_or_refused(region: str, encoding: str, names: tuple[str, ...], tmp_path: Path) -> None:
    del region
    with contextlib.suppress(LeadFileError):
        assert tuple(lead.variables["name"] for lead in read(tmp_path, content(names, encoding)).leads) == names


@pytest.mark.parametrize(
    ("encoding", "header", "names"),
    [
        ("cp1251", "Телефон;Имя", ("Ольга Соколова", "Иван Петров", "Мария Иванова")),
        ("cp1253", "Τηλέφωνο;Όνομα", ("Γιώργος Παπάς", "Άννα Νικολάου")),
        ("cp932", "携帯電話;氏名", ("田中 太郎", "鈴木 花子")),
        ("cp1252", "Téléphone;Prénom", ("Éloïse",)),
    ],
)
def test_no_country_is_needed_where_the_letters_say_enough(encoding: str, header: str, names: tuple[str, ...], tmp_path: Path) -> None:
    found = read(tmp_path, content(names, encoding, header))
    assert tuple(next(iter(lead.variables.values())) for lead in found.leads) == names


def test_a_file_that_cannot_be_told_is_refused_with_what_it_could_be(tmp_path: Path) -> None:
    names = ("Łukasz Wiśniewski", "Żaneta Dąbrowska")
    with pytest.raises(LeadFileError, match="cannot be determined") as caught:
        read(tmp_path, content(names, "cp1250"), default_region="US")
    assert "default_region" in caught.value.advice
    assert "UTF-8" in caught.value.advice
    assert any("`encoding: cp1250`" in item and "Wiśniewski" in item for item in caught.value.looked_at)
    found = read(tmp_path, content(names, "cp1250"), default_region="US", encoding="cp1250")
    assert tuple(lead.variables["name"] for lead in found.leads) == names
    assert not found.report.warnings


@pytest.mark.parametrize("encoding", ["mac_roman", "cp850"])
def test_encodings_of_old_machines(encoding: str, tmp_path: Path) -> None:
    names = ("Jürgen Müller", "Zoë Groß", "Götz Jäger", "Käthe Krüger", "Jörg Schäfer")
    found = read(tmp_path, content(names, encoding), default_region="DE")
    assert tuple(lead.variables["name"] for lead in found.leads) == names


def test_one_slip_in_a_long_file_costs_its_row_only(tmp_path: Path) -> None:
    rows = content(tuple("Ann" for _ in range(99)), "ascii") + b"+99912349999;x\x81\r\n"
    found = read(tmp_path, rows, default_region="DE")
    assert len(found.leads) == 99
    assert found.rejections == [(101, "text")]


def test_letters_that_went_through_two_encodings_are_told_of(tmp_path: Path) -> None:
    found = read(tmp_path, content(("Jürgen Müller".encode().decode("cp1252"),), "utf-8"))
    assert any("'JÃ¼rgen'" in warning for warning in found.report.warnings)
    assert not read(tmp_path, content(("São Ângelo", "Ãngela", "Jürgen"), "utf-8")).report.warnings


def test_every_encoding_exists() -> None:
    for page in PAGES.values():
        assert "a".encode(page.name) == b"a"
    assert [page.name for page in pages_of("JP")][:2] == ["cp932", "euc_jp"]
    assert pages_of(None) == pages_of("US")


def test_the_right_reading_has_nothing_strange() -> None:
    text = "Ольга Соколова, №7, «Ромашка» – 10°"
    assert strangeness(text, PAGES["cp1251"]) == (0.0, sum(char > "\x7f" for char in text))
    wrong = text.encode("cp1251").decode("cp1252", "replace")
    assert strangeness(wrong, PAGES["cp1252"])[0] > 10
