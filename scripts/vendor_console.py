"""Vendors the console's browser files: unpacks npm packages, copies the files that are used, and writes the manifest.

    npm pack htmx.org@2.0.11 idiomorph@0.8.0 uplot@1.6.32 bootstrap@5.3.9 bootstrap-icons@1.13.2   # in some folder
    python scripts/vendor_console.py THAT_FOLDER

The manifest has each package's name, version, licence and npm integrity, and a hash of each copied file; a test compares them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import sys
import tarfile
from pathlib import Path
from typing import Any

VENDOR = Path(__file__).parents[1] / "web" / "console" / "static" / "vendor"
ICONS = tuple(
    """
activity arrow-clockwise arrow-left arrow-repeat arrow-right bar-chart bell box-arrow-right briefcase broadcast building
calendar-event calendar2-week check2 check-circle check-circle-fill chevron-down chevron-left chevron-right circle-half clipboard
clock clock-history cloud-arrow-up copy cpu dash-circle database diagram-3 door-closed download envelope exclamation-circle
exclamation-triangle eye eye-slash file-earmark-arrow-up file-earmark-spreadsheet file-earmark-text flag funnel gear globe grid
headset hourglass-split house info-circle journal-text key link-45deg list list-check lock megaphone moon pause-fill people
people-fill pencil person person-badge person-check person-lines-fill person-plus person-x phone phone-vibrate pin play-fill plug
plus-lg printer question-circle record-circle robot search send shield-check shield-exclamation shield-lock sim slash-circle
sliders soundwave speedometer2 star stop-fill sun tag telephone telephone-forward telephone-inbound telephone-outbound telephone-x
three-dots trash upload volume-up wrench-adjustable x-lg
""".split()  # noqa: SIM905 - a long list of names
)
PACKAGES: dict[str, list[str]] = {
    "htmx.org-2.0.11": ["dist/htmx.min.js", "LICENSE"],
    "idiomorph-0.8.0": ["dist/idiomorph-ext.min.js", "LICENSE"],
    "uplot-1.6.32": ["dist/uPlot.iife.min.js", "dist/uPlot.min.css", "LICENSE"],
    "bootstrap-5.3.9": ["dist/css/bootstrap.min.css", "LICENSE"],
    "bootstrap-icons-1.13.2": ["LICENSE", *(f"icons/{name}.svg" for name in ICONS)],
}


def digest(content: bytes, kind: str) -> str:
    """A hash as browsers and npm write it."""
    return f"{kind}-{base64.b64encode(hashlib.new(kind, content).digest()).decode()}"


def vendor(archive: Path, files: list[str]) -> dict[str, Any]:
    """Copy the files of one package; returns its entry of the manifest."""
    name, version = archive.stem.rsplit("-", 1)
    target = VENDOR / name.removesuffix(".org")
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    hashes = {}
    with tarfile.open(archive) as tar:
        facts = json.loads(read(tar, "package.json"))
        assert (facts["name"], facts["version"]) == (name, version), archive
        for file in files:
            content = read(tar, file)
            if file.endswith((".css", ".js")):  # source maps are not copied
                content = b"\n".join(line for line in content.split(b"\n") if b"sourceMappingURL=" not in line)
            path = target / Path(file).name
            path.write_bytes(content)
            hashes[path.relative_to(VENDOR).as_posix()] = digest(content, "sha384")
    return {
        "name": name,
        "version": version,
        "licence": facts["license"],
        "integrity": digest(archive.read_bytes(), "sha512"),
        "files": hashes,
    }


def read(tar: tarfile.TarFile, file: str) -> bytes:
    """A file of a package."""
    found = tar.extractfile(f"package/{file}")
    assert found is not None, file
    return found.read()


def main() -> None:
    """Vendor every package from the folder of the command line."""
    folder = Path(sys.argv[1])
    entries = [vendor(folder / f"{package}.tgz", files) for package, files in PACKAGES.items()]
    (VENDOR / "manifest.json").write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
