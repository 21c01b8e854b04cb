"""Hooks of MkDocs: pages of the site that are kept elsewhere in the repository, and links to them."""

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
ELSEWHERE = {
    "ARCHITECTURE.md": "architecture.md",
    "CHANGELOG.md": "changelog.md",
    "CODE_OF_CONDUCT.md": "code-of-conduct.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "separation/engines/spleeter/bundled/MODEL.md": "bundled-models.md",
    "training/README.md": "training.md",
}
"""Path in the repository, path in the site."""

_LINK = re.compile(r"\[([^\]]+)\]\((?![a-z]+:|#)([^)#\s]*)(#[^)\s]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what is kept elsewhere."""
    for path, page in ELSEWHERE.items():
        files.append(File.generated(config, page, content=(ROOT / path).read_text()))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001  # named by MkDocs
    """Lead links of the repository to pages of the site; what is no page of it stays as its name."""
    here = page.file.src_uri
    origin = next((path for path, name in ELSEWHERE.items() if name == here), f"docs/{here}")

    def link(found: re.Match[str]) -> str:
        text, target, fragment = found[1], found[2], found[3] or ""
        path = posixpath.normpath(posixpath.join(posixpath.dirname(origin), target))
        to = ELSEWHERE.get(path) or path.removeprefix("docs/")
        if path not in ELSEWHERE and not path.startswith("docs/"):
            if not (ROOT / path).exists():
                raise FileNotFoundError(f"{origin} links to {path}, which does not exist")
            return text
        return f"[{text}]({posixpath.relpath(to, posixpath.dirname(here) or '.')}{fragment})"

    return _LINK.sub(link, markdown)
