"""Extracts the console's texts, and brings every catalogue up to date with them: `python scripts/console_catalogues.py`.

`locale/LANGUAGE/LC_MESSAGES/console.po` has the texts with their translations, which are kept. A new language:
`python scripts/console_catalogues.py LANGUAGE`, then fill in its file. With `--check` nothing is written; the exit code says whether
anything would be.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from web.console.foreign_texts import constant_texts

ROOT = Path(__file__).parents[1] / "web" / "console"
LOCALE = ROOT / "locale"
METHODS = [("**.py", "python"), ("**.html", "jinja2.ext.babel_extract")]
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None}
_NO_FIELDS = (
    *(b'"POT-Creation-Date', b'"PO-Revision-Date', b'"Generated-By'),
    *(b'"Project-Id-Version', b'"Report-Msgid-Bugs-To', b'"Last-Translator', b'"Language-Team'),
)
"""Fields of the header that say nothing here."""


def extracted() -> Catalog:
    """Every text of the console, with the files it is in (not the lines: they would change with each edit), and those of the dialler."""
    template = Catalog(project="console", charset="utf-8")
    options = {"**.html": {"newstyle_gettext": "true", "silent": "false"}}
    for file, _line, message, _comments, context in extract_from_dir(str(ROOT), METHODS, options, keywords=KEYWORDS):  # type: ignore[arg-type]
        template.add(message, None, [(file, 0)], context=context)
    for message in constant_texts():
        template.add(message, None, [("foreign_texts.py", 0)])
    return template


def written(catalog: Catalog) -> bytes:
    """A catalogue as its file has it: without dates and names, so that it changes only with its texts."""
    out = io.BytesIO()
    catalog.header_comment, catalog.fuzzy = f"# The texts of the console: {catalog.locale_identifier}.", False
    write_po(out, catalog, width=130, omit_header=False, sort_output=True, include_lineno=False, include_previous=False)
    lines = out.getvalue().split(b"\n")
    return b"\n".join(line for line in lines if not line.startswith(_NO_FIELDS))


def main() -> int:
    """Update, or check, every catalogue."""
    check, names = "--check" in sys.argv, [name for name in sys.argv[1:] if not name.startswith("-")]
    template = extracted()
    wanted = {}
    languages = {path.parents[1].name for path in LOCALE.glob("*/LC_MESSAGES/console.po")} | set(names)
    for language in sorted(languages):
        path = LOCALE / language / "LC_MESSAGES" / "console.po"
        catalog = Catalog(locale=language, project="console", charset="utf-8")
        if path.exists():
            with path.open("rb") as file:
                catalog = read_po(file, locale=language)
        catalog.update(template, no_fuzzy_matching=True)
        catalog.obsolete.clear()
        wanted[path] = written(catalog)
    changed = [path for path, content in wanted.items() if not path.exists() or path.read_bytes() != content]
    if not check:
        for path in changed:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(wanted[path])
    for path in changed:
        print(f"{'out of date' if check else 'written'}: {path.relative_to(ROOT)}")  # noqa: T201
    return int(check and bool(changed))


if __name__ == "__main__":
    sys.exit(main())
