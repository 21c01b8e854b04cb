"""Loaded before Django: gives every test process a data folder of its own, outside the project."""

import atexit
import os
import shutil
import tempfile

if "STEMOTECA_DATA" not in os.environ or "PYTEST_XDIST_WORKER" in os.environ:
    folder = tempfile.mkdtemp(prefix="stemoteca-tests-")
    os.environ["STEMOTECA_DATA"] = folder
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
os.environ.setdefault("STEMOTECA_EMAIL", "memorymail://")
