"""Dates as each language writes them."""

from datetime import datetime

import pytest
from django.utils.formats import date_format
from django.utils.translation import override


@pytest.mark.parametrize(("language", "written"), [("en", "3 Dec 2026, 14:05"), ("es", "03/12/2026 14:05")])
def test_a_date_can_be_read_in_one_way_only(language: str, written: str) -> None:
    with override(language):
        assert date_format(datetime(2026, 12, 3, 14, 5), "SHORT_DATETIME_FORMAT") == written  # noqa: DTZ001
