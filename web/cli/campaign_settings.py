"""The settings of a campaign for people, under the names that campaign.yaml has for them."""

from __future__ import annotations

from core.kernel.durations import format_duration
from dialler.campaigns.config import CampaignConfig
from dialler.policy.retry_rules import RetryRule

__all__ = ["settings_of"]


def settings_of(config: CampaignConfig) -> dict[str, str]:
    """Every setting as it is in force, in words; those that are not set are left out."""
    plain = config.model_dump(mode="json", exclude={"name", "retry", "calling_window"}, exclude_none=True)
    window = config.calling_window
    rules = ((name, getattr(config.retry_policy().rules, name)) for name in type(config.retry_policy().rules).model_fields)
    return {
        **{name: str(value) for name, value in plain.items()},
        "calling_window": f"{window.hours.describe()} ({window.time_zone})" if window else "at any time",
        **{f"retry.{name}": _rule(rule) for name, rule in rules},
    }


def _rule(rule: RetryRule) -> str:
    if not rule.retry:
        return "not again"
    growing = f", each time {rule.growth:g} times as long" if rule.growth != 1 else ""
    return f"again after {format_duration(rule.delay)}{growing}, at most {format_duration(rule.max_delay)}"
