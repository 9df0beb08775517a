"""Buckets of S3, read only, by boto3."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC
from typing import Any

from finopsmetrics.integrations.collecting import SourceAccessError, SourceChangedError, SourceError
from finopsmetrics.integrations.objects import Object

BLOCK = 1 << 20
_REFUSED = {
    "AccessDenied",
    "403",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "InvalidToken",
    "UnrecognizedClientException",
    "AllAccessDisabled",
}
_CURE = "Give the connection's credentials the policy of docs/integrations/aws.md, or renew them."


class Bucket:
    """One bucket; see `objects.Store`."""

    def __init__(self, client: Any, name: str) -> None:
        self._client, self.name = client, name

    def objects(self, prefix: str) -> Iterator[Object]:
        """Every object under a prefix."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix)
        with told(f"list the bucket {self.name}"):
            for page in pages:
                for entry in page.get("Contents", ()):
                    tag = entry["ETag"].strip('"')
                    moment = entry["LastModified"].astimezone(UTC).replace(tzinfo=None)
                    # The tag of an object that was uploaded in one go and is not encrypted by a key of its own is its MD5; boto3
                    # checks what it reads, so that it need not be checked here.
                    yield Object(entry["Key"], tag, int(entry["Size"]), moment)

    def blocks(self, key: str, tag: str, start: int = 0) -> Iterator[bytes]:
        """The bytes of an object from `start` on."""
        wanted = {"Bucket": self.name, "Key": key, "IfMatch": f'"{tag}"', **({"Range": f"bytes={start}-"} if start else {})}
        with told(f"read {key}"):
            yield from self._client.get_object(**wanted)["Body"].iter_chunks(BLOCK)


def session(
    secrets: Mapping[str, str], region: str | None, role: str | None, external_id: str | None, endpoint: str | None
) -> Any:
    """A session of boto3 with a connection's keys, else those of the machine; in a role, where one is named."""
    import boto3

    made = boto3.Session(
        aws_access_key_id=secrets.get("access_key_id"),
        aws_secret_access_key=secrets.get("secret_access_key"),
        aws_session_token=secrets.get("session_token"),
        region_name=region,
    )
    if role is None:
        return made
    with told(f"take the role {role}"):
        asked = {"RoleArn": role, "RoleSessionName": "finopsmetrics", **({"ExternalId": external_id} if external_id else {})}
        given = client(made, "sts", endpoint).assume_role(**asked)["Credentials"]
    return boto3.Session(
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
        region_name=region,
    )


def client(made: Any, service: str, endpoint: str | None) -> Any:
    """A client of a service that waits when it is throttled and tries again what may pass."""
    from botocore.config import Config

    config = Config(
        retries={"mode": "adaptive", "total_max_attempts": 8},
        connect_timeout=20,
        read_timeout=60,
        s3={"addressing_style": "path"} if endpoint else None,
        proxies={},
    )
    return made.client(service, endpoint_url=endpoint, config=config)


@contextmanager
def told(what: str) -> Iterator[None]:
    """Errors of boto3 as ours: refused, changed meanwhile, not there, or failed."""
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        message = " ".join(str(error.response.get("Error", {}).get("Message", "")).split())[:200]
        if code in {"PreconditionFailed", "412"}:
            raise SourceChangedError(f"AWS could not {what}: it was replaced meanwhile.") from error
        if code in _REFUSED:
            raise SourceAccessError(f"AWS did not let us {what} ({code}: {message}).", cure=_CURE) from error
        if code in {"NoSuchBucket", "NoSuchKey", "404", "PermanentRedirect"}:
            raise SourceError(
                f"AWS could not {what} ({code}).", cure="Check the connection's bucket, region and prefix."
            ) from error
        raise SourceError(f"AWS could not {what} ({code}: {message}).", cure="Sync again.", retryable=True) from error
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise SourceAccessError(f"AWS did not let us {what}: there are no credentials.", cure=_CURE) from error
    except BotoCoreError as error:
        first = str(error).splitlines()[0][:200]
        raise SourceError(f"AWS could not {what} ({first}).", cure="Sync again.", retryable=True) from error
