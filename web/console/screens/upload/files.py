"""Uploaded files that wait for their import, in the data folder: the file and, beside it, what is known of it."""

from __future__ import annotations

import json
import re
import shutil
import time
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Final

__all__ = ["Upload", "find", "keep", "path_of", "remove"]

_KEPT_SECONDS: Final = 7 * 86_400
_ID: Final = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Upload:
    """An uploaded file."""

    id: str
    campaign_id: str
    name: str
    size: int


def _folder(data_folder: Path) -> Path:
    return data_folder / "console-uploads"


def path_of(data_folder: Path, upload: Upload) -> Path:
    """Where the file is; its ending says what kind it is."""
    ending = Path(upload.name).suffix.lower()
    return _folder(data_folder) / f"{upload.id}{ending if re.fullmatch(r'[.][a-z0-9]{1,5}', ending) else '.csv'}"


def keep(data_folder: Path, campaign_id: str, name: str, file: IO[bytes]) -> Upload:
    """Copy an upload into the data folder, readable by its owner only. Uploads of last week that nobody imported are deleted."""
    folder = _folder(data_folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in folder.iterdir():
        if time.time() - old.stat().st_mtime > _KEPT_SECONDS:
            old.unlink(missing_ok=True)
    clean = "".join(ch for ch in Path(name).name if ch.isprintable())[:200] or "leads.csv"
    upload = Upload(uuid.uuid4().hex, campaign_id, clean, 0)
    path = path_of(data_folder, upload)
    with path.open("xb") as target:
        path.chmod(0o600)
        shutil.copyfileobj(file, target, 1 << 20)
        size = target.tell()
    upload = Upload(upload.id, campaign_id, clean, size)
    (folder / f"{upload.id}.json").write_text(json.dumps(asdict(upload)), encoding="utf-8")
    return upload


def find(data_folder: Path, campaign_id: str, upload_id: str) -> tuple[Upload, Path] | None:
    """An upload of a campaign, and its file; None if there is none."""
    note = _folder(data_folder) / f"{upload_id}.json"
    if not _ID.fullmatch(upload_id) or not note.exists():
        return None
    upload = Upload(**json.loads(note.read_text(encoding="utf-8")))
    path = path_of(data_folder, upload)
    return (upload, path) if upload.campaign_id == campaign_id and path.exists() else None


def remove(data_folder: Path, upload: Upload) -> None:
    """Delete an upload."""
    path_of(data_folder, upload).unlink(missing_ok=True)
    (_folder(data_folder) / f"{upload.id}.json").unlink(missing_ok=True)
