"""What goes wrong with plugins: each error names the plugin, and what to do about it.

PluginError
├── ContractError     it is not what a plugin must be
├── PluginConfigError its settings are not what it takes
├── TimeLimitError    it did not answer in time
├── SuspendedError    it failed too often, and is left alone until the process ends
├── NoCapabilityError an integration was asked for what it does not do
└── CallError         its own code raised
"""

from __future__ import annotations

from finopsmetrics.core.errors import FinOpsError


class PluginError(FinOpsError):
    """A plugin cannot be used, or failed."""

    code = "plugin"
    http_status = 502


class ContractError(PluginError):
    """A class, a function or an object is not what a plugin must be."""

    code = "plugin_contract"
    http_status = 422


class PluginConfigError(PluginError):
    """The settings of a plugin are not what it takes."""

    code = "plugin_config"
    exit_code = 2
    http_status = 422


class TimeLimitError(PluginError):
    """A plugin did not answer in time; what it gives later is dropped."""

    code = "plugin_time_limit"

    def __init__(self, seconds: float) -> None:
        super().__init__(f"It did not answer within {seconds:g} s.", retryable=True)


class SuspendedError(PluginError):
    """A plugin failed several times in a row and is left alone until the process ends."""

    code = "plugin_suspended"


class CallError(PluginError):
    """A plugin's own code raised; the message is the plugin's, without the secrets of its settings."""

    code = "plugin_failed"


class NoCapabilityError(PluginError):
    """An integration was asked for a capability that it does not declare."""

    code = "plugin_capability"
    exit_code = 2
    http_status = 400
