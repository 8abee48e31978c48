"""How large an upload may be is known before its first byte is read: its length comes first."""

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler

UPLOAD_BYTES_MAX = 64 * 1024 * 1024
#: The form around the file.
FORM_BYTES_MAX = 64 * 1024


class BoundedUploadHandler(FileUploadHandler):
    """Stands before those that keep what comes."""

    def handle_raw_input(
        self,
        input_data: Any,
        META: dict[str, Any],  # noqa: N803  Django's own name
        content_length: int,
        boundary: str,
        encoding: str | None = None,
    ) -> None:
        if content_length > UPLOAD_BYTES_MAX + FORM_BYTES_MAX:
            raise RequestDataTooBig("The file is too large.")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None
