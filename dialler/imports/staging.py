"""Imports a lead file into the database: staged in chunks, then made visible all at once or not at all.

1. `_begin`    the same file again? another import in progress? else a row in `lead_imports`, state `staged`
2. `_stage`    chunk by chunk, one transaction each: leads in state `staged`, which no dispatcher and no count includes
3. `_finish`   one transaction: every staged lead becomes `pending`, the import `active`, with its report

If anything fails before the end of 3, no lead of the file is visible; leftovers are removed at once or, after a crash, by the campaign's
next import. Every write is fenced by (import id, state staged).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.exc import IntegrityError

from core.kernel.clock import Clock, WallTime, utc_now
from core.kernel.database import Database
from core.kernel.failures import without_values
from core.kernel.ids import Ids
from core.kernel.processes import ProcessIdentity, is_dead, this_process
from dialler.campaigns.store import lock_campaign
from dialler.imports import store
from dialler.imports.errors import ImportInProgress
from dialler.imports.options import ImportOptions
from dialler.imports.reader import LeadFile
from dialler.imports.report import ImportReport, LeadRow, Rejected, already_imported
from dialler.imports.times import TimeOptions
from dialler.leads.limits import note_limits

__all__ = ["import_file"]

log = logging.getLogger(__name__)

_CHUNK = 2000
_DELETED_AT_ONCE = 5000
_SILENT_TOO_LONG = timedelta(minutes=10)


@dataclass(frozen=True)
class _Context:
    database: Database
    clock: Clock
    ids: Ids
    campaign_id: str
    wall: WallTime


def import_file(
    database: Database,
    clock: Clock,
    ids: Ids,
    campaign_id: str,
    path: Path,
    *,
    source_name: str,
    options: ImportOptions,
    progress: Callable[[int], None] | None = None,
    wall: WallTime = utc_now,
) -> ImportReport:
    """Import a lead file into a campaign, all or nothing.

    The same file with the same options changes nothing (`report.unchanged`); a changed one adds the numbers that the campaign does not
    have. Existing numbers keep their values and their state. Blocks until done; safe from any process.

    Args:
        database: where the campaign is.
        clock: gives the time at which the new leads are due.
        ids: gives the import its id.
        campaign_id: the campaign, which must exist.
        path: the file.
        source_name: the file's name for people.
        options: how to read it.
        progress: called now and then with the number of rows read so far.
        wall: real time, for the heartbeats of this import.

    Raises:
        LeadFileError: no row of the file can be used.
        ImportInProgress: another process is importing into the campaign.
        OSError: the file cannot be opened.
    """
    with LeadFile(path, options, source_name) as leads:
        context = _Context(database, clock, ids, campaign_id, wall)
        begun = _begin(context, leads)
        if isinstance(begun, ImportReport):
            return begun
        staging = _Staging(context, begun)
        try:
            staging.remove_left_over()
            for row in leads:
                if staging.add(row) and progress is not None:
                    progress(staging.rows)
            staging.flush()
            report = staging.finish(leads.report(), options.times, clock.now())
        except BaseException:
            staging.discard()
            raise
    if progress is not None:
        progress(report.rows_read)
    return report


def _begin(context: _Context, leads: LeadFile) -> str | ImportReport:
    """The id of a new staged import, or the report of the same file's earlier import."""
    busy = ImportInProgress("Another import into this campaign is under way. Wait until it has ended, then import again.")
    campaign_id, now, wall = context.campaign_id, context.clock.now(), context.wall()
    try:
        with context.database.write() as connection:
            earlier = store.find_active(connection, campaign_id, leads.facts.sha256, leads.options.as_json())
            if earlier is not None:
                return already_imported(earlier)
            for import_id, owner, alive_at in store.staged_imports(connection, campaign_id):
                if not _is_left_over(owner, alive_at, wall):
                    raise busy
                store.close_import(connection, import_id, "discarded", now, {"reason": "its process died"})
                log.warning("import %s was left by a process that died; it is discarded", import_id)
            new_id = context.ids.new("import", campaign_id, store.count_imports(connection, campaign_id) + 1)
            new = store.NewImport(new_id, campaign_id, leads.source_name, leads.facts.sha256, now, this_process())
            store.add_import(connection, new, wall)
    except IntegrityError as error:
        if "lead_imports_one_staged" in str(error.orig) or "UNIQUE constraint failed: lead_imports.campaign_id" in str(error.orig):
            raise busy from error
        raise
    return new_id


def _is_left_over(owner: ProcessIdentity, alive_at: datetime, wall: datetime) -> bool:
    """Whether the import's process is dead; for one on another machine only its silence can tell."""
    return is_dead(owner) or (owner.host != this_process().host and wall - alive_at > _SILENT_TOO_LONG)


def _without_known(row: LeadRow, known: Mapping[str, Any]) -> LeadRow:
    """The row without other numbers that the campaign has: a number belongs to one lead. Its first one stays."""
    if not any(number.phone in known for number in row.numbers[1:]):
        return row
    return row.only(row.numbers[:1] + tuple(number for number in row.numbers[1:] if number.phone not in known))


class _Staging:
    """The staged rows of one import, with at most a chunk of them in memory."""

    def __init__(self, context: _Context, import_id: str) -> None:
        self._database, self._campaign_id, self._import_id = context.database, context.campaign_id, import_id
        self._now, self._wall = context.clock.now(), context.wall
        self._leads: list[LeadRow] = []
        self._rejected: list[Rejected] = []
        self._compare = self._several = False
        self._suppressed: list[int] = []
        self.rows = self._imported = self._there = self._differ = 0

    def remove_left_over(self) -> None:
        """Delete the staged leads of crashed imports, and check whether the campaign has any leads to compare with."""
        while True:
            with self._database.write() as connection:
                if store.delete_staged_leads(connection, self._campaign_id, self._import_id, _DELETED_AT_ONCE) < _DELETED_AT_ONCE:
                    self._compare = store.has_other_leads(connection, self._campaign_id)
                    return

    def add(self, row: LeadRow | Rejected) -> bool:
        """Take one more row; True if a chunk was written."""
        self.rows += 1
        if isinstance(row, Rejected):
            self._rejected.append(row)
        else:
            self._leads.append(row)
        if len(self._leads) + len(self._rejected) < _CHUNK:
            return False
        self.flush()
        return True

    def flush(self) -> None:
        """Write the chunk in memory, in one transaction."""
        if not self._leads and not self._rejected:
            return
        with self._database.write() as connection:
            self._fence(store.keep_alive(connection, self._import_id, self._wall()))
            known = {}
            if self._compare:
                phones = [number.phone for row in self._leads for number in row.numbers[1:]]
                known = store.known_variables(connection, self._campaign_id, [*phones, *(row.phone for row in self._leads)])
                self._leads = [_without_known(row, known) for row in self._leads]
            new = [row for row in self._leads if row.phone not in known]
            if self._compare and (marked := [phone for row in self._rejected for phone in row.phones]):
                self._suppressed += store.waiting_leads(connection, self._campaign_id, marked)
            self._several = self._several or any(row.numbers for row in new)
            added = store.add_leads(connection, self._campaign_id, self._import_id, new, position=self._imported + 1, now=self._now)
            store.add_rejected(connection, self._import_id, self._rejected)
        self._imported += added
        self._there += len(self._leads) - added
        self._differ += sum(1 for row in self._leads if row.phone in known and known[row.phone] != row.variables)
        self._leads, self._rejected = [], []

    def finish(self, report: ImportReport, times: TimeOptions, now: datetime) -> ImportReport:
        """Make everything visible in one transaction; returns the report with the database's counts."""
        report = replace(
            report,
            imported=self._imported,
            already_there=self._there,
            already_there_differ=self._differ,
            import_id=self._import_id,
            already_there_suppressed=len(set(self._suppressed)),
        )
        with self._database.write(long=True) as connection:
            lock_campaign(connection, self._campaign_id)  # so that it cannot finish at the same moment
            note_limits(connection, self._campaign_id, times)
            self._fence(store.close_import(connection, self._import_id, "active", now, report.as_dict()))
            visible = store.activate_leads(connection, self._import_id, now)
            if self._several:
                store.link_persons(connection, self._import_id)
            store.suppress_leads(connection, self._suppressed, now, "a lead file says not to call this person")
            if visible != self._imported:
                raise RuntimeError(f"import {self._import_id}: {self._imported} leads were staged, but {visible} found; none was imported")
        return report

    def discard(self) -> None:
        """Remove every trace except the row of the import itself. If even that fails, the next import does it."""
        try:
            with self._database.write() as connection:
                store.close_import(connection, self._import_id, "discarded", self._now, {"reason": "it failed"})
            removed = _DELETED_AT_ONCE
            while removed == _DELETED_AT_ONCE:
                with self._database.write() as connection:
                    removed = store.delete_staged_leads(connection, self._campaign_id, None, _DELETED_AT_ONCE)
        except Exception as error:
            later = "import %s failed and could not be cleaned up; the next import into its campaign will do it: %s"
            log.error(later, self._import_id, without_values(error))

    def _fence(self, still_ours: bool) -> None:
        if not still_ours:
            raise ImportInProgress("Another process presumed this import dead and discarded it. Nothing was imported; import again.")
