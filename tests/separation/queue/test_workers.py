import os
import subprocess
import sys

from separation.queue import workers
from separation.queue.workers import is_dead


def test_is_dead_follows_the_process() -> None:
    assert not is_dead(workers.new_owner())
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    started = workers.process_started(child.pid)
    owner = f"{workers.host()}/{child.pid}/{started}/abcd"
    assert not is_dead(owner)
    child.communicate(b"\n")
    assert is_dead(owner)


def test_is_dead_when_another_process_has_the_same_id() -> None:
    assert is_dead(f"{workers.host()}/{os.getpid()}/1/abcd")


def test_is_dead_is_false_for_other_hosts_and_no_owner() -> None:
    assert not is_dead(f"0123456789ab@elsewhere/{os.getpid()}/1/abcd"), "nobody can know from here"
    assert not is_dead("")
