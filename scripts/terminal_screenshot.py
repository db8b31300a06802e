"""Make the screenshots of the README again, from a real `make run` in a real terminal (tmux).

    .venv/bin/python scripts/terminal_screenshot.py       needs tmux; writes docs/images/run-progress.svg and run-result.svg

The first picture is the screen when most calls were in progress, half-way through; the second what stands on it in the end.
Nothing is drawn by hand: the screens are read from the terminal, colours included.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
COMMAND = "make run"
COLUMNS, LINES = 80, 100
SESSION = "dialler-screenshot"
PATIENCE = 300.0
"""Real seconds that the run may take."""

_THEME = TerminalTheme(
    (30, 33, 39),
    (220, 223, 228),
    [(63, 69, 82), (224, 108, 117), (152, 195, 121), (229, 192, 123), (97, 175, 239), (198, 120, 221), (86, 182, 194), (220, 223, 228)],
    [(92, 99, 112), (224, 108, 117), (152, 195, 121), (229, 192, 123), (97, 175, 239), (198, 120, 221), (86, 182, 194), (255, 255, 255)],
)
# without the web font that rich asks for: pictures in a README may not load anything
_FORMAT = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: {char_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-family: sans-serif; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g></g></svg>
"""


def tmux(*arguments: str) -> str:
    """Run a command of tmux; returns what it wrote."""
    return subprocess.run(["tmux", *arguments], check=True, capture_output=True, text=True).stdout  # noqa: S603, S607


def screen() -> str:
    """What the terminal shows now, with its colours."""
    return tmux("capture-pane", "-p", "-e", "-t", SESSION)


def worth(shown: str) -> int:
    """How many calls ring and talk on a screen; 0 if there are none of either kind, or the run has just begun or is nearly over."""
    plain = Text.from_ansi(shown).plain
    found = [re.search(pattern, plain) for pattern in (r"(\d+) ringing", r"(\d+) talking")]
    ringing, talking = (int(match[1]) if match else 0 for match in found)
    share = re.search(r" (\d+)%\s*$", plain, re.MULTILINE)
    middle = share is not None and 25 <= int(share[1]) <= 75
    return ringing + talking if ringing and talking and middle else 0


def record() -> tuple[str, str]:
    """Run the command; returns the screen at its busiest, and the last one."""
    busiest, last = "", ""
    waiting = f"PS1=; stty -echo; clear; printf '$ {COMMAND}\\n'; {COMMAND}; touch .screenshot-done; sleep 600"
    done = ROOT / ".screenshot-done"
    tmux("new-session", "-d", "-s", SESSION, "-x", str(COLUMNS), "-y", str(LINES), "-c", str(ROOT), "bash", "-c", waiting)
    try:
        deadline = time.monotonic() + PATIENCE
        while not done.exists():
            if time.monotonic() > deadline:
                sys.exit(f"`{COMMAND}` did not end in {PATIENCE:.0f} s; the screen shows:\n{screen()}")
            now = screen()
            if worth(now) > worth(busiest):
                busiest = now
            time.sleep(0.1)
        time.sleep(0.5)
        last = screen()
    finally:
        done.unlink(missing_ok=True)
        tmux("kill-session", "-t", SESSION)
    return busiest, last


def write_svg(shown: str, name: str) -> None:
    """Write a screen as a picture, as high as what stands on it."""
    text = Text.from_ansi(shown.rstrip())
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(text, soft_wrap=True)
    console.print()  # the frame cuts close below the last line
    svg = console.export_svg(title=COMMAND, theme=_THEME, code_format=_FORMAT, unique_id=name)
    IMAGES.mkdir(parents=True, exist_ok=True)
    (IMAGES / f"{name}.svg").write_text(svg, encoding="utf-8")


def main() -> None:
    """Make both pictures."""
    if shutil.which("tmux") is None:
        sys.exit("tmux is needed: apt install tmux")
    busiest, last = record()
    if not busiest:
        sys.exit(f"No progress was seen; the last screen:\n{last}")
    write_svg(busiest, "run-progress")
    write_svg(last, "run-result")


if __name__ == "__main__":
    main()
