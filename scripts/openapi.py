"""Write the OpenAPI document of the app, from which the web app's client is typed: `python -m scripts.openapi FILE`."""

import json
import sys
import tempfile
from pathlib import Path

from finopsmetrics.api.app import create_app
from finopsmetrics.runtime.workspace import Workspace


def main(target: str) -> None:
    """Write the document of an app over an empty home to a file."""
    with tempfile.TemporaryDirectory() as home, Workspace(home) as workspace:
        document = create_app(workspace).openapi()
    path = Path(target)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
