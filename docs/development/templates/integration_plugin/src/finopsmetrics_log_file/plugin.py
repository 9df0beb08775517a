"""An integration plugin: messages, appended to a file that another tool follows."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import Field

from finopsmetrics.plugins import Health, IntegrationPlugin, Message, PluginConfig


class LogFile(IntegrationPlugin):
    """Each message is one line of JSON: title, text and facts."""

    name = "log-file"
    version = "0.1.0"
    capabilities = frozenset({"send"})

    class Config(PluginConfig):
        """Where the messages go."""

        path: Path = Field(description="The file; its folder is there already.")

    def test_connection(self) -> Health:
        """Whether the file's folder is there; nothing is written."""
        folder = Path(self.config["path"]).parent
        return Health(True) if folder.is_dir() else Health(False, f"There is no folder {folder}.")

    def send(self, message: Message) -> None:
        """Append a message."""
        facts = {name: str(value) for name, value in message.facts.items()}
        line = json.dumps({"title": message.title, "text": message.text, "facts": facts}, ensure_ascii=False)
        with Path(self.config["path"]).open("a", encoding="utf-8") as out:
            out.write(line + "\n")
