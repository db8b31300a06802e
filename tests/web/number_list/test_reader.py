"""What do-not-call files look like, and what must come out of each: every number, or a row that is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from web.number_list import BadRow, ListOptions, ListSummary, UnusableList, read_list

ONE, TWO, THREE = "+12025550100", "+12025550101", "+12125550102"


def read(path: Path, content: str | bytes, **options: str | None) -> tuple[list[str], list[BadRow], ListSummary]:
    file = path / "list.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    numbers: list[str] = []
    bad: list[BadRow] = []
    asked = {"region": "US", **options}
    summary = read_list(file, ListOptions(**asked), numbers.append, bad.append)
    return numbers, bad, summary


@pytest.mark.parametrize(
    "content",
    [
        "202,5550100\n202,5550101\n212,5550102\n",  # a registry's two columns
        "Area Code,Phone Number\n202,5550100\n202,5550101\n212,5550102\n",
        "area_code;number\r\n202;555-0100\r\n202;555-0101\r\n212;555-0102\r\n",
        "202\t5550100\n202\t5550101\n212\t5550102\n",
        "202|5550100\n202|5550101\n212|5550102\n",
        "sep=;\n202;5550100\n202;5550101\n212;5550102\n",
        '"202","5550100"\n"202","5550101"\n"212","5550102"\n',
        "NPA,Exchange,Line\n202,5550100,x\n202,5550101,y\n212,5550102,z\n",
        "202,555,0100\n202,555,0101\n212,555,0102\n",
        "1,202,5550100\n1,202,5550101\n1,212,5550102\n",
        "country code,area code,number\n+1,202,5550100\n001,202,5550101\n1,212,5550102\n",
        "Country Code,Phone\n1,2025550100\n1,2025550101\n1,(212) 555-0102\n",
        "Id,Area,Number,Since\n1,202,5550100,2026-01-02\n2,202,5550101,2026-01-02\n3,212,5550102,2026-01-03\n",
        "2025550100\n2025550101\n2125550102\n",  # numbers only
        "+1 202 555 0100\n\n\n+1 202 555 0101\n \n+1 212 555 0102\n\n",
        "DNC\n202-555-0100\n202-555-0101\n212-555-0102\n",
        "Who to leave alone\n202-555-0100\n202-555-0101\n212-555-0102\n",
        "Name,Phone\nAnn Archer,202-555-0100\nBell, Ben,202-555-0101\nCole, Cy, Jr.,212-555-0102\n",
        "Ann Archer,202-555-0100\nBell, Ben,202-555-0101\nCy,212-555-0102\n",
        "Phone,Name\n202-555-0100,Ann\n202-555-0101,Bell, Ben\n212-555-0102,Cole, Cy, Jr.\n",
        "Name;Kontakt;Ort\nAnn;202-555-0100;Bonn\nBen;202-555-0101;Ulm\nCy;212-555-0102;Trier\n",
        "name,subscriber,why\nAnn,2025550100,asked\nBen,2025550101,asked\nCy,2125550102,asked\n",
        "number,ext\n2025550100 ext 5,\n2025550101 x6,\n2125550102,\n",
        "Our list of 2026-03-01\n\nName,Phone\nAnn,202-555-0100\nBen,202-555-0101\nCy,212-555-0102\n",
        "phone\n2025550100\n2025550101\n2125550102\nTotal: 3\n",
        "Name,Phone\nAnn,202-555-0100\nBen,202-555-0101\nCy,212-555-0102\nTotal,3\n",
        "2025550100\n2025550101\n2125550102\n\n(3 rows affected)\n",
        "2025550100\n2025550101\n2125550102\nEnd of file\n",
        "Home Phone,Mobile\n202-555-0100,202-555-0101\n,212-555-0102\n",  # every one of them asked
        "Phone,Phone 2\n202-555-0100,202-555-0101\n212-555-0102,\n",
        'Name,Phone\n"O""Hara, Ann",202-555-0100\nBen "the boxer" Bell,202-555-0101\nCy,212-555-0102\n',
        '"2025550100"\n=""2025550101""\n\'2125550102\n',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_every_number_is_read(tmp_path: Path, content: str, encoding: str) -> None:
    numbers, bad, summary = read(tmp_path, content.encode(encoding))
    assert (sorted(numbers), bad) == ([ONE, TWO, THREE], [])
    assert summary.rows in {2, 3}


@pytest.mark.parametrize(
    ("content", "region", "numbers"),
    [
        ("area code,number\n020,7946 0123\n0161,496 0123\n", "GB", ["+442079460123", "+441614960123"]),
        ("country,code,number\nGB,44,2079460123\nGB,44,07700 900123\n", None, ["+442079460123", "+447700900123"]),
        ("country_code;area;local\n44;20;79460123\n+1;202;5550100\n", None, ["+442079460123", ONE]),
        ("44,20,79460123\n44,161,4960123\n", None, ["+442079460123", "+441614960123"]),
        ("Country code,Number\n44,+1 202 555 0100\n44,7700900123\n", None, [ONE, "+447700900123"]),
        ("Vorwahl;Rufnummer\n030;23125123\n040;66969123\n", "DE", ["+493023125123", "+494066969123"]),
        ("909 8790123\n7700 900123\n", "GB", ["+449098790123", "+447700900123"]),  # premium rate: nobody dials it either
    ],
)
def test_other_countries(tmp_path: Path, content: str, region: str | None, numbers: list[str]) -> None:
    found, bad, _ = read(tmp_path, content, region=region)
    assert (found, bad) == (numbers, [])


@pytest.mark.parametrize(
    ("content", "lines", "why"),
    [
        ("Name,Phone\nAnn,202-555-0100\nBen,nobody\nCy,202-555-0101\n", [3], "no number"),
        ("Name,Phone\nAnn,202-555-0100\nBen,\nCy,202-555-0101\n", [3], "no number"),
        ("Name,Phone\nAnn,202-555-0100\nBen\nCy,202-555-0101\n", [3], "no number"),
        ("2025550100\n2025550101\n20255501\n", [3], ""),
        ("202-555-010\n2025550100\n2025550101\n", [1], ""),  # the first row is not taken for a header
        ("202,5550100\n202,5550101\n202,\n", [3], "no number"),
        ("202,5550100\n202,5550101\n,5550102\n", [3], "missing"),
        ("202,5550100\n202,5550101\n202,555010\n", [3], ""),
        ("phone\n2025550100\n2.02556E+09\n2025550101\n", [3], "exponent"),
        ("phone\n2025550100\n2025550101\nTotal: 3\n", [4], "2 rows were read"),  # cut short
        ("Name,Phone,Note\nAnn,202-555-0100,1\nBen,202-555-0107,202-555-0108,x\nCy,202-555-0101,2\n", [3], "more cells"),
        ('Name,Phone\nAnn,202-555-0100\n"Ben,202-555-0109\nCy,202-555-0101\n', [3], "quote"),
        ("Phone,Mobile\n202-555-0100,nobody\n,202-555-0101\n", [2], "no number"),  # the good one of a bad row is taken too
    ],
)
def test_a_row_that_cannot_be_read_is_named_and_costs_no_other(tmp_path: Path, content: str, lines: list[int], why: str) -> None:
    numbers, bad, _ = read(tmp_path, content)
    assert (sorted(numbers), [row.line for row in bad]) == ([ONE, TWO], lines)
    assert all(why in row.reason and row.advice for row in bad)


def test_a_broken_name_does_not_cost_its_number(tmp_path: Path) -> None:
    content = "name,phone\nÄnne Öz,202-555-0100\nÜmit Ä,202-555-0101\n".encode() + b"B\xff\xfeb,212-555-0102\n"
    numbers, bad, _ = read(tmp_path, content)
    assert (numbers, bad) == ([ONE, TWO, THREE], [])


def test_a_long_file_is_read_to_its_end(tmp_path: Path) -> None:
    rows = [f"202,5550{number:03}" for number in range(100, 200)] * 20
    numbers, bad, summary = read(tmp_path, "\n".join([*rows, "202,x"]))
    assert (len(numbers), len(set(numbers)), [row.line for row in bad], summary.rows) == (2000, 100, [2001], 2001)


@pytest.mark.parametrize("column", ["Second", "3", "second"])
def test_the_column_that_the_user_names(tmp_path: Path, column: str) -> None:
    content = "id,First,Second\n1,212-555-0199,202-555-0100\n2,212-555-0198,202-555-0101\n"
    assert read(tmp_path, content, column=column)[0] == [ONE, TWO]


def test_the_parts_that_the_user_names(tmp_path: Path) -> None:
    content = "a,b,c\n202,x,5550100\n202,y,5550101\n"
    assert read(tmp_path, content, column="a+c")[0] == [ONE, TWO]
    assert read(tmp_path, content, column="1+3")[2].columns == "'a' + 'c'"


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        ("", {}, "empty"),
        ("\n \n", {}, "blank"),
        ("Name,Phone\n", {}, "no rows below"),
        ("Name,Town\nAnn,Bonn\nBen,Ulm\n", {}, "--column"),
        ("202,5550100\n202,5550101\n", {"region": None}, "--region"),
        ("2025550100,2025550101\n2025550102,2025550103\n", {}, "--column 1"),
        ("Name,Phone\nAnn,202-555-0100\n", {"column": "Mobile"}, "'Name', 'Phone'"),
        ("Name,Phone\nAnn,202-555-0100\n", {"column": "7"}, "'Name', 'Phone'"),
        ("202-555-0100\n", {"column": "Mobile"}, "from 1 to 1"),
        ("Name,Phone\nAnn,202-555-0100\n", {"delimiter": "xx"}, "delimiter"),
        ("Name,Phone\nAnn,202-555-0100\n", {"encoding": "nonsense"}, "encoding"),
        (b"PK\x03\x04[Content_Types].xml", {}, "Excel workbook"),
        (b"%PDF-1.7", {}, "PDF"),
        (b'[{"phone": "x"}]', {}, "JSON"),
    ],
)
def test_a_file_of_which_nothing_can_be_read(tmp_path: Path, content: str | bytes, options: dict[str, str | None], said: str) -> None:
    with pytest.raises(UnusableList) as caught:
        read(tmp_path, content, **options)
    assert said in str(caught.value)
    for other in ("campaign.yaml", "lead", "default_region", "phone_column", "default region"):
        assert other not in str(caught.value)


def test_advice_is_about_the_options_of_this_command(tmp_path: Path) -> None:
    _, bad, _ = read(tmp_path, "phone\n2025550100\n+12025550101\n12\n", region=None)
    assert [row.line for row in bad] == [2, 4]
    assert "--region" in bad[0].advice
    cyrillic = "имя,телефон\n" + "Анна Иванова Сергеевна,+12025550100\n" * 20
    numbers, bad, summary = read(tmp_path, cyrillic.encode("cp1251"))
    assert (set(numbers), bad) == ({ONE}, [])
    assert any("--encoding" in note for note in summary.notes)
    assert "campaign.yaml" not in " ".join(summary.notes)


@pytest.mark.parametrize(
    "header",
    [
        *("phone,alternate", "Cell,Home", "mobile,home", "Number,Other", "contact,secondary", "Phone,Work", "Telefon,Privat", "Phone,B"),
        *("Home,Work", "phone,alt", "Tel,Emergency Contact", "Phone,Other Number", "Phone Number,Second", "alternate,phone", "Work,Mobile"),
    ],
)
def test_a_second_column_of_numbers_counts(tmp_path: Path, header: str) -> None:
    numbers, bad, _ = read(tmp_path, f"{header}\n202-555-0100,202-555-0101\n212-555-0102,\n")
    assert (sorted(numbers), bad) == (sorted([ONE, TWO, THREE]), [])


@pytest.mark.parametrize(
    ("content", "region"),
    [
        ("Area Code,Phone,Alternate\n202,5550100,202-555-0101\n212,5550102,\n", "US"),
        ("Area Code,Phone,Phone 2\n202,5550100,5550101\n212,5550102,\n", "US"),
        ("Country Code,Phone,Phone 2\n1,2025550100,2025550101\n1,2125550102,\n", None),
        ("Country Code,Phone,Home\n1,2025550100,2025550101\n1,2125550102,\n", None),
        ("Country Code,Phone,Home\n1,2025550100,+12025550101\n1,2125550102,\n", None),
    ],
)
def test_a_second_number_beside_one_in_parts(tmp_path: Path, content: str, region: str | None) -> None:
    numbers, bad, _ = read(tmp_path, content, region=region)
    assert (sorted(numbers), bad) == (sorted([ONE, TWO, THREE]), [])


@pytest.mark.parametrize("header", ["Phone,Fax", "Phone,Customer Id", "Phone,Ref", "Phone,Account", "Phone,Work Id", "Number,Loan Id"])
def test_what_only_looks_like_a_number_does_not(tmp_path: Path, header: str) -> None:
    numbers, bad, _ = read(tmp_path, f"{header}\n202-555-0100,2025550177\n212-555-0102,2025550178\n")
    assert (sorted(numbers), bad) == (sorted([ONE, THREE]), [])


@pytest.mark.parametrize("header", ["Phone,Phone 2", "Phone,Home", "phone,alternate"])
def test_a_second_number_that_comes_late(tmp_path: Path, header: str) -> None:
    rows = "".join("202-555-0100,\n" for _ in range(5000))
    numbers, bad, _ = read(tmp_path, f"{header}\n{rows}202-555-0100,202-555-0101\n")
    assert (set(numbers), bad) == ({ONE, TWO}, [])
