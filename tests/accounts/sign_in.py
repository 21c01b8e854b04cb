"""The four ways to sign in with a password, called alike."""

from typing import Any

from django.test import Client

IN, WRONG, WAIT = "in", "wrong", "wait"


def website(client: Client, email: str, password: str) -> Any:
    return client.post("/accounts/login/", {"login": email, "password": password})


def panel(client: Client, email: str, password: str) -> Any:
    return client.post("/admin/login/?next=/admin/", {"username": email, "password": password})


def token(client: Client, email: str, password: str) -> Any:
    sent = {"email": email, "password": password}
    return client.post("/api/v1/auth/token/", sent, content_type="application/json")


def simple(client: Client, email: str, password: str) -> Any:
    return client.post("/api/login", {"email": email, "password": password}, content_type="application/json")


WAYS = (website, panel, token, simple)


def outcome(answer: Any) -> str:
    """Return what a response of any of them means."""
    if answer.status_code == 429:
        return WAIT
    if answer.status_code == 302 or (
        answer.status_code == 200 and "application/json" in answer["Content-Type"]
    ):
        return IN
    return WRONG


def tries(door: Any, client: Client, email: str, count: int) -> list[str]:
    """Try ``count`` wrong passwords."""
    return [outcome(door(client, email, f"wrong password {number}")) for number in range(count)]
