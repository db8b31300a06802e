"""Models are used only if they are the ones we know."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from core.voice.errors import VoiceUnavailable
from core.voice.offline import models


def test_the_model_we_know_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "model.bin"
    file.write_bytes(b"weights")
    assert models.checked(file, hashlib.sha256(b"weights").hexdigest()) == file


def test_another_model_is_refused_in_words(tmp_path: Path) -> None:
    file = tmp_path / "model.bin"
    file.write_bytes(b"other weights")
    with pytest.raises(VoiceUnavailable, match=r"model\.bin is not the one that this version knows.*pip install"):
        models.checked(file, hashlib.sha256(b"weights").hexdigest())


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(VoiceUnavailable, match=r"model\.bin cannot be read \(No such file or directory\).*pip install"):
        models.checked(tmp_path / "model.bin", "")


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "_PARTS", {"json": "json", "no_such_module_here": "piper-tts"})
    with pytest.raises(VoiceUnavailable, match=r"needs piper-tts: pip install 'campaign-dialler\[voice-offline\]'"):
        models.check_installed()
