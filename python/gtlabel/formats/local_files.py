"""Addresses of files, and the local files that they stand for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlparse

from gtlabel._core import InvalidArgument


def local_file(
    address: str, folder: Path, buckets: Mapping[str, str | os.PathLike[str]], where: str, bucket_argument: str
) -> Path:
    """The file that a path, a ``file:`` URI or an ``s3:`` URI of a known bucket stands for.

    Parameters
    ----------
    folder
        Where relative paths begin.
    buckets
        Bucket name -> local folder, which no address of the bucket leaves.
    where
        What has the address, for messages.
    bucket_argument
        How folders of buckets are given, for messages: with ``{}`` for the name.
    """
    scheme, _, rest = address.partition("://")
    if scheme == "s3" and rest:
        bucket, _, key = rest.partition("/")
        if bucket not in buckets:
            said = bucket_argument.format(bucket)
            raise InvalidArgument(f"{where}: {address} is far away; say where its files are: {said}")
        root = Path(buckets[bucket]).resolve()
        file = Path(os.path.normpath(root / key))
        if not file.is_relative_to(root):
            raise InvalidArgument(f"{where}: {address} leaves its bucket")
        return file
    if scheme == "file" and rest:
        return Path(unquote(urlparse(address).path))
    if rest and scheme.isalpha():
        raise InvalidArgument(f"{where}: {address} is far away, expected a local file")
    return folder / address
