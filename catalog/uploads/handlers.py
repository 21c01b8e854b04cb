"""Receive the files of multipart forms: refuse early, and leave no temporary file behind."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from tempfile import NamedTemporaryFile
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import HttpRequest, QueryDict
from django.http.multipartparser import MultiPartParser
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _

from catalog.errors import CatalogError
from catalog.storage import backend
from catalog.uploads.admission import check_quota, largest_body
from catalog.uploads.policy import FILES, UploadPolicy, policy_for
from catalog.uploads.refusals import refusal

CHECK_EVERY_BYTES = 8_000_000
UNNAMED = "audio"

# What browsers write instead of characters that would end the name (HTML, "multipart/form-data encoding algorithm").
# They leave "%" itself as it is, so nothing else is decoded.
_ENCODED_BY_BROWSERS = {"%22": '"', "%0D": "\r", "%0A": "\n"}


class UploadRefusedError(CatalogError, RequestDataTooBig):
    """A file was refused while its form was parsed, in a view or before it."""


class ReceivedFile(TemporaryUploadedFile):
    """A file in ``FILE_UPLOAD_TEMP_DIR`` whose name begins with the process that removes it."""

    def __init__(
        self,
        name: str | None,
        content_type: str | None,
        size: int | None,
        charset: str | None,
        content_type_extra: dict[str, Any] | None = None,
    ) -> None:
        file = NamedTemporaryFile(  # noqa: SIM115  # closed with the request
            prefix=f"{os.getpid()}-", suffix=".upload", dir=settings.FILE_UPLOAD_TEMP_DIR
        )
        UploadedFile.__init__(self, file, name, content_type, size, charset, content_type_extra)


class FormParser(MultiPartParser):
    """Parse a form as Django does, but read names of files as browsers write them, and lose no file to its name.

    Django skips files whose name is that of a folder, and then fails to find the next part of the form.
    """

    def sanitize_file_name(self, file_name: str) -> str:
        for code, char in _ENCODED_BY_BROWSERS.items():
            file_name = file_name.replace(code, char)
        return super().sanitize_file_name(file_name) or UNNAMED


class UploadHandler(TemporaryFileUploadHandler):
    """Accept files where the view has a policy; check limit, quota and disk space while they arrive."""

    file: TemporaryUploadedFile
    _received = 0
    _checked = 0
    _is_parsing = False

    def handle_raw_input(
        self,
        input_data: Any,
        META: dict[str, Any],  # noqa: N803  (Django's name)
        content_length: int,  # noqa: ARG002
        boundary: Any,  # noqa: ARG002
        encoding: str | None = None,
    ) -> "tuple[QueryDict, MultiValueDict[str, UploadedFile[Any]]] | None":
        """Have ``FormParser`` parse the form; it asks once more, and goes on when nothing is returned."""
        if self._is_parsing:
            return None
        self._is_parsing = True
        try:
            return FormParser(META, input_data, [self], encoding).parse()
        except RequestDataTooBig as error:
            if isinstance(error, UploadRefusedError) or self._policy is None:
                raise
            # A part without the name of a file is a text field, and those are short.
            sentence = _(
                "A text field of this form is too long. If it is the file, send it with a file name."
            )
            raise UploadRefusedError("field_too_large", sentence, status=413) from error
        finally:
            self._is_parsing = False

    def new_file(self, *args: Any, **options: Any) -> None:
        if self._policy is None:
            raise UploadRefusedError("unexpected_file", _("No file can be sent to this address."), status=413)
        if self.request is not None and FILES in self.request.META:
            raise UploadRefusedError("several_files", _("Send one file with each request."), status=400)
        super(TemporaryFileUploadHandler, self).new_file(*args, **options)
        with _refusing():
            backend.check_space(0)
            self.file = ReceivedFile(
                self.file_name, self.content_type, 0, self.charset, self.content_type_extra
            )
        if self.request is not None:
            self.request.META.setdefault(FILES, []).append(self.file)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        self._received += len(raw_data)
        with _refusing():
            if self._received > largest_body(self._policy):
                raise refusal("too_large")
            if self._received - self._checked > CHECK_EVERY_BYTES:
                self._checked = self._received
                backend.check_space(0)
                if self._policy and self._policy.counted and self.request:
                    check_quota(self.request.user, self._received)
            super().receive_data_chunk(raw_data, start)
        return None

    @property
    def _policy(self) -> UploadPolicy | None:
        return None if self.request is None else policy_for(self.request)


def close_files(request: HttpRequest) -> None:
    """Remove the temporary files of a request, complete and incomplete ones."""
    for file in request.META.pop(FILES, []):
        with suppress(OSError):  # what could not be written before
            file.close()


@contextmanager
def _refusing() -> Iterator[None]:
    """Turn CatalogError and the OSError of a full disk into an error that Django's parser passes on."""
    try:
        with backend.room():
            yield
    except CatalogError as error:
        raise UploadRefusedError(error.code, error.detail, status=error.status) from error
