"""The limits of leads: from campaign.yaml and from columns, through an import into the database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.kernel.clock import RealClock
from core.kernel.database import Database
from core.kernel.ids import Ids
from dialler.campaigns.config import CampaignConfig
from dialler.imports.errors import LeadFileError
from dialler.imports.staging import import_file
from dialler.imports.times import TimeOptions
from dialler.leads.limits import limits_differ, note_limits, renew_limits
from tests.conftest import START
from tests.dialler.imports.reading import read
from tests.support import CAMPAIGN, lead_row, make_campaign

APPOINTMENTS = """Name,Phone,Appointment
Ann,202-555-0109,2026-03-04 14:00
Cy,202-555-0100,2026-02-11 09:00
Di,202-555-0102,
"""


def times(**settings: Any) -> TimeOptions:
    return CampaignConfig(name="x", **settings).time_options()


def test_a_column_gives_each_lead_its_own_time(tmp_path: Path) -> None:
    found = read(tmp_path, APPOINTMENTS, default_region="US", times=times(expires_at_column="Appointment"))
    leads = found.leads
    assert not found.rejected
    assert [lead.times.expires_at for lead in leads] == [datetime(2026, 3, 4, 19, tzinfo=UTC), datetime(2026, 2, 11, 14, tzinfo=UTC), None]
    assert leads[0].variables["appointment"] == "2026-03-04 14:00"  # and can still be said


def test_a_column_of_the_limits_own_name_is_recognised(tmp_path: Path) -> None:
    content = "Phone,Expires At,Not before\n202-555-0109,3/4/2026 2 pm,3/3/2026\n"
    (lead,) = read(tmp_path, content, default_region="US").leads
    assert (lead.times.not_before, lead.times.expires_at) == (datetime(2026, 3, 3, 5, tzinfo=UTC), datetime(2026, 3, 4, 19, tzinfo=UTC))


def test_a_cell_that_is_no_time_refuses_its_row(tmp_path: Path) -> None:
    content = APPOINTMENTS.replace("2026-02-11 09:00", "next Tuesday")
    found = read(tmp_path, content, default_region="US", times=times(expires_at_column="Appointment"))
    (bad,) = found.rejected
    assert len(found.leads) == 2
    assert (bad.line, bad.column, bad.value, bad.kind) == (3, "Appointment", "next Tuesday", "value")
    assert "2026-03-04" in bad.advice


def test_a_column_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(LeadFileError, match="expires_at_column"):
        read(tmp_path, APPOINTMENTS, default_region="US", times=times(expires_at_column="Termin"))


def test_the_clock_of_a_clinic_can_be_meant(tmp_path: Path) -> None:
    options = times(expires_at_column="Appointment", times_in="America/Los_Angeles", expires_before="1h")
    leads = read(tmp_path, APPOINTMENTS, default_region="US", times=options).leads
    assert leads[0].times.expires_at == datetime(2026, 3, 4, 21, tzinfo=UTC)


def load(database: Database, path: Path, options: TimeOptions) -> None:
    file = path / "leads.csv"
    file.write_text(APPOINTMENTS)
    config = CampaignConfig(name="x", default_region="US")
    settings = {**vars(config.import_options()), "times": options}
    import_file(
        database, RealClock(start=START), Ids(1), CAMPAIGN, file, source_name="leads.csv", options=type(config.import_options())(**settings)
    )


def test_leads_wait_for_their_not_before(database: Database, tmp_path: Path) -> None:
    make_campaign(database, START)
    load(database, tmp_path, times(not_before="2026-03-05 09:00"))
    row = lead_row(database, 1)
    assert (row.state, row.queue, row.due_at) == ("pending", None, datetime(2026, 3, 5, 14, tzinfo=UTC))


def test_changed_settings_reach_the_leads_that_wait(database: Database, tmp_path: Path) -> None:
    make_campaign(database, START)
    old, new = times(not_before="2026-03-05 09:00"), times(expires_at_column="appointment", not_before="2026-03-02")
    load(database, tmp_path, old)
    assert limits_differ(None, new)
    assert not limits_differ(None, times())
    with database.write() as connection:
        last: int | None = 0
        while last is not None:
            last = renew_limits(connection, CAMPAIGN, new, "US", last, START)
        note_limits(connection, CAMPAIGN, new, renewed=True)
    first, _, third = (lead_row(database, number) for number in (1, 2, 3))
    assert (first.queue, first.due_at, first.expires_at) == (1, START, datetime(2026, 3, 4, 19, tzinfo=UTC))
    assert (third.queue, third.expires_at) == (1, None)
    assert first.not_before < START < third.not_before + timedelta(days=3)
