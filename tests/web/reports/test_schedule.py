"""Reports by schedule: to a folder, and to a mail server with TLS and a password."""

from __future__ import annotations

import datetime as dt
import ipaddress
import logging
import shutil
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import Connection, Row

from core.access.secrets import SecretStore
from core.kernel.database import Database
from core.kernel.secrets import SecretBox
from core.kernel.virtual_clock import VirtualClock
from core.kernel.yaml_config import ConfigError
from dialler.reports.files import write_report
from dialler.reports.making import make_report
from dialler.reports.spec import ReportSpec
from tests.dialler.reports.support import Stage
from web.reports.jobs import ReportJobs
from web.reports.schedule import load_schedules

PASSWORD = "a long one"


class Maker:
    """Makes reports in this process; that they come from another is tested in `test_processes`."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage, self.folder = stage, folder

    def zone_of(self, connection: Connection, campaign: Row[Any]) -> str:
        return "UTC"

    @asynccontextmanager
    async def made(self, spec: ReportSpec, kind: str, *, excel: bool = False) -> AsyncIterator[Path]:
        path = self.folder / f"{spec.name}.{kind}"
        write_report(make_report(self.stage.db, spec, self.stage.told), path, "xlsx", excel=excel)
        yield path


class Post:
    """A mail server that keeps what it is sent."""

    def __init__(self) -> None:
        self.mails: list[Message] = []
        self.signed_in: list[bytes] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        assert server.transport.get_extra_info("sslcontext") is not None
        self.mails.append(message_from_bytes(envelope.content))
        return "250 OK"

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        good = isinstance(data, LoginPassword) and data.password == PASSWORD.encode()
        if good:
            self.signed_in.append(data.login)
        return AuthResult(success=good, handled=False)


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate of 127.0.0.1, and the context of a server that has it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file, key_file = folder / "server.pem", folder / "server.key"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file, key_file)
    return file, context


@contextmanager
def post_office(post: Post, tls: str, context: ssl.SSLContext) -> Iterator[int]:
    more: dict[str, Any] = {"ssl_context": context} if tls == "tls" else {"tls_context": context, "require_starttls": True}
    controller = Controller(
        post, hostname="127.0.0.1", port=0, authenticator=post.authenticate, auth_required=True, auth_require_tls=tls != "tls", **more
    )
    # the controller connects to its port to see that it is up: it has to know the number before
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        controller.port = free.getsockname()[1]
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


@pytest.fixture
def stage(sqlite_template: Path, tmp_path: Path) -> Iterator[Stage]:
    shutil.copy(sqlite_template, tmp_path / "test.db")
    database = Database(f"sqlite:///{tmp_path}/test.db")
    stage = Stage(database)
    stage.talk(stage.lead("+12025550143"), "PROMISE_TO_PAY")
    yield stage
    database.close()


def secrets(stage: Stage, folder: Path, environ: dict[str, str]) -> SecretStore:
    return SecretStore(SecretBox.open(folder, {}), environ)


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # of the test's server: TLS from the first byte is no STARTTLS
@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_reports_arrive_by_mail_and_in_a_folder_when_they_are_due(
    stage: Stage, tmp_path: Path, tls: str, in_virtual_time: Callable[..., Any]
) -> None:
    post, (ca, context) = Post(), certificate(tmp_path)
    with post_office(post, tls, context) as port:
        file = tmp_path / "reports.yaml"
        file.write_text(
            f"""
smtp: {{host: 127.0.0.1, port: {port}, tls: {tls}, ca_file: {ca}, user: reports, password: secret:SMTP_PASSWORD, from: dialler@example.com}}
schedules:
  - campaign: {stage.id}
    reports: [summary, passes]
    cron: 0 8 * * thu
    zone: Asia/Kolkata
    to: [boss@example.com]
    folder: {tmp_path / "kept"}
"""
        )

        async def test(clock: VirtualClock) -> None:
            maker = Maker(stage, tmp_path)
            jobs = ReportJobs(load_schedules(file), stage.db, clock, maker, secrets(stage, tmp_path, {"SMTP_PASSWORD": PASSWORD}))
            tasks = jobs.start()
            await clock.sleep(24 * 3600)  # from Wednesday 15:30 there, over Thursday 08:00
            for task in tasks:
                clock.cancel(task)
            await clock.join(*tasks)

        in_virtual_time(test)
    [mail] = post.mails
    assert post.signed_in == [b"reports"]
    assert (mail["To"], mail["From"], mail["Subject"].split(": ")[1]) == ("boss@example.com", "dialler@example.com", "reports, 2026-03-04")
    names = [part.get_filename() for part in mail.walk() if part.get_filename()]
    assert [str(name).split("-")[-4] for name in names] == ["summary", "passes"]
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == sorted(map(str, names))


def test_a_wrong_password_is_logged_without_it(
    stage: Stage, tmp_path: Path, in_virtual_time: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    post, (ca, context) = Post(), certificate(tmp_path)
    with post_office(post, "starttls", context) as port:
        file = tmp_path / "reports.yaml"
        file.write_text(
            f"""
smtp: {{host: 127.0.0.1, port: {port}, ca_file: {ca}, user: reports, password: secret:SMTP_PASSWORD, from: dialler@example.com}}
schedules: [{{campaign: {stage.id}, reports: [summary], cron: 0 8 * * *, to: [boss@example.com]}}]
"""
        )

        async def test(clock: VirtualClock) -> None:
            store = secrets(stage, tmp_path, {"SMTP_PASSWORD": "not this one"})
            schedules = load_schedules(file)
            await ReportJobs(schedules, stage.db, clock, Maker(stage, tmp_path), store).send(schedules.schedules[0])

        with caplog.at_level(logging.DEBUG):
            in_virtual_time(test)
    assert not post.mails
    said = [record.getMessage() for record in caplog.records if record.name == "web.reports.jobs"]
    assert len(said) == 3
    assert all("the server answered 535" in message for message in said)
    assert "not this one" not in caplog.text


def test_what_is_wrong_in_the_file_is_said(tmp_path: Path) -> None:
    file = tmp_path / "reports.yaml"
    for text, said in (
        ("schedules: [{campaign: May, reports: [none], cron: 0 8 * * *, folder: x}]", "there is no report 'none'"),
        ("schedules: [{campaign: May, reports: [calls], cron: at eight, folder: x}]", "cron"),
        ("schedules: [{campaign: May, reports: [calls], cron: 0 8 * * *}]", "say where the reports go"),
        ("schedules: [{campaign: May, reports: [calls], cron: 0 8 * * *, to: [boss@example.com]}]", "`smtp` is missing"),
        (
            "smtp: {host: mail, user: x, password: hunter2, from: a@b.c}\n"
            "schedules: [{campaign: May, reports: [calls], cron: 0 8 * * *, folder: x}]",
            "must be secret:NAME",
        ),
    ):
        file.write_text(text)
        with pytest.raises(ConfigError) as error:
            load_schedules(file)
        assert said in str(error.value), str(error.value)
        assert "hunter2" not in str(error.value)
