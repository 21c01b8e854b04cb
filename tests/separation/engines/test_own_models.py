"""Models of an administrator's own: found at once, held to the same checks, and wrong ones harm nothing."""

import contextlib
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from separation.api.mixes import MixQuerySerializer
from separation.engines import descriptors, modelspec
from separation.engines.descriptors import DescriptorError
from separation.engines.exchange.settings import ExchangeSettings
from tests.separation.engines.own_models import GOOD, known_in, put


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """The folder of the administrator's descriptors, which does not exist yet."""
    with known_in(tmp_path) as own:
        yield own


def test_without_a_folder_there_are_the_packaged_models(folder: Path) -> None:
    assert dict(modelspec.SPECS) == modelspec.SPECS.packaged
    folder.parent.joinpath("descriptors").write_text("a file")
    assert dict(modelspec.SPECS) == modelspec.SPECS.packaged
    assert modelspec.SPECS.wrong == {}


def test_what_is_added_changed_and_removed_counts_at_once(folder: Path) -> None:
    path = put(folder, GOOD)
    spec = modelspec.get("exchange:mynet")
    assert (spec.family, spec.settings.length) == ("exchange", 1000)
    assert modelspec.SPECS.own == {"exchange:mynet": path}
    ranks = [spec.rank for spec in modelspec.SPECS.values() if len(spec.stems) == 2]
    assert ranks == sorted(ranks)
    assert "rest" in modelspec.stem_names()
    put(folder, GOOD.replace("1000", "2000"))
    assert modelspec.get("exchange:mynet").settings.length == 2000
    put(folder, GOOD.replace("mynet", "other"), "other.toml")
    assert {"exchange:mynet", "exchange:other"} <= set(modelspec.SPECS)
    path.unlink()
    assert "exchange:mynet" not in modelspec.SPECS


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("rank = 8", "", "mynet.toml: rank: missing"),
        ("stride = 1000", "strid = 1000", "mynet.toml: settings.strid: unknown key"),
        (
            "exchange:mynet",
            "spleeter:mynet",
            "mynet.toml: slug: 'spleeter:mynet' does not begin with exchange:",
        ),
        ("exchange:mynet", "demucs:htdemucs", "mynet.toml: slug: 'demucs:htdemucs' does not begin"),
        ("exchange:mynet", f"exchange:{'x' * 32}", "mynet.toml: slug: longer than 40 characters"),
        ('folder = "mynet"\n', "", "mynet.toml: files: a bundled model needs the whole digest"),
        ('folder = "mynet"', 'folder = "2stems"', "mynet.toml: folder: '2stems' is that of spleeter:2stems"),
        (
            'folder = "mynet"',
            'folder = "descriptors"',
            "mynet.toml: folder: 'descriptors' is that of the desc",
        ),
        ('folder = "mynet"', 'folder = ".incoming"', "mynet.toml: folder: no plain folder name"),
        ('"rest"]', '"tempo"]', "mynet.toml: stems: 'tempo' is no name of a stem"),
        ('"rest"]', '"Sax (left)"]', "mynet.toml: stems: 'Sax (left)' is no name of a stem"),
        ('"rest"]', '"vocals_pan"]', "mynet.toml: stems: 'vocals_pan' is no name of a stem"),
        ('"MIT,', '"\\u0000MIT,', "mynet.toml: licence: holds a control character"),
        ('graph = "mynet.onnx"', 'graph = "net.onnx"', "mynet.toml: files: net.onnx is missing"),
        ('graph = "mynet.onnx"', 'graph = "mynet.xml"', "mynet.toml: files: mynet.xml is missing"),
        ('name = "mynet.onnx"', 'name = "verified.json"', "mynet.toml: files[0].name: 'verified.json' is no"),
        ("length = 1000", "length = 99_999_999", "mynet.toml: settings.length: must be above zero, and not"),
        ("chunk_mb = 1", "chunk_mb = 0", "mynet.toml: settings.chunk_mb: must be 1 to"),
        ("chunk_mb = 1", f"chunk_mb = 1{'0' * 400}", "mynet.toml: settings.chunk_mb: must be 1 to"),
        (
            'name = "mynet.onnx"',
            'name = "mynet.onnx"\nurl = "http://localhost/x"',
            "mynet.toml: files[0].sha256: missing beside an address",
        ),
        (
            "[settings]",
            "[cost]\ncpu_seconds = nan\nsource = ''\n[settings]",
            "mynet.toml: cost.cpu_seconds: must be",
        ),
        ("rank = 8", "x = " + "[\n" * 9000, "mynet.toml: nested too deeply"),
        ("rank = 8", f"x{'.x' * 9000} = 1", "mynet.toml: a line is longer than 4000 bytes"),
        ("rank = 8", f"# {'x' * 70_000}", "mynet.toml: is no file, or larger than 64 KiB"),
    ],
)
def test_a_wrong_one_is_left_out_and_said_to_be(folder: Path, old: str, new: str, said: str) -> None:
    assert old in GOOD
    put(folder, GOOD.replace(old, new))
    put(folder, GOOD.replace("mynet", "fine"), "fine.toml")
    assert "exchange:fine" in modelspec.SPECS
    assert "exchange:mynet" not in modelspec.SPECS
    assert len(modelspec.SPECS) == len(modelspec.SPECS.packaged) + 1
    (sentence,) = modelspec.SPECS.wrong.values()
    assert sentence.startswith(said)


def test_what_is_no_readable_file_is_said_to_be(folder: Path) -> None:
    put(folder, GOOD).rename(folder / "fine.toml")
    (folder / "folder.toml").mkdir()
    os.mkfifo(folder / "pipe.toml")
    (folder / "link.toml").symlink_to("nowhere")
    (folder / "latin.toml").write_bytes(GOOD.replace("songs", "canciónes").encode("latin-1"))
    (folder / ".hidden.toml").write_text("x")
    (folder / "notes.txt").write_text("x")
    assert "exchange:mynet" in modelspec.SPECS
    assert sorted(modelspec.SPECS.wrong) == ["folder.toml", "latin.toml", "link.toml", "pipe.toml"]


def test_two_of_one_name_or_folder_are_refused(folder: Path) -> None:
    put(folder, GOOD, "a.toml")
    put(folder, GOOD.replace("rank = 8", "rank = 1"), "b.toml")
    put(folder, GOOD.replace("exchange:mynet", "exchange:other"), "c.toml")
    assert modelspec.get("exchange:mynet").rank == 8
    assert modelspec.SPECS.wrong == {
        "b.toml": "b.toml: slug: 'exchange:mynet' is another model's",
        "c.toml": "c.toml: folder: 'mynet' is that of exchange:mynet",
    }


def test_names_of_stems_are_no_parameters_of_mixes() -> None:
    taken = MixQuerySerializer(context={"stems": ("vocals",)}).fields.keys() - {"vocals", "vocals_pan"}
    for name in taken:
        with pytest.raises(DescriptorError, match="no name of a stem"):
            descriptors.parse_own(GOOD.replace('"rest"', f'"{name}"').encode(), "a.toml", ExchangeSettings)


def test_a_long_value_is_not_repeated_in_whole() -> None:
    with pytest.raises(DescriptorError) as raised:
        descriptors.parse_own(GOOD.replace("exchange:mynet", "x" * 3000).encode(), "a.toml", ExchangeSettings)
    assert str(raised.value).startswith("a.toml: slug: 'xxx")
    assert len(str(raised.value)) < 400


def test_damaged_descriptors_raise_no_other_error() -> None:
    """Bytes changed, removed and repeated anywhere."""
    generator = random.Random(5)
    for _ in range(300):
        content = bytearray(GOOD.encode())
        for _ in range(generator.randint(1, 4)):
            begin = generator.randrange(len(content))
            end = begin + generator.randint(0, 12)
            content[begin:end] = generator.choice(
                [
                    b"",
                    generator.randbytes(3),
                    content[begin:end] * 3,
                    b"-1",
                    b"nan",
                    b'"',
                    b"[",
                    b"\n[settings]\n",
                ]
            )
        with contextlib.suppress(DescriptorError):  # nothing else may be raised
            descriptors.parse_own(bytes(content), "a.toml", ExchangeSettings)
