"""Write what is derived from the kinds: docs/kinds/*.md and the JSON Schema of a file. `--check` only says what is stale."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined, to_jsonable_python

from finopsmetrics.core.form import Form, fields_of
from finopsmetrics.core.spec import Spec
from finopsmetrics.iac.file_schema import file_schema
from finopsmetrics.kinds import KINDS

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "kinds"
SCHEMA = "finopsmetrics.schema.json"
MADE = "<!-- Written by scripts/generate.py: change the kind, not this page. -->\n"
SORTS = {
    "text": "text",
    "number": "number",
    "whole": "whole number",
    "flag": "true or false",
    "date": "date",
    "data": "any",
}


def type_of(form: Form) -> str:
    """What a field is, in words for its table; parts link to their own table."""
    if form.sort == "word":
        return ", ".join(f"`{word}`" for word in form.words)
    if form.label and form.of is None:
        return form.label
    if form.sort == "map":
        return form.label or f"map of {type_of(form.of)}" if form.of else "map"
    if form.sort == "list" and form.of is not None:
        return f"{form.size} of {type_of(form.of)}" if form.size else f"list of {type_of(form.of)}"
    if form.model is not None:
        return f"[{form.model.__name__}](#{form.model.__name__.lower()})"
    if form.variants:
        return " or ".join(f"[{part.__name__}](#{part.__name__.lower()})" for part in form.variants.values())
    return SORTS[form.sort]


def default_of(field: FieldInfo) -> str:
    """What stands where a field is left out; nothing where that is nothing."""
    if field.default is PydanticUndefined:
        return "needed"
    value = to_jsonable_python(field.default)
    return f"`{json.dumps(value) if not isinstance(value, str) else value}`" if value not in (None, "", [], {}) else ""


def table(model: type[BaseModel]) -> str:
    """The fields of a part as a table."""
    rows = ["| field | type | default | meaning |", "|---|---|---|---|"]
    forms = fields_of(model)
    for name, field in model.model_fields.items():
        rows.append(
            f"| `{name}` | {type_of(forms[name])} | {default_of(field)} | {(field.description or '').replace('|', '&#124;')} |"
        )
    return "\n".join(rows)


def parts_of(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """The parts within a part, each before those within it."""
    for form in fields_of(model).values():
        inner: Form | None = form
        while inner is not None:
            for part in [*([inner.model] if inner.model else []), *inner.variants.values()]:
                yield part
                yield from parts_of(part)
            inner = inner.of


class _Dumper(yaml.SafeDumper):
    """Writes texts of many lines as blocks."""


_Dumper.add_representer(
    str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)
)


def example_of(spec: type[Spec]) -> str:
    """The example as a section of a file."""
    return yaml.dump({spec.plural: [dict(spec.example)]}, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


def page(spec: type[Spec]) -> str:
    """The reference page of one kind."""
    acts = f"Acted on by `{spec.engine}`." if spec.engine else "Nothing acts on it yet: it is kept, checked and shown."
    parts = "".join(
        f"\n### {part.__name__}\n\n{(part.__doc__ or '').strip()}\n\n{table(part)}\n" for part in dict.fromkeys(parts_of(spec))
    )
    return (
        f"# {spec.kind}\n\n{MADE}\n{(spec.__doc__ or '').strip()}\n\n"
        f"Section of a file: `{spec.plural}`. {acts} Schema: [`{SCHEMA}`]({SCHEMA}) at `#/$defs/{spec.__name__}`.\n\n"
        f"## Example\n\n```yaml\n{example_of(spec)}```\n\n## Fields\n\n{table(spec)}\n{parts}"
    )


def index() -> str:
    """The page of all kinds: the table, and what is written by hand in kinds_index.md."""
    rows = ["| kind | section | what it declares | acted on by |", "|---|---|---|---|"]
    for kind, spec in KINDS.items():
        told = (spec.__doc__ or "").strip().splitlines()[0]
        rows.append(f"| [{kind}]({kind}.md) | `{spec.plural}` | {told} | {spec.engine or 'nothing yet'} |")
    text = (Path(__file__).parent / "kinds_index.md").read_text()
    return text.replace("{made}\n", MADE).replace("{kinds}\n", "\n".join(rows) + "\n").replace("{count}", str(len(KINDS)))


def files() -> dict[Path, str]:
    """Every generated file with its text."""
    pages = {TARGET / f"{kind}.md": page(spec) for kind, spec in KINDS.items()}
    schema = json.dumps(file_schema(), indent=1, ensure_ascii=False, sort_keys=False) + "\n"
    return pages | {TARGET / "README.md": index(), TARGET / SCHEMA: schema}


def main(arguments: list[str]) -> int:
    """Write the files; with --check say which are stale, 1 where there are any."""
    if set(arguments) - {"--check"}:
        print("usage: python scripts/generate.py [--check]")
        return 2
    made = files()
    stale = [path for path, text in made.items() if not path.is_file() or path.read_text() != text]
    stale += [path for path in sorted(TARGET.glob("*")) if path not in made]
    for path in stale:
        print(f"{'stale' if '--check' in arguments else 'written' if path in made else 'removed'}: {path.relative_to(ROOT)}")
        if "--check" not in arguments:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(made[path]) if path in made else path.unlink()
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
