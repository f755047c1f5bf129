"""A folder and a bucket: what is promised of one is tried with both. The server is on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import boto3
import pytest
from moto.server import ThreadedMotoServer

from marketplace import config
from marketplace.files import service

KEYS = {"key": "only-here", "secret": "nowhere else"}


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_server: str) -> config.FilesSettings:
    """The settings of a bucket of its own."""
    name = f"bucket-{uuid4().hex[:12]}"
    client = boto3.client("s3", endpoint_url=s3_server, region_name="us-east-1",
                          aws_access_key_id=KEYS["key"], aws_secret_access_key=KEYS["secret"])
    client.create_bucket(Bucket=name)
    client.close()
    return config.FilesSettings(f"s3://{name}/kept/here", s3_server, "us-east-1", **KEYS)


@pytest.fixture
def back_to_the_usual(app, settings) -> Iterator[None]:
    """What a test binds is bound no longer when it ends."""
    yield
    service.bind(settings.files, settings.var / "files")


@pytest.fixture
def in_a_bucket(bucket, tmp_path: Path, back_to_the_usual) -> config.FilesSettings:
    service.bind(bucket, tmp_path / "var")
    return bucket


# A bucket knows no database, so on a second one it says nothing new.
@pytest.fixture(params=["folder", pytest.param("bucket", marks=pytest.mark.once)])
def kept_in(request, tmp_path: Path, back_to_the_usual) -> str:
    """Files are kept here from now on."""
    if request.param == "bucket":
        service.bind(request.getfixturevalue("bucket"), tmp_path / "var")
    else:
        service.bind(config.FilesSettings(), tmp_path / "var")
    return request.param
