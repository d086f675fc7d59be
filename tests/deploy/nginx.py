"""Starts Debian's nginx on deploy/nginx.conf: only ports and folders are others than an operator's."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DEPLOY = Path(__file__).parents[2] / "deploy"

MAIN = """
{user} worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/errors;
events {{ worker_connections 512; }}
http {{
  access_log off; keepalive_requests 1000000;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  {http}
}}
"""


def configure(folder: Path, http: str) -> Path:
    """The whole of a configuration for one nginx that keeps all it writes in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    user = "user root root;" if os.geteuid() == 0 else ""
    path = folder / "nginx.conf"
    path.write_text(MAIN.format(user=user, folder=folder, http=http))
    return path


def ours(folder: Path, *, port: int, site: int) -> str:
    """deploy/nginx.conf as it is, with other ports and folders; what it includes lies in `extras` there."""
    text = (DEPLOY / "nginx.conf").read_text()
    changes = {
        "listen 80;": f"listen 127.0.0.1:{port};",
        "listen [::]:80;": "",
        "127.0.0.1:8000": f"127.0.0.1:{site}",
        "/var/cache/nginx/unroll": f"{folder}/cache",
        "/etc/nginx/unroll/": f"{folder}/extras/",
    }
    for theirs, here in changes.items():
        if theirs not in text:
            raise AssertionError(f"deploy/nginx.conf has no {theirs}")
        text = text.replace(theirs, here)
    return text


def check(config: Path) -> str:
    """What `nginx -t` has to say about it."""
    words = [_program(), "-t", "-q", "-c", str(config)]
    return subprocess.run(words, capture_output=True, text=True, check=False).stderr


@contextmanager
def running(config: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([_program(), "-c", str(config)])
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


def installed() -> bool:
    return shutil.which(_program()) is not None


def _program() -> str:
    """Debian keeps it where only root looks."""
    return shutil.which("nginx") or "/usr/sbin/nginx"
