from __future__ import annotations

from pathlib import Path

import pytest

from dialler.imports.errors import LeadFileError
from dialler.imports.phone_words import header_score
from tests.dialler.imports.reading import read

A, B = "+447700900123", "+447700900124"


PHONES = """phone|Phone Number|PHONE_NO.|Mobile No|Cell|Contact Number|MSISDN|WhatsApp Number|Ph. No|to_number|Teléfono móvil|Celular
Telefone|Téléphone|Handynummer|Telefonnummer|Rufnummer|Telefono|Mobiel|Numer telefonu|Telefonszám|Cep Telefonu|Puhelinnumero|Τηλέφωνο
Κινητό|Телефон|Мобильный|رقم الهاتف|جوال|טלפון|फ़ोन|मोबाइल नंबर|ফোন|தொலைபேசி|电话号码|手机|電話番号|携帯|휴대폰|โทรศัพท์|Số điện thoại
No. HP|Nomor Telepon|simu ya mkononi|Customer phone|phone1"""


@pytest.mark.parametrize("header", PHONES.replace("\n", "|").split("|"))
def test_phone_headers_of_the_world(header: str) -> None:
    assert header_score(header) > 0.5


@pytest.mark.parametrize(
    "header", ["Alternate phone", "Fax", "Emergency contact number", "Agent mobile", "Phone type", "Next of kin phone"]
)
def test_somebody_elses_number(header: str) -> None:
    assert header_score(header) < 0.5


@pytest.mark.parametrize("header", ["name", "Loan number", "amount", "date of birth", "city", "Hotel", "Number"])
def test_no_phone_header(header: str) -> None:
    assert header_score(header) <= 0


def test_content_decides_where_names_do_not(tmp_path: Path) -> None:
    found = read(tmp_path, f"who,reach at,since\nAnn,{A},2026-03-04\nBob,{B},2026-03-05\n")
    assert found.phones == [A, B]
    assert found.leads[0].variables == {"who": "Ann", "since": "2026-03-04"}


def test_content_wins_over_a_name_that_is_wrong(tmp_path: Path) -> None:
    assert read(tmp_path, f"phone,contact\nyes,{A}\nno,{B}\n").phones == [A, B]


def test_a_named_column_of_bad_numbers_is_still_the_phone_column(tmp_path: Path) -> None:
    found = read(tmp_path, "phone,name\n9876543210,Ann\n9876543211,Bob\n")
    assert found.rejections == [(2, "phone"), (3, "phone")]
    assert "region" in found.rejected[0].advice


def test_the_mobile_is_dialled_and_the_other_one_is_a_variable(tmp_path: Path) -> None:
    found = read(tmp_path, f"name,alternate phone,mobile\nAnn,{B},{A}\n")
    assert found.phones == [A]
    assert found.leads[0].variables == {"name": "Ann", "alternate_phone": B}
    assert any("alternate phone" in warning for warning in found.report.warnings)


def test_a_mostly_empty_mobile_column_gives_way(tmp_path: Path) -> None:
    rows = "".join(f"+4477009001{number:02},{A if number == 1 else ''}\n" for number in range(24, 60))
    assert len(read(tmp_path, f"phone,mobile\n{rows}").phones) == 36


@pytest.mark.parametrize("wanted", ["Agent No.", "agent no.", "agent_no", "2"])
def test_the_user_decides(wanted: str, tmp_path: Path) -> None:
    found = read(tmp_path, f"phone,Agent No.\n{A},{B}\n", phone_column=wanted)
    assert found.phones == [B]
    assert found.leads[0].variables == {"phone": A}


def test_the_named_column_finds_the_header(tmp_path: Path) -> None:
    assert read(tmp_path, f"some,title,here\nx,y,nr\n1,2,{A}\n", phone_column="nr").phones == [A]


def test_loan_numbers_are_not_dialled(tmp_path: Path) -> None:
    found = read(tmp_path, "loan number,reach\n9876543210,9876543211\n9876543212,9876543213\n", default_region="IN")
    assert found.phones == ["+919876543211", "+919876543213"]


def test_two_unnamed_columns_are_not_guessed(tmp_path: Path) -> None:
    with pytest.raises(LeadFileError, match="Several columns"):
        read(tmp_path, f"a,b\n{A},+447700900130\n{B},+447700900131\n")


def test_of_two_columns_of_one_name_the_one_with_numbers_is_dialled(tmp_path: Path) -> None:
    found = read(tmp_path, f"Phone,name,Phone\n,Ann,{A}\n-,Bob,{B}\n")
    assert found.phones == [A, B]
    assert found.leads[1].variables == {"phone": "-", "name": "Bob"}
    named = read(tmp_path, f"Phone,name,Phone\n,Ann,{A}\n-,Bob,{B}\n", phone_column="phone")
    assert named.phones == [A, B]


def test_names_of_variables_do_not_depend_on_which_column_is_dialled(tmp_path: Path) -> None:
    content = f"Phone,Phone,name\n{A},{B},Ann\n"
    assert read(tmp_path, content, phone_column="1").leads[0].variables == {"phone_2": B, "name": "Ann"}
    assert read(tmp_path, content, phone_column="2").leads[0].variables == {"phone": A, "name": "Ann"}


def test_a_number_in_the_other_column_is_pointed_out(tmp_path: Path) -> None:
    found = read(tmp_path, f"name,Phone,Mobile,Emergency phone\nAnn,,{A},\nBob,{B},,\nCy,,,{A}\n")
    assert found.phones == [A]
    assert "'Phone'" in found.rejected[0].reason
    assert found.rejected[1].reason == "There is no phone number."


@pytest.mark.parametrize(("region", "says"), [(None, "is not set"), ("GB", "is GB")])
def test_a_wrong_default_region_is_suspected(region: str | None, says: str, tmp_path: Path) -> None:
    found = read(tmp_path, "name,Mobile\nAnn,9876543210\nBob,9876543211\n", default_region=region)
    assert not found.leads
    assert says in found.report.lines()[-1]


def test_japanese_ways_to_write_a_number(tmp_path: Path) -> None:
    rows = "田中,０７７００－９００１２３\n佐藤,07700ー900ー124\n鈴木,（０７７００）９００−１２５　内線12\n"
    found = read(tmp_path, f"氏名,電話番号\n{rows}", default_region="GB")
    assert found.phones == [A, B, "+447700900125;ext=12"]


def test_the_warning_about_many_variables_stays_short(tmp_path: Path) -> None:
    found = read(tmp_path, f"phone,{','.join(f'c{number}' for number in range(199))}\n{A}{',x' * 199}\n")
    assert "and 174 more" in found.report.lines()[1]
