"""Which models can run, and that nothing runs on weights that are not its own."""

from pathlib import Path

import pytest

from separation.engines import model_files, modelspec
from separation.engines.descriptors import ModelUnavailable
from separation.engines.spleeter import weights
from separation.engines.spleeter.checkpoint import CHECKPOINT_FILES


def install(models_dir: Path, name: str) -> Path:
    """A folder that is sealed like an official model, with other content."""
    folder = models_dir / name
    folder.mkdir()
    spec = modelspec.get(f"spleeter:{name}")
    for file in spec.files:
        (folder / file.name).write_bytes(b"not a network")
    model_files.seal(spec, folder)
    return folder


def slugs(models_dir: Path) -> list[str]:
    return [spec.slug for spec in modelspec.available(models_dir)]


def test_the_bundled_models_are_always_there(tmp_path: Path) -> None:
    assert slugs(tmp_path / "nowhere") == ["compact:2stems", "compact:4stems"]
    assert modelspec.default(tmp_path).slug == "compact:2stems"
    assert modelspec.best_for(4, tmp_path).slug == "compact:4stems"
    with pytest.raises(ModelUnavailable, match="5 stems"):
        modelspec.best_for(5, tmp_path)


@pytest.mark.parametrize("slug", ["compact:2stems", "compact:4stems"])
def test_a_bundled_file_is_the_one_of_its_revision(slug: str, tmp_path: Path) -> None:
    spec = modelspec.get(slug)
    assert {name.split("/")[0] for name in weights.load(spec, tmp_path)} == set(spec.settings.networks)
    assert spec.files[0].sha256.startswith(spec.revision)


def test_a_sealed_folder_serves_both_bandwidths_and_is_preferred(tmp_path: Path) -> None:
    install(tmp_path, "4stems")
    assert slugs(tmp_path) == [
        "compact:2stems",
        "spleeter:4stems-16kHz",
        "spleeter:4stems",
        "compact:4stems",
    ]
    assert modelspec.best_for(4, tmp_path).bandwidth_hz > 16_000


def test_an_unsealed_or_shortened_folder_is_not_a_model(tmp_path: Path) -> None:
    folder = install(tmp_path, "4stems")
    data = folder / CHECKPOINT_FILES[1]
    data.write_bytes(b"cut")
    assert "spleeter:4stems" not in slugs(tmp_path)
    install(tmp_path, "5stems").joinpath(model_files.SEAL).unlink()
    assert "spleeter:5stems" not in slugs(tmp_path)


def test_wrong_contents_never_load(tmp_path: Path) -> None:
    folder = install(tmp_path, "4stems")
    spec = modelspec.get("spleeter:4stems")
    with pytest.raises(ModelUnavailable, match="checkpoint"):
        weights.load(spec, tmp_path)
    (folder / CHECKPOINT_FILES[1]).write_bytes(b"not a newtork")
    assert model_files.is_available(spec, tmp_path)  # a glance sees sizes only ...
    with pytest.raises(ModelUnavailable, match="changed"):  # ... loading sees everything
        weights.load(spec, tmp_path)


def test_other_weights_are_not_taken_for_the_official_ones(tmp_path: Path) -> None:
    assert not model_files.is_official(modelspec.get("spleeter:2stems"), install(tmp_path, "2stems"))
    assert not model_files.is_official(modelspec.get("spleeter:4stems"), install(tmp_path, "4stems"))


def test_an_unknown_model_is_unavailable() -> None:
    with pytest.raises(ModelUnavailable, match="spleeter:3stems"):
        modelspec.get("spleeter:3stems")
