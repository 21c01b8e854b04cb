"""The environment decides; a value that cannot be used stops the start with one line."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from config.env import Environment, backup_s3

ROOT = Path(__file__).resolve().parents[2]
NAMES = (
    "SITE_URL",
    "SITE_ORIGIN",
    "SITE_PATH",
    "STATIC_URL",
    "SESSION_COOKIE_PATH",
    "ALLOWED_HOSTS",
    "CSRF_TRUSTED_ORIGINS",
    "SESSION_COOKIE_SECURE",
    "CSRF_COOKIE_SECURE",
    "SECURE_PROXY_SSL_HEADER",
)
LOCAL = ["localhost", "127.0.0.1", "[::1]"]


def start(folder: Path, lacking: str = "", **environment: str) -> "subprocess.CompletedProcess[str]":
    """Load the settings in a process of their own, perhaps without a package, and print some of them."""
    values = f"{{name: getattr(settings, name, None) for name in {NAMES}}}"
    script = (
        f"import json, sys; sys.modules.update({{name: None for name in {lacking.split()}}}); "
        f"from config import settings; print(json.dumps({values}))"
    )
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("STEMOTECA_")}
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=inherited | {"STEMOTECA_DATA": str(folder), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def settings_of(folder: Path, lacking: str = "", **environment: str) -> dict[str, Any]:
    result = start(folder, lacking, **environment)
    assert result.returncode == 0, result.stderr
    values: dict[str, Any] = json.loads(result.stdout)
    return values


def test_data_folder_is_closed_to_other_users(tmp_path: Path) -> None:
    settings_of(tmp_path / "new")
    assert (tmp_path / "new").stat().st_mode & 0o007 == 0


def test_url_decides_about_hosts_origins_and_cookies(tmp_path: Path) -> None:
    values = settings_of(tmp_path, STEMOTECA_URL="https://music.example.org:8443/", STEMOTECA_PROXIES="1")
    assert values == {
        "SITE_URL": "https://music.example.org:8443",
        "SITE_ORIGIN": "https://music.example.org:8443",
        "SITE_PATH": "",
        "STATIC_URL": "/static/",
        "SESSION_COOKIE_PATH": "/",
        "ALLOWED_HOSTS": ["music.example.org", *LOCAL],
        "CSRF_TRUSTED_ORIGINS": ["https://music.example.org:8443"],
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
        "SECURE_PROXY_SSL_HEADER": ["HTTP_X_FORWARDED_PROTO", "https"],
    }


def test_url_with_a_path_moves_everything_below_it(tmp_path: Path) -> None:
    values = settings_of(tmp_path, STEMOTECA_URL="https://example.org/our/music/")
    assert values["SITE_URL"] == "https://example.org/our/music"
    assert values["SITE_ORIGIN"] == values["CSRF_TRUSTED_ORIGINS"][0] == "https://example.org"
    assert values["STATIC_URL"] == "/our/music/static/"
    assert values["SESSION_COOKIE_PATH"] == "/our/music/"


def test_url_without_tls_leaves_cookies_for_http(tmp_path: Path) -> None:
    values = settings_of(tmp_path, STEMOTECA_URL="http://[fd00::7]:8000", STEMOTECA_PROXIES="1")
    assert values["ALLOWED_HOSTS"] == ["[fd00::7]", *LOCAL]
    assert values["CSRF_TRUSTED_ORIGINS"] == ["http://[fd00::7]:8000"]
    assert not values["SESSION_COOKIE_SECURE"]
    assert values["SECURE_PROXY_SSL_HEADER"] is None


def test_hosts_and_origins_add_to_url(tmp_path: Path) -> None:
    values = settings_of(
        tmp_path,
        STEMOTECA_URL="https://music.example.org",
        STEMOTECA_ALLOWED_HOSTS="inside.example.org, .lan",
        STEMOTECA_CSRF_TRUSTED_ORIGINS="https://*.example.com",
    )
    assert values["ALLOWED_HOSTS"] == ["music.example.org", "inside.example.org", ".lan", *LOCAL]
    assert values["CSRF_TRUSTED_ORIGINS"] == ["https://music.example.org", "https://*.example.com"]


def test_without_url_the_site_is_local(tmp_path: Path) -> None:
    values = settings_of(tmp_path)
    assert (values["SITE_URL"], values["ALLOWED_HOSTS"], values["CSRF_TRUSTED_ORIGINS"]) == ("", LOCAL, [])
    assert not values["SESSION_COOKIE_SECURE"]


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("URL", "music.example.org", "does not begin with http:// or https://"),
        ("URL", "https://", "names no host"),
        ("URL", "https://music.example.org/stems?q=1", "has more than a host and a port"),
        ("URL", "https://ana@music.example.org", "has more than a host and a port"),
        ("URL", "https://music.example.org:port", "is no address"),
        ("CSRF_TRUSTED_ORIGINS", "music.example.org", "does not begin with http:// or https://"),
        ("HOSTS", "music.example.org", "STEMOTECA_HOSTS is now called STEMOTECA_ALLOWED_HOSTS"),
        ("ORIGINS", "https://x.example", "STEMOTECA_ORIGINS is now called STEMOTECA_CSRF_TRUSTED_ORIGINS"),
        ("WEB_THREADS", "0", "must be a whole number of at least 1"),
        ("QUOTA_MB", "-1", "must be a whole number of at least 0"),
        ("QUOTA_MB", "lots", "must be a whole number of at least 0"),
        ("REGISTRATION", "maybe", "must be on or off"),
        ("ENGINE", "steam", "must be one of auto, native, openvino, tensorflow"),
        ("LOG_LEVEL", "loud", "must be one of INFO, DEBUG"),
        ("LOG_FORMAT", "xml", "must be one of text, json"),
        ("SENTRY_DSN", "sentry.example.org", "must look like https://KEY@sentry.example.org/1"),
        ("SENTRY_DSN", "https://sentry.example.org/1", "must look like https://KEY@sentry.example.org/1"),
        ("SENTRY_DSN", "https://key@sentry.example.org:port/1", "must look like https://KEY@"),
        ("MAX_UPLOAD_MB", "0", "must be a whole number of at least 1"),
        ("SEPARATOR_MEMORY", "2", "must be a whole number of at least 200"),
        ("ALLOWED_HOSTS", "stemoteca.lan, https://music.example.org", "not 'https://music.example.org'"),
        ("ALLOWED_HOSTS", "music.example.org:8000", "must have names like songs.example.org"),
        ("X_ACCEL", "stored", "must be a path like /stored"),
        ("RATE_TOKEN", "many", "must have the form 60/min"),
        ("DATABASE", "mysql://db.example/x", "must be a sqlite or postgres address"),
        ("DATABASE", "foo", "must be a sqlite or postgres address"),
        ("TIME_ZONE", "Mars/X", "must be a time zone"),
        ("TIME_ZONE", "../etc/passwd", "must be a time zone"),
        ("DATA", "var/choir", "must be an absolute path, not 'var/choir'"),
        ("MODELS", "models", "must be an absolute path"),
        ("ENV_FILE", "README.md", "must be the absolute path of a file"),
        ("MODELS", "/dev/null/x", "STEMOTECA_MODELS cannot be used"),
        ("SECRET_KEY", "short", "must have 32 characters or more"),
        ("EMAIL", "pigeon://loft", "STEMOTECA_EMAIL cannot be used"),
        ("REDIS", "foo", "does not begin with redis://"),
        ("REDIS", "redis:127.0.0.1:6379", "does not begin with redis://"),
        ("REDIS", "redis://127.0.0.1:port/0", "is no address"),
        ("REDIS", "redis://127.0.0.1:6379/cache", "names a database that is no number"),
        ("REDIS", "redis://127.0.0.1:6379/0,foo", "does not begin with redis://"),
        ("WEB_PROCESSES", "2", "needs STEMOTECA_REDIS"),
        ("S3_ENDPOINT", "https://s3.example.org", "needs STEMOTECA_S3_BUCKET as well"),
        ("S3_SECRET_KEY", "secret", "needs STEMOTECA_S3_BUCKET as well"),
        ("BACKUP_TARGET", "backups", "must be an absolute path or s3://bucket/prefix"),
        ("BACKUP_TARGET", "ftp://host/x", "must be an absolute path or s3://bucket/prefix"),
        ("BACKUPS_KEPT", "0", "at least 1"),
        ("BACKUP_S3_SECRET_KEY", "secret", "needs STEMOTECA_BACKUP_S3_ACCESS_KEY as well"),
    ],
)
def test_wrong_value_stops_start_with_one_line(tmp_path: Path, name: str, value: str, sentence: str) -> None:
    result = start(tmp_path, **{f"STEMOTECA_{name}": value})
    assert (result.returncode, result.stdout) == (1, "")
    [line] = result.stderr.splitlines()
    assert line.startswith("stemoteca: ")
    assert f"STEMOTECA_{name}" in line
    assert sentence in line


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            b"STEMOTECA_PROXIES=1\n\n# a comment\nSTEMOTECA_SECRET_KEY = secret",
            "line 4: a setting is written NAME=value",
        ),
        (b"\xff\xfe", "cannot be read: it is not text in UTF-8"),
    ],
)
def test_wrong_line_in_a_file_with_settings_stops_start(
    tmp_path: Path, content: bytes, sentence: str
) -> None:
    (tmp_path / "env").write_bytes(content)
    result = start(tmp_path, STEMOTECA_ENV_FILE=str(tmp_path / "env"))
    assert (result.returncode, result.stdout) == (1, "")
    [line] = result.stderr.splitlines()
    assert line.startswith(f"stemoteca: {tmp_path / 'env'}")
    assert sentence in line
    assert "= secret" not in line


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("S3_ACCESS_KEY", "key", "needs STEMOTECA_S3_SECRET_KEY as well"),
        ("S3_SECRET_KEY", "secret", "needs STEMOTECA_S3_ACCESS_KEY as well"),
        ("S3_ENDPOINT", "s3.example.org", "must begin with http:// or https://"),
    ],
)
def test_half_of_the_settings_of_s3_stops_start(tmp_path: Path, name: str, value: str, sentence: str) -> None:
    result = start(tmp_path, STEMOTECA_S3_BUCKET="songs", **{f"STEMOTECA_{name}": value})
    assert (result.returncode, result.stdout) == (1, "")
    [line] = result.stderr.splitlines()
    assert f"STEMOTECA_{name}" in line
    assert sentence in line


def test_s3_works_with_and_without_keys(tmp_path: Path) -> None:
    keys = {"STEMOTECA_S3_ACCESS_KEY": "key", "STEMOTECA_S3_SECRET_KEY": "secret"}
    assert settings_of(tmp_path, STEMOTECA_S3_BUCKET="songs")
    assert settings_of(
        tmp_path, STEMOTECA_S3_BUCKET="songs", STEMOTECA_S3_ENDPOINT="http://[::1]:9000", **keys
    )


@pytest.mark.parametrize(("name", "value"), [("S3_BUCKET", "songs"), ("BACKUP_TARGET", "s3://songs/backup")])
def test_s3_without_its_packages_stops_start(tmp_path: Path, name: str, value: str) -> None:
    assert settings_of(tmp_path, lacking="boto3")
    result = start(tmp_path, lacking="boto3", **{f"STEMOTECA_{name}": value})
    assert (result.returncode, result.stdout) == (1, "")
    [line] = result.stderr.splitlines()
    assert f"STEMOTECA_{name} needs packages that are not installed: those of stemoteca[s3]" in line


def test_backups_are_not_kept_with_the_data(tmp_path: Path) -> None:
    result = start(tmp_path, STEMOTECA_BACKUP_TARGET=str(tmp_path / "backups"))
    assert result.returncode == 1
    assert "is in the data folder" in result.stderr
    assert settings_of(tmp_path, STEMOTECA_BACKUP_TARGET="/mnt/backups")


def test_buckets_with_backups_are_reached_like_the_storage_or_by_their_own_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STEMOTECA_S3_BUCKET", "songs")
    monkeypatch.setenv("STEMOTECA_S3_ENDPOINT", "http://storage")
    assert backup_s3(Environment())["endpoint_url"] == "http://storage"
    monkeypatch.setenv("STEMOTECA_BACKUP_S3_REGION", "mars")
    assert backup_s3(Environment()) == {
        "endpoint_url": None,
        "region_name": "mars",
        "access_key": None,
        "secret_key": None,
    }
