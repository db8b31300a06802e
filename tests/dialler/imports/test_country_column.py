"""Numbers whose country or area code stands in a column of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from dialler.imports.countries import country_of
from dialler.imports.country_column import code_kind
from dialler.imports.errors import LeadFileError
from tests.dialler.imports.reading import read

US, GB = "+12025550101", "+442079460123"


@pytest.mark.parametrize(
    "written",
    [
        "+44",
        "44",
        "0044",
        "00 44",
        "011 44",
        "44.0",
        "44,0",
        "GB",
        "gb",
        "UK",
        "U.K.",
        "GBR",
        "United Kingdom",
        "Great Britain",
        "Royaume-Uni",
        "Vereinigtes Königreich",
        "Reino Unido",
        "United Kingdom (+44)",
        "GB +44",
        "44 - UK",
        "UK (United Kingdom)",
        "🇬🇧",
        "🇬🇧 +44",
        "'+44",
        "(+44)",
    ],
)
def test_a_country_as_files_write_it(written: str) -> None:
    found = country_of(written)
    assert found is not None
    assert (found.digits, found.region) == ("44", "GB")


@pytest.mark.parametrize("written", ["", "N/A", "Wakanda", "India (+44)", "020", "4", "12025550101", "US/CA", "?"])
def test_no_country(written: str) -> None:
    assert country_of(written) is None


@pytest.mark.parametrize(
    "header",
    ["country_code", "Phone Code", "dial code", "Dialling code", "countryCode", "ISD", "Código de país", "国家代码", "Ländervorwahl"],
)
def test_headers_of_calling_codes(header: str) -> None:
    assert code_kind(header) == "calling_code"


@pytest.mark.parametrize(
    "header", ["Country of birth", "Zip code", "promo code", "Nationality", "City", "Phone", "code", "Business Country/Region"]
)
def test_headers_of_something_else(header: str) -> None:
    assert code_kind(header) is None


@pytest.mark.parametrize("header", ["country_code", "Phone Code", "Country", "dial code"])
@pytest.mark.parametrize(
    ("us", "gb"), [("1", "44"), ("+1", "+44"), ("001", "0044"), ("1.0", "44.0"), ("US", "UK"), ("USA (+1)", "United Kingdom")]
)
def test_each_number_is_read_in_its_own_country(header: str, us: str, gb: str, tmp_path: Path) -> None:
    found = read(tmp_path, f"name,{header},phone_number\nAnn,{us},2025550101\nCy,{gb},2079460123\n", default_region="US")
    assert found.phones == [US, GB]
    assert any(header in line for line in found.report.lines() if "country of each number" in line)
    assert len(found.leads[0].variables) == 2  # it stays a variable


@pytest.mark.parametrize(
    ("code", "number"),
    [
        ("44", "+12025550101"),
        ("UK", "12025550101"),
        ("44", "2025550101"),
        ("Wakanda", "2025550101"),
        ("India (+44)", "2079460123"),
        ("1", "+442079460123"),
    ],
)
def test_a_row_that_contradicts_itself_is_refused(code: str, number: str, tmp_path: Path) -> None:
    found = read(tmp_path, f"country_code,phone\n{code},{number}\n1,2025550102\n", default_region="US")
    assert found.phones == ["+12025550102"]
    assert found.rejections == [(2, "phone")]


@pytest.mark.parametrize("number", ["442079460123", "00442079460123", "+44 20 7946 0123", "020 7946 0123", "2079460123.0", "'2079460123"])
def test_the_country_may_stand_in_both_places(number: str, tmp_path: Path) -> None:
    assert read(tmp_path, f"country_code,phone\n+44,{number}\n", default_region="US").phones == [GB]


def test_a_blank_country_means_the_default_region(tmp_path: Path) -> None:
    assert read(tmp_path, "Country,phone\nUK,2079460123\n,2025550101\n", default_region="US").phones == [GB, US]


def test_no_default_region_is_needed(tmp_path: Path) -> None:
    found = read(tmp_path, "country_code,phone\n44,2079460123\n,2025550101\n")
    assert found.phones == [GB]
    assert found.rejections == [(3, "phone")]


def test_a_column_of_other_things_is_not_a_country(tmp_path: Path) -> None:
    found = read(tmp_path, "prefix,phone\nMs,2025550101\nMr,2025550102\n", default_region="US")
    assert len(found.phones) == 2


def test_the_user_can_say_which_column_it_is_and_that_there_is_none(tmp_path: Path) -> None:
    text = "where,Country,phone\n44,US,2079460123\n"
    assert read(tmp_path, text, country_column="where").phones == [GB]
    assert read(tmp_path, text, country_column="1").phones == [GB]
    assert read(tmp_path, text, country_column=False, default_region="GB").phones == [GB]
    with pytest.raises(LeadFileError, match="country_column"):
        read(tmp_path, text, country_column="nowhere")


@pytest.mark.parametrize("header", ["area_code", "Area Code", "STD code"])
def test_area_codes_stand_before_the_number(header: str, tmp_path: Path) -> None:
    found = read(
        tmp_path, f"{header},phone\n202,5550101\n(202),555-0102\n202,2025550103\n310,2025550104\n202.0,5550105\n", default_region="US"
    )
    assert found.phones == [US, "+12025550102", "+12025550103", "+12025550105"]
    assert found.rejections == [(5, "phone")]
    assert found.report.repairs["area_code"] == 3


def test_country_area_and_number(tmp_path: Path) -> None:
    text = "dial code,area code,phone\n44,020,79460123\n44,20,79460124\n1,202,5550101\n44,020,020 7946 0125\n"
    assert read(tmp_path, text, default_region="US").phones == [GB, "+442079460124", US, "+442079460125"]


def test_many_countries_in_a_file_without_a_plus(tmp_path: Path) -> None:
    text = "phone_code,phone\n1-684,2580101\n1684,2580102\n1,6842580103\n"
    assert read(tmp_path, text).phones == ["+16842580101", "+16842580102", "+16842580103"]
