"""The models that Stemoteca knows, which of them are installed, and which to prefer."""

from pathlib import Path

from separation.engines import descriptors, model_files
from separation.engines.descriptors import DescriptorError, ModelSpec, ModelUnavailable
from separation.engines.families import FAMILIES

_ENGINES_DIR = Path(__file__).parent


def read_all(engines_dir: Path) -> dict[str, ModelSpec]:
    """Read the descriptors ``<family>/models/*.toml`` of all families; return the models by slug.

    In order of the number of stems, and of preference among models with the same. Raises `DescriptorError`.
    """
    specs: dict[str, ModelSpec] = {}
    for name, family in FAMILIES.items():
        for path in sorted((engines_dir / name / "models").glob("*.toml")):
            spec = descriptors.read(path, family.SETTINGS)
            if spec.slug in specs:
                raise DescriptorError(f"{path.name}: slug: {spec.slug!r} is another model's")
            specs[spec.slug] = spec
    return dict(sorted(specs.items(), key=lambda item: (len(item[1].stems), item[1].rank, item[0])))


SPECS = read_all(_ENGINES_DIR)


def get(slug: str) -> ModelSpec:
    """Return the spec called `slug`. Raises `ModelUnavailable` for an unknown one."""
    try:
        return SPECS[slug]
    except KeyError:
        raise ModelUnavailable(f"unknown model {slug!r}") from None


def installed(models_dir: Path) -> list[ModelSpec]:
    """Return every installed model."""
    return [spec for spec in SPECS.values() if model_files.is_available(spec, models_dir)]


def available(models_dir: Path, takes: str = "") -> list[ModelSpec]:
    """Return every installed model that separates whole songs, or the stem called `takes`.

    The preferred one of each number of stems comes first.
    """
    return [spec for spec in installed(models_dir) if spec.takes == takes]


def best_for(stem_count: int, models_dir: Path) -> ModelSpec:
    """Return the preferred installed model for songs with so many stems. Raises `ModelUnavailable` if there is none."""
    for spec in available(models_dir):
        if len(spec.stems) == stem_count:
            return spec
    raise ModelUnavailable(f"no model with {stem_count} stems is installed")


def default(models_dir: Path) -> ModelSpec:
    """Return the model used when none was chosen: the preferred installed one with two stems."""
    return best_for(2, models_dir)
