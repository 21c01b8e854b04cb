"""What people are told, once, and by e-mail if they want."""

from typing import Any

import pytest
from django.test import Client
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.models import Notice, Visibility
from catalog.social import notices
from tests.factories import make_track

pytestmark = pytest.mark.django_db

Kind = Notice.Kind


def posted() -> None:
    """Wait until every mail is sent: they go one after another."""
    notices._post.submit(lambda: None).result(10)


def test_notices_are_counted_until_the_page_is_read(client: Client, user: User) -> None:
    track = make_track(title="Orilla")
    notices.notify(user, Kind.SEPARATED, track=track)
    notices.notify(user, Kind.REPORT, text="It was put right.")
    client.force_login(user)
    assert 'aria-label="2 new notices"' in client.get("/artists/").content.decode()
    page = client.get("/notices/").content.decode()
    assert page.count('class="notice-unread"') == 2
    assert f'href="/tracks/{track.pk}/"' in page
    assert "It was put right." in page
    again = client.get("/notices/").content.decode()
    assert 'class="notice-unread"' not in again
    assert 'aria-label="Notices"' in again


def test_reading_through_the_api_marks_nothing_as_seen(api_of: Any, user: User, other: User) -> None:
    track = make_track(title="Orilla", artist="Ana")
    notices.notify(user, Kind.WISH, track=track)
    notices.notify(other, Kind.WISH, track=track)
    api = api_of(user)
    [row] = api.get("/api/v1/notices/").json()["results"]
    assert (row["kind"], row["track"], row["seen_at"]) == ("wish", str(track.pk), None)
    assert row["sentence"] == "Somebody brought what you wished for: Ana - Orilla"
    assert api.post("/api/v1/notices/seen/").json() == {"seen": 1}
    assert api.get("/api/v1/notices/").json()["results"][0]["seen_at"]
    assert notices.unseen(other) == 1


def test_notice_about_an_invisible_track_is_hidden(client: Client, user: User, other: User) -> None:
    track = make_track(other, title="Orilla")
    notices.notify(user, Kind.WISH, track=track)
    track.visibility = Visibility.PRIVATE
    track.save()
    assert notices.unseen(user) == 0
    client.force_login(user)
    assert "Orilla" not in client.get("/notices/").content.decode()


def test_the_text_is_in_the_language_of_the_person(user: User, other: User) -> None:
    other.language = "es"
    notices.notify_all([user, other], Kind.REPORT, text=_("Saved."))
    assert user.notices.get().text == "Saved."
    assert other.notices.get().text == "Guardado."


def test_mail_is_opt_in_and_sent_after_the_commit(
    user: User,
    other: User,
    mailoutbox: list[Any],
    settings: Any,
    django_capture_on_commit_callbacks: Any,
) -> None:
    settings.SITE_URL = settings.SITE_ORIGIN = "https://stems.example"
    user.mail_notices = True
    user.save()
    track = make_track(title="Orilla", artist="Ana")
    with django_capture_on_commit_callbacks() as waiting:
        notices.notify_all([user, other], Kind.SEPARATED, track=track)
    posted()
    assert mailoutbox == []
    for callback in waiting:
        callback()
    posted()
    [mail] = mailoutbox
    assert (mail.to, mail.subject) == ([user.email], "Ready to play: Ana - Orilla")
    assert f"https://stems.example/tracks/{track.pk}/" in mail.body


def test_unreachable_mail_server_is_logged(
    user: User, settings: Any, caplog: pytest.LogCaptureFixture, django_capture_on_commit_callbacks: Any
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1  # nobody listens there
    user.mail_notices = True
    user.save()
    with django_capture_on_commit_callbacks(execute=True):
        notices.notify(user, Kind.REPORT, text="x")
    posted()
    assert "a notice could not be mailed" in caplog.text


def test_count_of_notices_takes_one_query_and_none_for_visitors(
    client: Client, user: User, django_assert_num_queries: Any
) -> None:
    for _n in range(120):
        notices.notify(user, Kind.REPORT, text="x")
    with django_assert_num_queries(1):
        assert notices.unseen(user) == 100
    client.force_login(user)
    assert "99+" in client.get("/artists/").content.decode()


def test_notices_take_a_constant_number_of_queries(
    client: Client, user: User, django_assert_max_num_queries: Any
) -> None:
    for n in range(40):
        notices.notify(user, Kind.SEPARATED, track=make_track(title=f"Song {n}"))
    client.force_login(user)
    with django_assert_max_num_queries(6):
        assert client.get("/notices/").status_code == 200


def test_mail_is_chosen_in_the_account(client: Client, api_of: Any, user: User) -> None:
    client.force_login(user)
    assert 'name="mail_notices"' in client.get("/accounts/profile/").content.decode()
    client.post("/accounts/profile/", {"display_name": "Ana", "language": "", "mail_notices": "on"})
    user.refresh_from_db()
    assert user.mail_notices is True
    assert api_of(user).patch("/api/v1/me/", {"mail_notices": False}).json()["mail_notices"] is False
