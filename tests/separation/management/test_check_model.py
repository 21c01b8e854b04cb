"""``check_model`` tells what a model makes of sound, or what is wrong, and keeps nothing."""

from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from tests.separation.engines.exchange.onnx_file import Node, onnx_file
from tests.separation.engines.own_models import GOOD, known_in, put

TWO_PARTS = GOOD.replace('"b s c n"', '"b (s c) n"')


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Path) -> Iterator[Path]:
    """A folder with a network, which is not installed."""
    settings.MODELS_DIR, settings.WORK_DIR = tmp_path / "models", tmp_path / "work"
    kernel = np.array([[[0.5], [0]], [[0], [0.5]], [[0], [0]], [[0], [0]]], dtype=np.float32)
    nodes = [Node("Conv", ["mixture", "kernel"], "stems")]
    network = onnx_file(nodes, {"kernel": kernel}, {"mixture": [1, 2, "n"]}, {"stems": [1, 4, "n"]})
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "mynet.onnx").write_bytes(network)
    with known_in(settings.MODELS_DIR):
        yield folder


def check(*arguments: str) -> str:
    answer = StringIO()
    call_command("check_model", *arguments, stdout=answer)
    return answer.getvalue()


def test_a_descriptor_is_tried_where_it_lies(files: Path, tmp_path: Path) -> None:
    said = check(str(put(files, TWO_PARTS)), "--seconds", "2")
    assert "exchange:mynet: 2.0 s of sound, 88200 samples" in said
    assert "vocals               88200 samples" in said
    assert "rest                 88200 samples    silent" in said
    assert "s of processor time, so about" in said
    assert "MB of memory at most; by the descriptor" in said
    assert f"mynet.onnx: state size = {(files / 'mynet.onnx').stat().st_size}, it takes memory" in said
    assert list((tmp_path / "work").iterdir()) == []
    assert not (tmp_path / "models").exists()


def test_a_known_model_is_tried_before_it_is_installed(files: Path, tmp_path: Path) -> None:
    put(tmp_path / "models/descriptors", TWO_PARTS)
    assert "88200 samples" in check("mynet", "--files", str(files), "--seconds", "2")
    with pytest.raises(CommandError, match="exchange:mynet is not installed"):
        check("exchange:mynet")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD, r"exchange:mynet: mynet\.onnx: the network gives \[1,4,1000\] instead of \[1, 2, 2, 1000\]"),
        (TWO_PARTS.replace('"rest"]', '"rest", "drums"]'), r"gives \[1,4,1000\] instead of \[1, 6, 1000\]"),
        (TWO_PARTS.replace("rank", "rang"), r"mynet\.toml: rang: unknown key"),
        (TWO_PARTS.replace("mynet.onnx", "net.onnx"), r"net\.onnx is not in "),
    ],
)
def test_what_is_wrong_is_said(files: Path, tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(CommandError, match=said):
        check(str(put(files, text)))
    assert not any((tmp_path / "work").glob("*"))


def test_an_unknown_model_is_said_to_be_unknown() -> None:
    with pytest.raises(CommandError, match="there is no model 'nothing'"):
        check("nothing")
