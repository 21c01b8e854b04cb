"""Loaded before Django: gives every test process a data folder (and a Redis database) of its own."""

import atexit
import os
import shutil
import tempfile

folder = tempfile.mkdtemp(prefix="stemoteca-tests-")
os.environ["STEMOTECA_DATA"] = folder
os.environ["STEMOTECA_EMAIL"] = "memorymail://"
atexit.register(shutil.rmtree, folder, ignore_errors=True)

worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
if redis := os.environ.get("STEMOTECA_REDIS"):
    os.environ["STEMOTECA_REDIS"] = f"{redis.rpartition('/')[0]}/{int(worker) % 16}"
