"""What every family of models does. A new family adds its small model to `TINY`."""

from pathlib import Path

import numpy as np
import pytest

from separation.engines import memory, model_files, registry
from separation.engines.chunking import Audio
from separation.engines.descriptors import ModelUnavailable
from separation.engines.protocol import Engine, EngineKind
from separation.engines.streaming import measure, separate
from tests.separation.engines.convtasnet.tiny import TINY as CONVTASNET
from tests.separation.engines.demucs.tiny import TINY as DEMUCS
from tests.separation.engines.exchange.tiny import SPECTROGRAM, WAVEFORM
from tests.separation.engines.fakes import blocks, joined, song
from tests.separation.engines.openunmix.tiny import TINY as OPENUNMIX
from tests.separation.engines.spleeter.tiny import TINY as SPLEETER
from tests.separation.engines.tiny import TinyModel

TINY = (SPLEETER, DEMUCS, OPENUNMIX, CONVTASNET, WAVEFORM, SPECTROGRAM)

CASES = [
    pytest.param((model, kind), id=f"{model.spec.slug}-{kind}") for model in TINY for kind in model.kinds
]
MODELS = [pytest.param(model, id=model.spec.slug) for model in TINY]


@pytest.fixture(scope="module", params=CASES)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    model, kind = request.param
    models_dir = tmp_path_factory.mktemp("models")
    model.install(models_dir, model.files())
    return registry.load_engine(model.spec, models_dir, name=kind, threads=2)


def separated(audio: Audio, engine: Engine, *, largest: int | None = None) -> Audio:
    statistics = measure([audio]) if engine.chunking.normalise else None
    pieces = blocks(audio, np.random.default_rng(3), largest) if largest else [audio]
    return joined(list(separate(pieces, engine, statistics)))


def lengths(engine: Engine) -> list[int]:
    """The shortest songs, and those around the end of the first stride and of the first chunk."""
    chunking = engine.chunking
    stride, length = chunking.stride - chunking.lead, chunking.length - chunking.lead
    return [0, 1, stride - 1, stride, stride + 1, length + 1]


def test_an_engine_is_what_was_asked_for(engine: Engine) -> None:
    assert engine.spec in [model.spec for model in TINY]
    assert 1 <= len(engine.slots) <= 2


def test_stems_are_as_long_as_the_song(engine: Engine) -> None:
    for samples in lengths(engine):
        stems = separated(song(samples), engine)
        assert stems.shape == (len(engine.spec.stems), 2, samples)
        assert stems.dtype == np.float32
        assert np.isfinite(stems).all()


def test_blocks_make_no_difference(engine: Engine) -> None:
    audio = song(engine.chunking.length + engine.chunking.stride // 3)
    whole = separated(audio, engine)
    np.testing.assert_array_equal(separated(audio, engine, largest=engine.chunking.stride // 5), whole)
    assert whole.any()


def test_silence_and_absurd_levels_stay_numbers(engine: Engine) -> None:
    audio = np.zeros((2, 20_000), dtype=np.float32)
    assert np.isfinite(separated(audio, engine)).all()
    audio[0, 1000], audio[1, 2000] = 1e38, -3e38
    assert np.isfinite(separated(audio, engine)).all()


def test_two_songs_in_turns_are_as_one_after_the_other(engine: Engine) -> None:
    songs = [song(engine.chunking.length), song(engine.chunking.length + 5)]
    alone = [separated(audio, engine) for audio in songs]
    first, second = (
        separate([audio], engine, measure([audio]) if engine.chunking.normalise else None) for audio in songs
    )
    begun = [next(first).copy(), next(second).copy()]
    rest = [[piece.copy() for piece in second], [piece.copy() for piece in first]]
    np.testing.assert_array_equal(joined([begun[0], *rest[1]]), alone[0])
    np.testing.assert_array_equal(joined([begun[1], *rest[0]]), alone[1])


@pytest.mark.parametrize("case", CASES)
def test_memory_grows_with_threads(case: tuple[TinyModel, EngineKind]) -> None:
    model, kind = case
    needed = [memory.needed_bytes(model.spec, threads, kind) for threads in (1, 2, 4)]
    assert 0 < needed[0] < needed[1] < needed[2]
    assert memory.fitting_threads(model.spec, 8, kind, needed[1]) == 2


@pytest.mark.parametrize("case", CASES)
def test_a_model_that_was_prepared_sounds_the_same(
    case: tuple[TinyModel, EngineKind], tmp_path: Path
) -> None:
    model, kind = case
    model.install(tmp_path, model.files())
    assert model_files.is_available(model.spec, tmp_path)
    registry.prepare(model.spec, tmp_path)
    first, second = (registry.load_engine(model.spec, tmp_path, name=kind) for _ in range(2))
    np.testing.assert_array_equal(separated(song(5000), first), separated(song(5000), second))


@pytest.mark.parametrize("case", CASES)
def test_nothing_runs_on_other_weights(
    case: tuple[TinyModel, EngineKind], tmp_path: Path, subtests: pytest.Subtests
) -> None:
    model, kind = case
    files = model.files()

    def refused(models_dir: Path, reason: str) -> None:
        with pytest.raises(ModelUnavailable, match=reason):
            registry.load_engine(model.spec, models_dir, name=kind)

    with subtests.test("nothing there"):
        refused(tmp_path / "nowhere", "not installed")
    for name, content in files.items():
        with subtests.test("changed", file=name):
            folder = model.install(tmp_path / f"changed-{name}", files)
            (folder / name).write_bytes(bytes([content[0] ^ 1]) + content[1:])
            refused(folder.parent, f"{name} was changed")
        with subtests.test("cut", file=name):
            folder = model.install(tmp_path / f"cut-{name}", files)
            (folder / name).write_bytes(content[:-4])
            refused(folder.parent, "not installed")
        with subtests.test("half a file, sealed as if it were whole", file=name):
            folder = model.install(tmp_path / f"half-{name}", files | {name: content[: len(content) // 2]})
            refused(folder.parent, model.spec.slug)
    with subtests.test("another model"):
        folder = model.install(tmp_path / "another", model.files_of_another())
        refused(folder.parent, model.spec.slug)
