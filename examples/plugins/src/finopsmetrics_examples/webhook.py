"""An integration plugin: messages, posted as JSON to an HTTPS address."""

from __future__ import annotations

from pydantic import Field

from finopsmetrics.plugins import Health, IntegrationPlugin, Message, PluginConfig, PluginError, Secret
from finopsmetrics.plugins.http import check_url, post_json


class Webhook(IntegrationPlugin):
    """Posts `{"title": …, "text": …, "facts": {…}}`; a token goes along as `Authorization: Bearer`."""

    name = "webhook"
    version = "1.0.0"
    capabilities = frozenset({"send"})

    class Config(PluginConfig):
        """Where to, and with which token."""

        url: str = Field(description="The address, https://… .")
        token: Secret | None = Field(default=None, description="A token, as env:NAME or file:PATH.")
        allow_private: bool = Field(default=False, description="Whether the address may be in a private network, and HTTP.")
        timeout: float = Field(default=10, gt=0, le=60, description="Seconds to wait.")

    def test_connection(self) -> Health:
        """Whether the address may be posted to and its host can be found; nothing is posted."""
        try:
            host, _ = check_url(self.config["url"], private=self.config["allow_private"])
        except PluginError as error:
            return Health(False, str(error))
        return Health(True, f"Messages go to {host}.")

    def send(self, message: Message) -> None:
        """Post a message. Raises PluginError when nobody answers, or the answer is no success."""
        token = self.config["token"]
        headers = {"Authorization": f"Bearer {token.get_secret_value()}"} if token else {}
        facts = {name: str(value) for name, value in message.facts.items()}
        body = {"title": message.title, "text": message.text, "facts": facts}
        post_json(self.config["url"], body, headers=headers, timeout=self.config["timeout"], private=self.config["allow_private"])
