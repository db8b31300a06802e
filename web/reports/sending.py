"""Puts files of reports where they go: a folder, or people's mail. Blocking: run it in a thread."""

from __future__ import annotations

import os
import shutil
import smtplib
import ssl
from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path

from pydantic import SecretStr

from web.reports.schedule import Smtp

__all__ = ["into_folder", "make_message", "send_mail"]

_SECONDS = 30.0


def into_folder(files: Sequence[tuple[str, Path]], folder: Path) -> None:
    """Copy the files, each under its name, whole or not at all; for their owner only. Makes the folder if there is none."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, path in files:
        new = folder / f".{name}.{os.getpid()}.new"
        try:
            with path.open("rb") as source, open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as target:
                shutil.copyfileobj(source, target)
            new.replace(folder / name)
        finally:
            new.unlink(missing_ok=True)


def make_message(smtp: Smtp, to: Sequence[str], subject: str, text: str, files: Sequence[tuple[str, Path]], now: datetime) -> EmailMessage:
    """The mail with the files attached."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = smtp.sender, ", ".join(to), " ".join(subject.split())
    message["Date"], message["Message-ID"] = format_datetime(now), make_msgid(domain=smtp.sender.rpartition("@")[2])
    message.set_content(text)
    for name, path in files:
        kind = "vnd.openxmlformats-officedocument.spreadsheetml.sheet" if path.suffix == ".xlsx" else "octet-stream"
        message.add_attachment(path.read_bytes(), maintype="application", subtype=kind, filename=name)
    return message


def send_mail(smtp: Smtp, password: SecretStr | None, message: EmailMessage) -> None:
    """Hand a mail to the server.

    Raises:
        OSError, smtplib.SMTPException: it was not taken, or not by all.
    """
    context = ssl.create_default_context(cafile=None if smtp.ca_file is None else str(smtp.ca_file))
    with (
        smtplib.SMTP_SSL(smtp.host, smtp.port, timeout=_SECONDS, context=context)
        if smtp.tls == "tls"
        else smtplib.SMTP(smtp.host, smtp.port, timeout=_SECONDS)
    ) as server:
        if smtp.tls == "starttls":
            server.starttls(context=context)
        if smtp.user is not None and password is not None:
            server.login(smtp.user, password.get_secret_value())
        refused = server.send_message(message)
        if refused:
            raise smtplib.SMTPRecipientsRefused(refused)
