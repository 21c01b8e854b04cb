"""A PostgreSQL server of its own for a test that stops it, which would hang all other tests on a shared one."""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from tests.e2e.server import free_port

ACCOUNT = "postgres"  # made by Debian's package; PostgreSQL refuses to run as root


class PostgreSQL:
    """Starts, pauses, resumes and stops one cluster in a folder of its own: pytest's are closed to other accounts."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"postgres://stemoteca@127.0.0.1:{self.port}/postgres"
        self._folder = Path(tempfile.mkdtemp(prefix="stemoteca-postgresql-"))
        self._data = self._folder / "data"
        if os.getuid() == 0:
            shutil.chown(self._folder, ACCOUNT)

    def start(self) -> "PostgreSQL":
        self._run("initdb", "-U", "stemoteca", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        options = (
            f"-h 127.0.0.1 -p {self.port} -k {self._folder} -c fsync=off -c unix_socket_permissions=0700"
        )
        self._run("pg_ctl", "-s", "-w", "-l", str(self._folder / "log"), "-o", options, "start")
        return self

    def pause(self) -> None:
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        self.resume()
        self._run("pg_ctl", "-s", "-m", "immediate", "stop")
        shutil.rmtree(self._folder)

    def _signal(self, number: signal.Signals) -> None:
        """Send a signal to the server and to the processes of its connections."""
        server = int((self._data / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
        for pid in (server, *map(int, children)):
            os.kill(pid, number)

    def _run(self, program: str, *arguments: str) -> None:
        binary = max(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))
        user = {"user": ACCOUNT} if os.getuid() == 0 else {}
        subprocess.run(
            [binary, "-D", self._data, *arguments],
            cwd=self._folder,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            **user,  # type: ignore[call-overload]
        )
