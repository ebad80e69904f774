"""The operations of resumable uploads, for the OpenAPI document. They follow tus 1.0.0, not Camunda's contract."""

from __future__ import annotations

from .operations import ERROR, GUARDS, WRITING, Answer, Operation

UPLOAD_PARAMETERS = {
    "uploadId": ("path", "string", "The id of the upload, from the `Location` of its creation."),
    "Tus-Resumable": ("header", "string", "`1.0.0`, the version of tus."),
    "Upload-Length": ("header", "string", "The length of the whole upload in bytes."),
    "Upload-Offset": ("header", "string", "Where these bytes continue the upload: the offset that HEAD returned."),
    "Upload-Metadata": (
        "header",
        "string",
        "Pairs of a key and a Base64 value: `filename`, `type` or `filetype`, `charset`, `valueType` (File or Bytes).",
    ),
    "Upload-Checksum": ("header", "string", "`sha1`, `sha256` or `sha512`, then the checksum of the body in Base64."),
}

UPLOAD_HEADERS = {
    "Tus-Resumable": (r"^1\.0\.0$", "The version of tus."),
    "Upload-Offset": (r"^\d+$", "How many bytes the server has stored."),
    "Upload-Length": (r"^\d+$", "The length of the whole upload in bytes."),
    "Upload-Metadata": ("^.+$", "The metadata that were sent when the upload was created."),
    "Upload-Expires": (" GMT$", "When an unfinished upload expires."),
    "Location": (r"/uploads/[0-9a-f]{32}$", "The path of the upload."),
}

UPLOAD_PROBLEMS = {
    409: Answer("The bytes don't continue the upload at its offset.", ERROR, ("Tus-Resumable",)),
    410: Answer("The upload has expired.", ERROR, ("Tus-Resumable",)),
    423: Answer("Another request continues this upload.", ERROR, ("Tus-Resumable",)),
    460: Answer("The bytes don't match Upload-Checksum, and were discarded.", ERROR, ("Tus-Resumable",)),
    501: Answer("The storage does not support resumable uploads.", ERROR, ("Tus-Resumable",)),
}

_STATE = ("Tus-Resumable", "Upload-Offset", "Upload-Expires")
_ALL = (*WRITING, 501)
_ONE = tuple(status for status in (*_ALL, 410) if status not in (413, 415))

UPLOAD_OPERATIONS = (
    Operation(
        endpoint="uploads",
        method="post",
        id="createTaskVariableUpload",
        summary="Create Resumable Upload of Task Variable",
        description="Not in Camunda's contract. Begins an upload (tus 1.0.0). When its last byte arrives, it sets the "
        "variable. Preconditions are judged at once, and again at that moment.",
        answers={201: Answer("The upload has begun.", headers=(*_STATE[::2], "Location"))},
        problems=(*_ALL, 460),
        parameters=("Tus-Resumable", "Upload-Length", "Upload-Metadata", "Upload-Checksum", *GUARDS),
        ours=True,
    ),
    Operation(
        endpoint="upload",
        method="head",
        id="headUpload",
        summary="Get Offset of Resumable Upload",
        description="Not in Camunda's contract. Returns how many bytes of the upload the server has stored.",
        answers={200: Answer("The offset.", headers=(*_STATE, "Upload-Length", "Upload-Metadata", "Cache-Control"))},
        problems=_ONE,
        parameters=("Tus-Resumable",),
        ours=True,
    ),
    Operation(
        endpoint="upload",
        method="patch",
        id="patchUpload",
        summary="Continue Resumable Upload",
        description="Not in Camunda's contract. Adds bytes to the upload. The last byte sets the variable.",
        answers={204: Answer("The bytes are stored.", headers=_STATE)},
        problems=(*_ALL, 409, 410, 423, 460),
        parameters=("Tus-Resumable", "Upload-Offset", "Upload-Checksum"),
        body={"application/offset+octet-stream": {"type": "string", "format": "binary"}},
        ours=True,
    ),
    Operation(
        endpoint="upload",
        method="delete",
        id="deleteUpload",
        summary="End Resumable Upload",
        description="Not in Camunda's contract. Deletes the upload and its bytes. After its end, the variable stays.",
        answers={204: Answer("The upload is deleted.", headers=("Tus-Resumable",))},
        problems=_ONE,
        parameters=("Tus-Resumable",),
        ours=True,
    ),
)
