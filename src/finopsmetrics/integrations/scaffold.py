"""The start of a new integration: a manifest and a mapping that the contract refuses until they are real."""

from __future__ import annotations

import re
from pathlib import Path

from finopsmetrics.core.errors import ConflictError, UsageError

_MANIFEST = """\
name: {name}
title: {title}
docs: docs/integrations/{name}.md
capabilities:
  charges:
    - id: bill
      title: the bill of {title}
      version: 1
      module: bill
      files: [csv]
      required: []  # the columns that money depends on; the contract fails while there are none
      tier: bronze
      fixtures: []  # a file of the vendor's: path, provenance, licence, source, and what is billed in it; the contract wants one
"""
_MAPPING = '''\
"""The bill of {title} as FOCUS charges: SQL over the delivered table `r`. Pure."""

from __future__ import annotations

from finopsmetrics.integrations.native import Mapped, Native, Rows

AMOUNTS: tuple[str, ...] = ()  # the canonical names of the columns that hold amounts


def facts(native: Native) -> dict[str, str]:
    """Nothing needs to be known beforehand."""
    return {{}}


def mapping(native: Native) -> Mapped:
    """The charges. The contract fails until every column that a charge needs is mapped."""
    return Mapped((Rows({{}}),))
'''


def write_scaffold(name: str, folder: Path) -> list[Path]:
    """Write the folder of a new integration into `folder` and give its files. Raises UsageError or ConflictError."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name):
        raise UsageError(f"{name!r} is no name of an integration.", cure="Use lower-case letters, digits and underscores.")
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder}.", cure="Make it first, or name another with --into.")
    home = folder / name
    if home.exists():
        raise ConflictError(f"{home} is there already.", cure="Choose another name, or remove it.")
    title = name.replace("_", " ").title()
    written = {
        "manifest.yaml": _MANIFEST.format(name=name, title=title),
        "__init__.py": f'"""{title}: its bills."""\n',
        "bill.py": _MAPPING.format(title=title),
    }
    home.mkdir()
    for file, text in written.items():
        (home / file).write_text(text, encoding="utf-8")
    return [home / file for file in written]
