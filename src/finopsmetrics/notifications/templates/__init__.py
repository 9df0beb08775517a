"""Templates: in which words whom is told. Those of the package, and a home's own in its folder `templates`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path

from finopsmetrics.core.errors import UsageError
from finopsmetrics.core.findings import Finding
from finopsmetrics.notifications.templates.reading import LARGEST, Said, Template, TemplateError, plain_name, read_template
from finopsmetrics.notifications.words import WORDS

__all__ = ["Picked", "TemplateError", "Templates"]

ENDING = "_alerts.yaml"
DEFAULT = "default"


@dataclass(frozen=True)
class Picked:
    """One format of one template, and the names of the personas it speaks to."""

    template: Template
    format: str
    personas: tuple[str, ...]

    def said(self, finding: Finding) -> Said:
        """What is said of a finding: by its kind of alert, else as the format says of all."""
        form = self.template.formats[self.format]
        own = next((said for word, said in form.alerts.items() if WORDS[word].means(finding)), None)
        if own is None:
            return form
        given = {name: value for name, value in own if value is not None}
        return Said(**{**{name: getattr(form, name) for name in Said.model_fields}, **given})


@dataclass(frozen=True)
class Templates:
    """Templates by name: cfo, engineer, … and default, which speaks to everybody else."""

    known: Mapping[str, Template] = field(default_factory=dict)

    @classmethod
    def built_in(cls) -> Templates:
        """Those of the package."""
        return cls(_built_in())

    @classmethod
    def of_home(cls, root: Path) -> Templates:
        """Those of the package and a home's own `templates/NAME_alerts.yaml`, which take their place.

        Raises TemplateError with file, line and field.
        """
        found = dict(_built_in())
        for path in sorted((root / "templates").glob(f"*{ENDING}")):
            name = path.name.removesuffix(ENDING)
            if not plain_name(name):
                raise TemplateError(f"{path.name[:100]!r} cannot name a template.", cure="Use letters, digits, '_' and '-'.")
            try:
                text = path.read_text(encoding="utf-8") if path.stat().st_size <= 4 * LARGEST else " " * (LARGEST + 1)
            except (OSError, ValueError) as error:
                raise TemplateError(f"The template {path.name} cannot be read.", cure="Write it as UTF-8 text.") from error
            found[name] = read_template(text, f"templates/{path.name}")
        return cls(found)

    def of(self, persona: str) -> str | None:
        """The name of the template that speaks to a persona; None when it is the default one."""
        if persona in self.known:
            return persona
        return next((name for name, one in self.known.items() if persona in one.personas), None)

    def pick(self, persona: str | None, format: str | None) -> Picked:  # noqa: A002
        """The words for a persona in a format: the format of its template, else of the default one; or a template of that name.

        Without a format, or with one that there is not, the template's own default.
        """
        name = (self.of(persona) if persona is not None else None) or DEFAULT
        own = self.known[name]
        speaks = tuple(dict.fromkeys([*([persona] if persona is not None else []), name, *own.personas]))
        if format is not None and format in own.formats:
            return Picked(own, format, speaks)
        if format is not None and format in self.known:
            return Picked(self.known[format], self.known[format].default, (*speaks, format))
        if format is not None and format in self.known[DEFAULT].formats:
            return Picked(self.known[DEFAULT], format, speaks)
        return Picked(own, own.default, speaks)

    def check(self, format: str) -> None:  # noqa: A002
        """Raise UsageError unless a format of some template, or a template, has this name."""
        formats = {name for one in self.known.values() for name in one.formats}
        if format not in formats | self.known.keys():
            cure = f"Formats are {', '.join(sorted(formats))}; or name a template: {', '.join(sorted(self.known))}."
            raise UsageError(f"There is no format {format[:80]!r}.", cure=cure)


@cache
def _built_in() -> Mapping[str, Template]:
    here = files(__package__)
    names = sorted(entry.name for entry in here.iterdir() if entry.name.endswith(ENDING))
    return {name.removesuffix(ENDING): read_template(here.joinpath(name).read_text(encoding="utf-8"), name) for name in names}
