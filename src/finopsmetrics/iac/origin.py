"""Origin: what a set of files is called in the state, so that it is known which file declares a spec."""

from __future__ import annotations

import configparser
from pathlib import Path

LONGEST = 400
"""The most letters of an origin."""


def origin_of(path: Path) -> str:
    """What a file or folder is called unless it says so itself.

    Within a git repository: the repository's name and the way from its root, which is the same on every machine that has a
    clone. Elsewhere: the absolute path.
    """
    full = path.resolve()
    for folder in full.parents if full.is_file() else (full, *full.parents):
        if (folder / ".git").exists():
            return f"{_repository(folder)}/{full.relative_to(folder).as_posix()}".removesuffix("/.")
    return full.as_posix()


def _repository(root: Path) -> str:
    """The last part of the remote origin's address, else the folder's name."""
    config = configparser.ConfigParser(strict=False, interpolation=None, allow_no_value=True)
    try:
        config.read_string(_config(root).read_text(encoding="utf-8", errors="replace"))
        url = config.get('remote "origin"', "url")
    except (OSError, configparser.Error):
        url = None
    name = (url or "").rstrip("/").removesuffix(".git").rsplit("/", 1)[-1].rsplit(":", 1)[-1]
    return name or root.name


def _config(root: Path) -> Path:
    """The repository's settings; those of the main one for a worktree, where `.git` is a file that names its folder."""
    git = root / ".git"
    if git.is_dir():
        return git / "config"
    told = git.read_text(encoding="utf-8", errors="replace").removeprefix("gitdir:").strip()
    own = (root / told).resolve()
    shared = own / "commondir"
    return (own / shared.read_text(encoding="utf-8").strip() if shared.exists() else own) / "config"
