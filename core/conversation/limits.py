"""The limits of a conversation, from the bot's configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from core.bots.brain_config import BrainConfig
from core.bots.config import BotConfig, SilenceConfig
from core.conversation.first_words import FirstWords
from core.conversation.holding import HoldLines
from core.conversation.session_lines import SessionLines, lines_in
from core.templates import render
from core.templates.render import Namespaces

__all__ = ["ConversationLimits", "SessionLines", "limits_of"]


@dataclass(frozen=True)
class ConversationLimits:
    """The limits of one conversation. Times are in clock seconds.

    `transfer_targets`: name -> number, address, or `desk:QUEUE`; `holding`: what callers hear while they wait for the desk.
    `transfer_method`: the guide's value for how this transport transfers calls.
    `brain_timeout_seconds`: how long the brain may take for one turn before the call is given up with an apology; None if the brain has
    its own limits, in real time.
    `voicemail`: what to do when a machine answers; without a message, `leave_message` hangs up.
    `beep_wait_seconds`: how long to wait for a machine's beep, after its last words; without a beep no message is left.
    `first_words`: what is said before anything else.
    """

    max_call_duration_seconds: float = 600.0
    silence: SilenceConfig = field(default_factory=SilenceConfig)
    closure_phrases: tuple[str, ...] = ("goodbye", "have a nice day")
    voicemail_message: str = ""
    voicemail: Literal["leave_message", "hang_up", "go_on"] = "leave_message"
    transfer_targets: Mapping[str, str] = field(default_factory=dict)
    transfer_method: str = "livekit_sip_refer"
    brain_timeout_seconds: float | None = 20.0
    beep_wait_seconds: float = 12.0
    lines: SessionLines = field(default_factory=SessionLines)
    first_words: FirstWords | None = None
    holding: HoldLines = field(default_factory=lambda: HoldLines(("Please hold the line.",), 15.0, "I'm sorry, nobody is free right now."))


def limits_of(
    config: BotConfig, namespaces: Namespaces, transfer_method: str = "livekit_sip_refer", first_words: FirstWords | None = None
) -> ConversationLimits:
    """The limits that a bot's configuration sets, its lines rendered for this call.

    Args:
        config: the bot.
        namespaces: `crm` and `call` of this call.
        transfer_method: the guide's value for how the call's transport transfers calls.
        first_words: what is said before anything else.
    """

    def shown(template: str) -> str:
        return render(template, namespaces).text

    silence, desk, lines = config.silence, config.desk, lines_in(config.language)
    if isinstance(config.brain, BrainConfig) and (own := config.brain.lines.get("do_not_call", "").strip()):
        lines = replace(lines, opted_out=shown(own))
    return ConversationLimits(
        max_call_duration_seconds=config.max_call_duration_seconds,
        silence=silence.model_copy(update={"lines": [shown(line) for line in silence.lines], "goodbye": shown(silence.goodbye)}),
        closure_phrases=tuple(config.closure_phrases),
        voicemail_message=shown(config.voicemail_message),
        voicemail=config.voice.voicemail if config.voice is not None else ConversationLimits.voicemail,
        transfer_targets=dict(config.transfer_targets),
        transfer_method=transfer_method,
        lines=lines,
        first_words=first_words,
        holding=HoldLines(tuple(shown(line) for line in desk.hold_lines), desk.hold_every_seconds, shown(desk.nobody_line)),
        brain_timeout_seconds=None if config.brain.kind == "llm" else ConversationLimits.brain_timeout_seconds,
    )
