"""The plan of a resumable upload: which variable its bytes will become. It is stored until the last request."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from werkzeug.datastructures import Headers
from werkzeug.http import parse_options_header

from ..errors import BadMediaType, InvalidFile, InvalidRequest, TooLarge
from ..http.headers import OCTET_STREAM
from ..http.tus import MAX_METADATA, read_metadata
from ..values import Bytes, Content, File
from .guard import CONDITIONS
from .uploads import CONTENT_TYPE


@dataclass(frozen=True, slots=True)
class Plan:
    """The variable that an upload will set, and under which preconditions.

    :param local: whether the upload began below `localVariables`.
    :param metadata: the header Upload-Metadata as it was sent; HEAD returns it.
    :param conditions: the preconditions of the first request, judged again when the variable is set.
    :param owner: a random salt, and the hash of this salt with the name of the caller who began the upload.
    """

    name: str
    local: bool
    metadata: str
    conditions: Mapping[str, str]
    owner: str

    @classmethod
    def make(cls, name: str, headers: Headers, caller: str, *, local: bool) -> Plan:
        """Make the plan from the request that begins the upload.

        :raises InvalidRequest: the metadata can't be read, or doesn't describe a File or Bytes.
        :raises TooLarge: the metadata or the preconditions are too long.
        """
        conditions = {header: headers[header] for header in CONDITIONS if header in headers}
        if sum(map(len, conditions.values())) > MAX_METADATA:
            raise TooLarge(f"The preconditions of an upload have at most {MAX_METADATA} bytes.")
        salt = secrets.token_hex(8)
        plan = cls(name, local, headers.get("Upload-Metadata", ""), conditions, _owner(salt, caller))
        plan.value(None)
        return plan

    @classmethod
    def read(cls, text: str) -> Plan:
        """Read a plan back from the text that :meth:`text` wrote."""
        return cls(**json.loads(text))

    def text(self) -> str:
        """Write the plan as text, which the storage keeps as :attr:`Upload.about`."""
        return json.dumps(asdict(self))

    def belongs_to(self, caller: str) -> bool:
        """Tell whether this caller began the upload."""
        return secrets.compare_digest(self.owner, _owner(self.owner.partition(":")[0], caller))

    @property
    def headers(self) -> Headers:
        """Return the preconditions as headers."""
        return Headers(dict(self.conditions))

    def value(self, content: Content | None) -> Bytes | File:
        """Make the value: a File if the metadata has a `filename`, otherwise Bytes; `valueType` overrides this.

        :raises InvalidRequest: the metadata doesn't describe a File or Bytes.
        """
        given = read_metadata(self.metadata)
        default = "File" if "filename" in given else "Bytes"
        kind = given.get("valueType", default)
        match kind[:1].upper() + kind[1:]:
            case "Bytes":
                return Bytes(content)
            case "File":
                return _file(given, content)
        raise InvalidRequest("The valueType in Upload-Metadata must be File or Bytes.")


def _owner(salt: str, caller: str) -> str:
    return f"{salt}:{hashlib.sha256(f'{salt}:{caller}'.encode(errors='surrogatepass')).hexdigest()}"


def _file(given: Mapping[str, str], content: Content | None) -> File:
    if "filename" not in given:
        raise InvalidFile("Cannot create file without filename! Send one in Upload-Metadata.")
    text = given.get("type") or given.get("filetype") or OCTET_STREAM
    if not CONTENT_TYPE.fullmatch(text):
        raise BadMediaType
    media_type, options = parse_options_header(text)
    encoding = given.get("charset") or options.get("encoding") or options.get("charset")
    return File(content, filename=given["filename"], mimetype=media_type.lower(), encoding=encoding)
