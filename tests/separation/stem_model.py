"""Have other processes know the model that takes drums apart, which no descriptor of ours describes."""

import os
from pathlib import Path

from tests.separation.engines.exchange.tiny import KIT

_HOOK = '''
"""Adds a model to the known ones as soon as they are read."""
import importlib.machinery
import sys

NAME = "separation.engines.modelspec"

class Reader(importlib.machinery.SourceFileLoader):
    def exec_module(self, module):
        super().exec_module(module)
        from tests.separation.engines.exchange.tiny import KIT
        module.SPECS[KIT.spec.slug] = KIT.spec

class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name != NAME:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        spec.loader = Reader(name, spec.origin)
        return spec

sys.meta_path.insert(0, Finder)
'''


def teach(folder: Path, models_dir: Path) -> dict[str, str]:
    """Install the model in ``models_dir``; return the environment in which Python processes know it."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(_HOOK)
    KIT.install(models_dir, KIT.files())
    return {"PYTHONPATH": os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))}
