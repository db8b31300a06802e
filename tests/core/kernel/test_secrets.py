"""The encryption key and its box."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from core.kernel.secrets import ENVIRONMENT_NAME, KEY_FILE, CannotDecrypt, SecretBox, UnusableKey

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@given(st.text())
def test_what_is_encrypted_can_be_decrypted_and_is_not_the_same_twice(text: str) -> None:
    box = SecretBox([OLD])
    assert box.decrypt(box.encrypt(text)) == text
    assert box.encrypt(text) != box.encrypt(text)


def test_the_first_start_makes_a_key_that_only_its_owner_can_read(tmp_path: Path) -> None:
    token = SecretBox.open(tmp_path / "data", {}).encrypt("sesame")
    assert stat.S_IMODE((tmp_path / "data" / KEY_FILE).stat().st_mode) == 0o600
    assert SecretBox.open(tmp_path / "data", {}).decrypt(token) == "sesame"
    assert os.listdir(tmp_path / "data") == [KEY_FILE]


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        boxes = list(pool.map(lambda _: SecretBox.open(tmp_path, {}), range(32)))
    token = boxes[0].encrypt("sesame")
    assert {box.decrypt(token) for box in boxes} == {"sesame"}


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    SecretBox.open(tmp_path, {})
    (tmp_path / KEY_FILE).chmod(0o644)
    with pytest.raises(UnusableKey, match="chmod 600"):
        SecretBox.open(tmp_path, {})


def test_the_environment_comes_first_and_makes_no_file(tmp_path: Path) -> None:
    box = SecretBox.open(tmp_path, {ENVIRONMENT_NAME: OLD})
    assert SecretBox([OLD]).decrypt(box.encrypt("sesame")) == "sesame"
    assert not (tmp_path / KEY_FILE).exists()


def test_rotation_new_key_encrypts_and_both_decrypt(tmp_path: Path) -> None:
    before = SecretBox([OLD]).encrypt("sesame")
    both = SecretBox.open(tmp_path, {ENVIRONMENT_NAME: f"{NEW}, {OLD}"})
    assert both.decrypt(before) == "sesame"
    assert SecretBox([NEW]).decrypt(both.rotate(before)) == "sesame"
    with pytest.raises(CannotDecrypt, match="another key"):
        SecretBox([NEW]).decrypt(before)


@pytest.mark.parametrize("text", ["short", "x" * 44, f"{OLD},oops"], ids=["short", "not base64", "one of two"])
def test_a_key_of_another_form_is_refused_without_being_shown(text: str, tmp_path: Path) -> None:
    with pytest.raises(UnusableKey, match=ENVIRONMENT_NAME) as caught:
        SecretBox.open(tmp_path, {ENVIRONMENT_NAME: text})
    assert OLD not in str(caught.value)
    assert "x" * 44 not in str(caught.value)


def test_no_key_stands_in_the_repr() -> None:
    assert OLD not in repr(SecretBox([OLD]))
