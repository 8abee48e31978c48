"""The letterbox: whatever Django's mail sends is kept once, and can be read."""

import asyncio
import smtplib
from email.message import EmailMessage
from pathlib import Path

import pytest

from examples.config import ConfigError, ExamplesConfig
from examples.providers.letterbox import taking
from examples.providers.server import serving
from tests.examples.test_providers import ask

TO = ["oncall@ops.example", "maja@ops.example"]


def mail(text: str) -> EmailMessage:
    message = EmailMessage()
    message["Message-ID"] = "<7@perdure.invalid>"
    message["Subject"] = "[default] Über 10 stuck: fired"
    message["To"] = ", ".join(TO)
    message.set_content(text)
    return message


def send(port: int, *mails: EmailMessage) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=5) as server:
        for one in mails:
            server.send_message(one, "perdure@localhost", TO)


async def test_a_mail_is_kept_once_for_each_receiver_with_its_dots(providers_file: Path) -> None:
    text = "count: 14\n.hidden\n..\nthe end é\n"
    async with serving(providers_file) as url, taking(providers_file) as port:
        await asyncio.to_thread(send, port, mail(text), mail(text))
        kept = [(await ask(url, "GET", f"/mail/messages?to={one}"))[1] for one in TO]

    assert [[one["subject"] for one in mails] for mails in kept] == [
        ["[default] Über 10 stuck: fired"]
    ] * 2
    assert kept[0][0]["body"].replace("\r\n", "\n") == text


async def test_what_is_no_mail_is_refused_and_the_next_is_taken(providers_file: Path) -> None:
    def speak(port: int) -> list[int]:
        with smtplib.SMTP("127.0.0.1", port, timeout=5) as server:
            return [server.docmd("DATA")[0], server.docmd("VRFY maja")[0], server.noop()[0]]

    async with taking(providers_file) as port:
        assert await asyncio.to_thread(speak, port) == [500, 500, 250]


@pytest.mark.parametrize("text", ["many", "65536"])
def test_a_port_that_is_none_is_refused_by_its_name(text: str) -> None:
    with pytest.raises(ConfigError, match="SMTP_PORT"):
        ExamplesConfig.from_environment({"SMTP_PORT": text})
