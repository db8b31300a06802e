"""Parses server-sent events from bytes, however they are split (WHATWG HTML, section 9.2.6: event stream interpretation). Pure."""

from __future__ import annotations

__all__ = ["EventDecoder", "TooLong"]

_LONGEST_EVENT = 256 * 1024


class TooLong(ValueError):
    """An event is longer than any that makes sense."""


class EventDecoder:
    """Takes bytes, returns the `data` of each event that they complete."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[str] = []

    def feed(self, part: bytes) -> list[str]:
        """The data of the events that `part` completes, in order; comments and other fields are skipped.

        Raises:
            TooLong: see there.
        """
        found: list[str] = []
        *lines, self._rest = self._lines(self._rest + part)
        for line in lines:
            if line:
                self._take(line)
            elif self._data:
                found.append("\n".join(self._data))
                self._data = []
        if len(self._rest) + sum(map(len, self._data)) > _LONGEST_EVENT:
            raise TooLong(f"an event is longer than {_LONGEST_EVENT // 1024} KiB")
        return found

    @staticmethod
    def _lines(text: bytes) -> list[bytes]:
        """Lines end with CR LF, LF or CR; a CR at the very end may be half of a CR LF."""
        held = text.endswith(b"\r")
        lines = (text[:-1] if held else text).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        if held:
            lines[-1] += b"\r"
        return lines

    def _take(self, line: bytes) -> None:
        name, _, value = line.decode("utf-8", errors="replace").partition(":")
        if name == "data":
            self._data.append(value.removeprefix(" "))
