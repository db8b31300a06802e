"""Campaigns for operators: create, change, start, clone. Used by the API and the command line.

ManageError
 +-- UnknownCampaign    no campaign has this id
 +-- NameTaken          another campaign has the name
 +-- CannotChange       its settings cannot be changed in its state
 +-- NothingToDial      no lead can be dialled
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, insert, literal, or_, select, update

from core.kernel.ids import Ids
from core.kernel.json_values import complaint_about
from core.kernel.processes import this_process
from core.kernel.statements import table_of
from core.kernel.yaml_config import ConfigError, check_document
from core.kernel.yaml_document import YamlDocument
from dialler.campaigns.config import CampaignConfig
from dialler.campaigns.states import OVER
from dialler.campaigns.store import change_state, create_campaign, find_campaign
from dialler.campaigns.tables import Campaign
from dialler.imports.queries import merged_report
from dialler.imports.store import NewImport, activate_leads, add_import, close_import
from dialler.leads.progress import backlog
from dialler.leads.tables import Lead, LeadNumber

__all__ = [
    "CHANGEABLE",
    "CannotChange",
    "ManageError",
    "NameTaken",
    "NothingToDial",
    "UnknownCampaign",
    "change",
    "clone",
    "merged",
    "new_campaign",
    "page_of_campaigns",
    "require",
    "settings_from",
    "start",
]

CHANGEABLE: Final = ("draft", "paused", *OVER)
"""States in which no lead is claimed under the settings."""

_campaigns = table_of(Campaign)
_leads, _numbers = table_of(Lead), table_of(LeadNumber)


class ManageError(Exception):
    """The request cannot be carried out for this campaign."""


class UnknownCampaign(ManageError):
    """There is no such campaign."""

    def __init__(self) -> None:
        super().__init__("There is no such campaign.")


class NameTaken(ManageError):
    """Another campaign has this name."""


class CannotChange(ManageError):
    """The settings cannot be changed while the campaign dials or is being stopped."""


class NothingToDial(ManageError):
    """No lead can be dialled."""


def settings_from(data: Mapping[str, Any]) -> CampaignConfig:
    """Settings from plain JSON, with the keys of campaign.yaml. Pure.

    Raises:
        ConfigError: lists every problem.
    """
    document = YamlDocument("the settings", dict(data))
    for key, value in data.items():
        if (complaint := complaint_about([key, value])) is not None:
            document.complain((), complaint, "Take it out.")
    if document.problems:
        raise ConfigError(document.problems)
    config = check_document(document, CampaignConfig)
    if config is None:
        raise ConfigError(document.problems)
    return config


def merged(settings: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with changes applied: null resets a key to its default (JSON merge patch, RFC 7396). Pure."""
    result = dict(settings)
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping):
            before = result.get(key)
            result[key] = merged(before if isinstance(before, Mapping) else {}, value)
        else:
            result[key] = value
    return result


def require(connection: Connection, campaign_id: str) -> Row[Any]:
    """The row of a campaign.

    Raises:
        UnknownCampaign: no campaign has this id.
    """
    row = connection.execute(select(_campaigns).where(_campaigns.c.id == campaign_id)).one_or_none()
    if row is None:
        raise UnknownCampaign
    return row


def page_of_campaigns(
    connection: Connection,
    *,
    state: str | None,
    limit: int,
    before: tuple[datetime, str] | None = None,
    but: Collection[str] = (),
    named: str | None = None,
) -> Sequence[Row[Any]]:
    """Campaigns, newest first.

    Args:
        connection: a transaction.
        state: only those in this state; None: all.
        limit: maximum number of rows.
        before: (created_at, id) of the last item of the previous page.
        but: the ids of campaigns that are left out.
        named: only those whose name contains this text, in whichever case.
    """
    query = select(_campaigns).order_by(_campaigns.c.created_at.desc(), _campaigns.c.id.desc()).limit(limit)
    if state is not None:
        query = query.where(_campaigns.c.state == state)
    if but:
        query = query.where(_campaigns.c.id.not_in(list(but)))
    if named is not None:
        query = query.where(_campaigns.c.name.icontains(named, autoescape=True))
    if before is not None:
        at, last = before
        query = query.where(or_(_campaigns.c.created_at < at, and_(_campaigns.c.created_at == at, _campaigns.c.id < last)))
    return connection.execute(query).all()


def new_campaign(connection: Connection, ids: Ids, bot_id: str, config: CampaignConfig, now: datetime) -> str:
    """Create a campaign, in draft. Returns its id.

    Raises:
        NameTaken: see there.
    """
    _check_name(connection, config.name)
    campaign_id = ids.new("campaign", config.name)
    create_campaign(connection, campaign_id, config.name, bot_id, config.model_dump(mode="json"), now)
    return campaign_id


def change(connection: Connection, campaign_id: str, bot_id: str, config: CampaignConfig) -> None:
    """Replace the settings of a campaign that is not dialling; they apply from its next dialout.

    Raises:
        UnknownCampaign, NameTaken, CannotChange: see there.
    """
    state = require(connection, campaign_id).state
    _check_name(connection, config.name, but=campaign_id)
    changed = connection.execute(
        update(_campaigns)
        .where(_campaigns.c.id == campaign_id, _campaigns.c.state.in_(CHANGEABLE))
        .values(name=config.name, bot_id=bot_id, settings=config.model_dump(mode="json"))
    )
    if not changed.rowcount:
        raise CannotChange(f"The campaign is {state}: pause it first, change it, then resume it.")


def start(connection: Connection, campaign_id: str, now: datetime) -> str:
    """Start a campaign; one that was over continues with the leads added since. Returns its state.

    Raises:
        UnknownCampaign, NothingToDial: see there.
        dialler.campaigns.states.NotAllowed: its state does not allow it.
    """
    campaign = require(connection, campaign_id)
    if campaign.state in {"draft", *OVER} and backlog(connection, campaign_id).empty:
        raise NothingToDial("There is no lead to dial: upload a lead file first.")
    return change_state(connection, campaign_id, "start", now)


def clone(connection: Connection, ids: Ids, campaign_id: str, name: str | None, *, with_leads: bool, now: datetime) -> str:
    """Create a campaign with the settings of another, in draft. Returns its id.

    Args:
        connection: a transaction that may write.
        ids: makes its id.
        campaign_id: the campaign to clone.
        name: its name; None: derived from the other's.
        with_leads: also copy the leads as new ones: numbers and variables, without their history.
        now: the current time.

    Raises:
        UnknownCampaign, NameTaken: see there.
    """
    source = require(connection, campaign_id)
    if name is None:
        stem, number = source.name[:180], 2
        while find_campaign(connection, name := f"{stem} ({number})") is not None:
            number += 1
    config = CampaignConfig.model_validate({**source.settings, "name": name})
    new_id = new_campaign(connection, ids, source.bot_id, config, now)
    if with_leads:
        _copy_leads(connection, ids, source, new_id, now)
    return new_id


def _check_name(connection: Connection, name: str, but: str | None = None) -> None:
    other = find_campaign(connection, name)
    if other is not None and other.id != but:
        raise NameTaken(f"There is a campaign {name!r} already: choose another name.")


def _copy_leads(connection: Connection, ids: Ids, source: Row[Any], new_id: str, now: datetime) -> None:
    import_id = ids.new("import", new_id, 1)
    report = merged_report(connection, source.id, f"leads of {source.name}", import_id)
    if report is None:
        return
    add_import(connection, NewImport(import_id, new_id, report.source_name, report.sha256, now, this_process()), now)
    columns = ("position", "line", "phone", "numbers", "variables")
    fixed = {"campaign_id": new_id, "import_id": import_id, "state": "staged", "attempts": 0, "uncharged": 0}
    copies = select(
        *(_leads.c[name] for name in columns),
        *(literal(value).label(name) for name, value in fixed.items()),
        literal(now, _leads.c.updated_at.type).label("updated_at"),
    ).where(_leads.c.campaign_id == source.id, _leads.c.state != "staged")
    connection.execute(insert(_leads).from_select([*columns, *fixed, "updated_at"], copies.order_by(_leads.c.id)))
    copied, original = _leads.alias(), _leads.alias()
    numbers = (
        select(literal(new_id), _numbers.c.phone, copied.c.id)
        .join(original, original.c.id == _numbers.c.lead_id)
        .join(copied, (copied.c.campaign_id == new_id) & (copied.c.phone == original.c.phone))
        .where(_numbers.c.campaign_id == source.id)
    )
    connection.execute(insert(_numbers).from_select(["campaign_id", "phone", "lead_id"], numbers))
    close_import(connection, import_id, "active", now, report.as_dict())
    activate_leads(connection, import_id, now)
