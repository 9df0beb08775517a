"""Containers of Azure Blob storage, read only, by azure-storage-blob."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC
from typing import Any

from finopsmetrics.integrations.collecting import SourceAccessError, SourceChangedError, SourceError
from finopsmetrics.integrations.objects import Object

BLOCK = 4 << 20
_CURE = "Give the connection's credentials the role of docs/integrations/azure.md, or renew them."


class Container:
    """One container; see `objects.Store`."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.name = str(client.container_name)

    def objects(self, prefix: str) -> Iterator[Object]:
        """Every blob under a prefix."""
        with told(f"list the container {self.name}"):
            for blob in self._client.list_blobs(name_starts_with=prefix):
                moment = blob.last_modified.astimezone(UTC).replace(tzinfo=None)
                digest = blob.content_settings.content_md5
                yield Object(
                    blob.name, str(blob.etag).strip('"'), int(blob.size), moment, bytes(digest).hex() if digest else None
                )

    def blocks(self, key: str, tag: str, start: int = 0) -> Iterator[bytes]:
        """The bytes of a blob from `start` on."""
        from azure.core import MatchConditions

        with told(f"read {key}"):
            found = self._client.get_blob_client(key).download_blob(
                offset=start or None, etag=f'"{tag}"', match_condition=MatchConditions.IfNotModified
            )
            yield from found.chunks()


def container(url: str, name: str, credential: Any) -> Container:
    """A container of a storage account that waits when it is throttled and tries again what may pass."""
    from azure.storage.blob import ContainerClient

    client = ContainerClient(
        url,
        name,
        credential=credential,
        retry_total=6,
        connection_timeout=20,
        read_timeout=60,
        max_single_get_size=BLOCK,
        max_chunk_get_size=BLOCK,
    )
    return Container(client)


def credential(secrets: Mapping[str, str], tenant: str | None, client: str | None) -> Any:
    """A SAS token, an account key, a service principal, or what the machine itself is given, in this order."""
    if "sas_token" in secrets:
        from azure.core.credentials import AzureSasCredential

        return AzureSasCredential(secrets["sas_token"].removeprefix("?"))
    if "account_key" in secrets:
        return secrets["account_key"]
    from azure.identity import ClientSecretCredential, DefaultAzureCredential

    if "client_secret" in secrets:
        if not tenant or not client:
            raise SourceError("A client secret needs `tenant_id` and `client_id`.", cure="Add them to the settings.")
        return ClientSecretCredential(tenant, client, secrets["client_secret"])
    return DefaultAzureCredential(managed_identity_client_id=client)


@contextmanager
def told(what: str) -> Iterator[None]:
    """Errors of Azure's libraries as ours: refused, changed meanwhile, not there, or failed."""
    from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError, ResourceModifiedError

    try:
        yield
    except ResourceModifiedError as error:
        raise SourceChangedError(f"Azure could not {what}: it was replaced meanwhile.") from error
    except ClientAuthenticationError as error:
        raise SourceAccessError(f"Azure did not let us {what} ({_first(error)}).", cure=_CURE) from error
    except HttpResponseError as error:
        code = getattr(error, "error_code", None) or error.status_code
        if error.status_code in {401, 403}:
            raise SourceAccessError(f"Azure did not let us {what} ({code}).", cure=_CURE) from error
        if error.status_code in {404, 409}:
            cause = f"Azure could not {what} ({code})."
            raise SourceError(cause, cure="Check the connection's account, container and prefixes.") from error
        raise SourceError(f"Azure could not {what} ({code}).", cure="Sync again.", retryable=True) from error
    except AzureError as error:
        raise SourceError(f"Azure could not {what} ({_first(error)}).", cure="Sync again.", retryable=True) from error


def _first(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
