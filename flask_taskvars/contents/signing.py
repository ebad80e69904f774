"""Sign URLs of S3 objects for a short time (AWS Signature Version 4, in the query)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote, urlsplit


@dataclass(frozen=True, slots=True)
class S3Signer:
    """Signs with fixed keys. We do it ourselves, because obstore signs without `response-*` parameters.

    :param endpoint: the server's URL, without a bucket.
    :param region: the bucket's region.
    :param token: the session token of temporary keys.
    """

    endpoint: str
    region: str
    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)

    def url(self, path: str, parameters: Mapping[str, str], now: datetime, seconds: int = 60) -> str:
        """Sign a GET.

        :param path: `/bucket/key`, not quoted.
        :param parameters: further parameters of the query, such as `response-content-type`.
        :param now: the present time in UTC.
        :param seconds: how long the URL is valid.
        """
        moment = f"{now:%Y%m%dT%H%M%SZ}"
        scope = f"{now:%Y%m%d}/{self.region}/s3/aws4_request"
        given = {
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Credential": f"{self.access_key}/{scope}",
            "X-Amz-Date": moment,
            "X-Amz-Expires": str(seconds),
            "X-Amz-SignedHeaders": "host",
            **parameters,
        }
        if self.token:
            given["X-Amz-Security-Token"] = self.token
        query = "&".join(f"{quote(name, safe='')}={quote(given[name], safe='')}" for name in sorted(given))
        place = quote(path)
        request = f"GET\n{place}\n{query}\nhost:{urlsplit(self.endpoint).netloc}\n\nhost\nUNSIGNED-PAYLOAD"
        digest = hashlib.sha256(request.encode()).hexdigest()
        signature = self._signature(scope, f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{digest}")
        return f"{self.endpoint.rstrip('/')}{place}?{query}&X-Amz-Signature={signature}"

    def _signature(self, scope: str, text: str) -> str:
        key = f"AWS4{self.secret_key}".encode()
        for part in (*scope.split("/"), text):
            key = hmac.digest(key, part.encode(), "sha256")
        return key.hex()
