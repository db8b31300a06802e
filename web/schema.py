"""Every table of the product, in one place: importing this fills `metadata`, which migrations are compared with."""

from __future__ import annotations

from sqlmodel import SQLModel

import core.access.tables
import core.bots.tables
import core.calls.tables
import core.deliveries.tables
import core.desk.tables
import core.fleet.tables
import core.kernel.persons
import core.recordings.tables
import core.suppressions.tables
import core.transports.livekit.tables
import core.trunks.tables
import dialler.campaigns.tables
import dialler.imports.tables
import dialler.leads.tables
import web.console.accounts.tables
import web.console.audit.tables

__all__ = ["metadata"]

metadata = SQLModel.metadata
