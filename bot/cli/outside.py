"""The doctor's checks of what is around us: X, our clock beside X's, the site from outside, the disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import requests
from sqlalchemy import make_url

from bot import mail
from bot.cli import keys
from bot.cli.findings import Check, Finding, check, problem, warning
from bot.cli.opening import files_of
from bot.errors import Misconfigured, Transient
from bot.rules.circuit import Circuit
from bot.settings import BadSettings, Settings
from bot.x import Connection, connect
from bot.x.client import utc_now

PROBE = "doctor/probe"


# X refuses signatures whose time is minutes off, and our windows and days begin by this clock.
SKEW_WARNS, SKEW_BREAKS = timedelta(seconds=5), timedelta(seconds=60)

MIB = 1024**2
ROOM_WARNS, ROOM_BREAKS = 1024 * MIB, 100 * MIB

SITE_ANSWERS_WITHIN = 5
NEW_KEYS = "look at the app's keys in X's console (https://console.x.com), and put them into .env"


def x_checks(settings: Settings) -> Iterator[Check]:
    """Two calls that X bills nothing for, one with each kind of key; then the time by X's answer."""
    connection = connect(settings)
    yield check("X, app-only token", lambda: call(lambda: keys.bearer(connection)))
    yield check("X, bot account", lambda: call(lambda: keys.account(connection)))
    yield check("clock", lambda: _clock(connection))
    yield check("X, endpoints", lambda: judge_circuits(connection.circuits.all()))


def call(ask: Callable[[], Finding | str]) -> Finding | str:
    """What X answers; a refusal is a problem with what to do about it."""
    try:
        return ask()
    except Misconfigured as error:
        mend = (
            NEW_KEYS
            if error.reason == "unauthorized"
            else "look at the app in X's console: https://console.x.com"
        )
        return problem(str(error), f"{mend}; the bot goes on by itself once it is mended")
    except Transient as error:
        if error.reason == "rate-limited":
            return warning(str(error), "nothing: X's window opens again by itself")
        return problem(str(error), "is X up, and X_API_URL right? The bot tries again by itself")


def judge_circuits(circuits: Mapping[str, Circuit]) -> Finding | str:
    resting = {name: circuit for name, circuit in circuits.items() if circuit.open}
    if not resting:
        return "none rests"
    told = "; ".join(
        f"{name} has failed since {circuit.since:%Y-%m-%d %H:%M} UTC ({circuit.reason}), "
        f"rests until {circuit.until:%H:%M:%S}"
        for name, circuit in resting.items()
    )
    return warning(told, "nothing: its jobs wait, and one call tries after each rest")


def _clock(connection: Connection) -> Finding | str:
    """X's Date header counts whole seconds."""
    answer = connection.client.session.last_response
    told = answer.headers.get("Date", "") if answer is not None else ""
    try:
        theirs = parsedate_to_datetime(told)
    except (TypeError, ValueError):
        return warning("X told no time to compare ours with", "see the checks of X above")
    return judge_skew(utc_now() - theirs)


def judge_skew(skew: timedelta) -> Finding | str:
    seconds = abs(skew).total_seconds()
    said = f"{seconds:.0f} s {'ahead of' if skew > timedelta(0) else 'behind'} X"
    mend = "set this machine's clock by NTP (timedatectl set-ntp true)"
    if abs(skew) > SKEW_BREAKS:
        return problem(said, mend)
    return warning(said, mend) if abs(skew) > SKEW_WARNS else "agrees with X's within seconds"


def site(settings: Settings) -> Finding | str:
    """From here, by the address that the replies carry."""
    address, start = settings.public_url, "start `unroll web`, and look at the proxy before it"
    local = is_local(address)
    with requests.Session() as session:
        session.trust_env = not local
        try:
            answer = session.get(f"{address}/readyz", timeout=SITE_ANSWERS_WITHIN)
        except requests.RequestException as error:
            return problem(f"PUBLIC_URL: {address} does not answer ({type(error).__name__})", start)
    if answer.status_code == requests.codes.service_unavailable:
        return problem(
            f"PUBLIC_URL: the site at {address} has no database", "see the line above; then its log"
        )
    if not answer.ok or "json" not in answer.headers.get("Content-Type", ""):
        return problem(
            f"PUBLIC_URL: {address}/readyz answers {answer.status_code}, and is not this site", start
        )
    if local:
        return warning(
            f"PUBLIC_URL: {address} can be opened on this machine only",
            "set it to where readers find the site",
        )
    return f"{address} answers"


def is_local(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    with suppress(ValueError):
        return ip_address(host).is_loopback
    return host == "localhost"


def post_office(settings: Settings) -> Finding | str:
    """Hello and login; no letter is sent."""
    try:
        return mail.check(settings)
    except BadSettings as error:
        return problem(
            str(error), "look at SMTP_URL; letters wait, and go out by themselves once it is mended"
        )


def media_folder(settings: Settings) -> Finding | str:
    folder = settings.media_dir
    if isinstance(folder, str):
        return _bucket(settings)
    if not os.access(_existing(folder), os.W_OK):
        return problem(
            f"MEDIA_DIR: {folder} cannot be written to", "give it to the user that runs the worker"
        )
    return "writable"


def _bucket(settings: Settings) -> str:
    """Raises what keeps us from writing there."""
    files = files_of(settings)
    files.save(PROBE, b"the doctor was here")
    files.delete(PROBE)
    return f"{settings.media_dir} can be written to"


def disk(settings: Settings) -> Finding | str:
    """Where there is least room: the pictures, or the database where it is a file."""
    kept = [settings.media_dir] if isinstance(settings.media_dir, Path) else []
    if (file := sqlite_file(settings)) is not None:
        kept.append(file.parent)
    if not kept:
        return "nothing is kept on this machine"
    free, folder = min((shutil.disk_usage(_existing(folder)).free, folder) for folder in kept)
    return judge_room(free, folder)


def sqlite_file(settings: Settings) -> Path | None:
    """The database, where it is a file."""
    url = make_url(settings.database_url)
    is_file = url.get_backend_name() == "sqlite" and url.database not in {None, "", ":memory:"}
    return Path(str(url.database)) if is_file else None


def judge_room(free: int, folder: Path) -> Finding | str:
    size = f"{free / MIB:,.0f} MiB" if free < 10 * ROOM_WARNS else f"{free / (1024 * MIB):,.0f} GiB"
    said = f"{size} free at {folder}"
    mend = "make room: without it nothing can be recorded, and nothing is answered"
    if free < ROOM_BREAKS:
        return problem(said, mend)
    return warning(said, mend) if free < ROOM_WARNS else said


def _existing(folder: Path) -> Path:
    return next((each for each in (folder, *folder.absolute().parents) if each.exists()), Path("/"))
