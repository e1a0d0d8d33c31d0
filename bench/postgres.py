"""A PostgreSQL server of our own in a temporary folder, for tests and figures; it ends with this process."""

import contextlib
import ctypes
import glob
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

USER: Final = "wxlink"
READY_WITHIN_S: Final = 60.0
STOP_WITHIN_S: Final = 30.0
NOBODY: Final = ("postgres", "nobody")  # who runs it when we are root, which it refuses to run as

# What is lost when the machine fails is of no interest here, and every commit would wait for the disk. What
# is committed is with the kernel, and survives `kill`.
CARELESS: Final[Mapping[str, str]] = {"fsync": "off", "full_page_writes": "off"}
_SETTINGS: Final[Mapping[str, str]] = {
    "listen_addresses": "",  # a socket in the folder only: no port to draw, nobody else to keep out
    "max_connections": "200",
    "shared_buffers": "32MB",
    "autovacuum_naptime": "1d",
    "log_min_messages": "warning",
}


class NoPostgres(RuntimeError):
    """There is no PostgreSQL here; the text says what to install."""


class Postgres:
    """One server. `url` is for the store; `stop`, `kill` and `start` play a restart or a crash."""

    def __init__(self, folder: Path, settings: Mapping[str, str] = CARELESS) -> None:
        self._programs = programs()
        self._folder = folder
        self._password = secrets.token_urlsafe(18)
        self._settings = {**_SETTINGS, **settings, "unix_socket_directories": str(folder)}
        self._as: dict[str, Any] = {}
        if os.getuid() == 0:
            owner = _unprivileged()
            os.chown(folder, owner.pw_uid, owner.pw_gid)
            self._as = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        self._process: subprocess.Popen[bytes] | None = None
        self._make()

    def url(self, database: str, user: str = USER, password: str | None = None) -> str:
        """The SQLAlchemy URL of a database."""
        word = self._password if password is None else password
        return f"postgresql+asyncpg://{user}:{word}@/{database}?host={self._folder}"

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run one statement as the owner of everything; its rows as text, columns parted by `|`."""
        command = [self._program("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", str(self._folder)]
        done = subprocess.run(
            [*command, "-U", USER, "-d", database, "-c", statement],
            env={**os.environ, "PGPASSWORD": self._password},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{statement}: {done.stderr.strip()}")
        return done.stdout.strip()

    def fresh(self) -> str:
        """Make an empty database; its URL."""
        name = f"db_{secrets.token_hex(6)}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE template0")
        return self.url(name)

    def start(self) -> None:
        """Start it and wait until it takes connections. From the main thread: it ends with the thread."""
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError(
                "start PostgreSQL from the main thread: it ends with the thread that started it"
            )
        settings = [f"--{name}={value}" for name, value in self._settings.items()]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._program("postgres"), "-D", str(self._data), *settings],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509  one call of libc, which takes no lock
                **self._as,
            )
        deadline = time.monotonic() + READY_WITHIN_S
        while True:
            with contextlib.suppress(RuntimeError):
                self.sql("SELECT 1")
                return
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = (self._folder / "log").read_text("utf-8", "replace")[-2000:]
                raise RuntimeError(f"PostgreSQL did not start:\n{said}")
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it. SIGINT cuts all connections at once, SIGQUIT leaves what a crash leaves."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(how)
            try:
                self._process.wait(STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None

    def kill(self) -> None:
        """End it as `kill -9` of all its processes does."""
        if self._process:
            pid = self._process.pid
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
            for each in (pid, *map(int, children)):  # each of them leads a session of its own
                with contextlib.suppress(ProcessLookupError):
                    os.kill(each, signal.SIGKILL)
            self._process.wait()
        self._process = None

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _program(self, name: str) -> str:
        return str(self._programs / name)

    def _make(self) -> None:
        password = self._folder / "password"
        password.write_text(self._password + "\n", "utf-8")
        password.chmod(0o644)  # the folder is its owner's alone
        command = [self._program("initdb"), "-D", str(self._data), "-U", USER, f"--pwfile={password}"]
        command += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", **self._as)
        password.unlink()
        if done.returncode:
            raise RuntimeError(f"initdb failed: {done.stderr.strip()}")


def programs() -> Path:
    """The folder with the newest PostgreSQL's programs. Raises NoPostgres."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    folders = [Path(path) for path in glob.glob("/usr/lib/postgresql/*/bin") if Path(path, "initdb").exists()]
    if not folders:
        raise NoPostgres("PostgreSQL is not installed: sudo apt-get install postgresql")
    return max(folders, key=lambda folder: int(folder.parent.name))


@contextmanager
def private_postgres(settings: Mapping[str, str] = CARELESS) -> Iterator[Postgres]:
    """A running server in a folder of its own. settings: of postgresql.conf. Raises NoPostgres."""
    programs()
    # Not below a folder of pytest's: those are closed to the user that runs the server.
    with tempfile.TemporaryDirectory(prefix="wxlink-pg-", ignore_cleanup_errors=True) as folder:
        server = Postgres(Path(folder), settings)
        try:
            server.start()
            yield server
        finally:
            server.stop()


def _unprivileged() -> pwd.struct_passwd:
    for name in NOBODY:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise NoPostgres("PostgreSQL does not run as root, and there is no user `postgres` or `nobody` here")


_libc: Final = ctypes.CDLL(None)


def _die_with_parent() -> None:
    _libc.prctl(1, signal.SIGQUIT)  # PR_SET_PDEATHSIG, after the change of user, which would clear it
