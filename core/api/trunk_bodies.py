"""Bodies of the trunks API: trunks and numbers as they are to be made or changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, TypeAlias

from pydantic import BaseModel, Field, create_model, model_validator
from pydantic.fields import FieldInfo

from core.api.bodies import StrictBody
from core.transports.livekit.settings import LiveKitSettings
from core.transports.sip.settings import SipSettings
from core.trunks.foreign import foreign_option
from core.trunks.pacing import SLOWEST

__all__ = ["LiveKitBody", "NumberBody", "NumberChangeBody", "SipBody", "TrunkBody", "TrunkChangeBody"]

Number = Annotated[str, Field(max_length=64, description="E.164.")]
Bot = Annotated[str | None, Field(max_length=64, description="The bot that an inbound call to it reaches.")]
Label = Annotated[str, Field(max_length=200)]
Channels = Annotated[int, Field(ge=1, le=100_000, description="Most calls at once.")]
Rate = Annotated[float, Field(ge=SLOWEST, le=10_000, description="Most new calls a second (CPS); below 1 for less than one.")]


class NumberBody(StrictBody):
    """A number of ours (DID)."""

    number: Number
    bot_id: Bot = None
    label: Label = ""


class NumberChangeBody(StrictBody):
    """What is to be changed; what is left out stays as it is."""

    bot_id: Bot = None
    label: Label = ""


class _SettingsBody(StrictBody):
    """Settings of a trunk as a request has them."""

    transport: ClassVar[str]

    @model_validator(mode="before")
    @classmethod
    def _only_its_own(cls, data: Any) -> Any:
        """Refuse an option that trunks of this transport do not have, in words."""
        for key, value in data.items() if isinstance(data, dict) else ():
            if (why := foreign_option(cls.transport, str(key), value)) is not None:
                raise ValueError(f"{str(key)[:64]}: {why}")
        return data


def _body_of(name: str, settings: type[BaseModel], transport: str, called: str) -> type[_SettingsBody]:
    """The body of a trunk's settings: the fields of the settings, each of which may be left out, and null is its default.

    What does not fit together is not judged here: a change is judged together with what stays.

    Args:
        name: what the body is called in the API's description.
        settings: what a trunk of the transport keeps.
        transport: the name of the transport.
        called: the same as people write it.
    """
    fields: dict[str, Any] = {}
    for key, field in settings.model_fields.items():
        secret = key in _SECRETS
        kind: Any = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
        described = f"{field.description} {_SEALED}" if secret else f"{field.description}{_default_of(field)}"
        fields[key] = ((_Secret if secret else kind) | None, Field(default=None, alias=field.alias, description=described))
    made = create_model(name, __base__=_SettingsBody, __doc__=_ABOUT.format(called, transport), **fields)
    made.transport = transport
    return made


def _default_of(field: FieldInfo) -> str:
    if field.is_required() or field.default_factory is not None or field.default in (None, ()):
        return ""
    value = field.default
    return f" Default: {str(value).lower() if isinstance(value, bool) else ', '.join(value) if isinstance(value, tuple) else value}."


_SECRETS: Final = frozenset({"password", "api_secret"})
_Secret = Annotated[str, Field(max_length=256)]
_SEALED: Final = "Or the secret itself, which is encrypted and never returned."
_ABOUT: Final = "How a trunk of {} is reached: docs/transport-{}.md. In a change, what is left out stays; null is the default."

if TYPE_CHECKING:
    SipBody: TypeAlias = _SettingsBody
    LiveKitBody: TypeAlias = _SettingsBody
else:
    SipBody = _body_of("SipBody", SipSettings, "sip", "SIP")
    LiveKitBody = _body_of("LiveKitBody", LiveKitSettings, "livekit", "LiveKit")


class TrunkBody(StrictBody):
    """A trunk to be made. The first number is its default one, unless `default_number` names another."""

    name: str = Field(pattern="^[a-z0-9][a-z0-9_-]{0,63}$", description="Small letters, digits, - and _.")
    transport: str = Field(max_length=64, description="What carries its calls: one that runs here.")
    channels: Channels
    calls_per_second: Rate
    numbers: list[NumberBody] = Field(default=[], max_length=10_000)
    default_number: Number | None = None
    is_default: bool = Field(default=False, description="Calls without a `from_number` go out on the default trunk.")
    sip: SipBody | None = Field(default=None, description="How it is reached; for the transport `sip` only.")
    livekit: LiveKitBody | None = Field(default=None, description="How it is reached; for the transport `livekit` only.")


class TrunkChangeBody(StrictBody):
    """What is to be changed; what is left out stays as it is."""

    channels: Channels | None = None
    calls_per_second: Rate | None = None
    default_number: Number | None = None
    is_default: bool | None = None
    sip: SipBody | None = None
    livekit: LiveKitBody | None = None
