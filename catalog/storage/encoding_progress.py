"""What the processes of the website tell each other about encodings, through the cache."""

from django.core.cache import cache

from catalog.storage.recipes import Recipe

PROGRESS_SECONDS = 120  # an encoding of another process that has reported nothing for so long is given up
PLACE_SECONDS = 60  # how long a place in the queue is kept


def keep_place(recipe: Recipe) -> None:
    """Keep the place of ``recipe``, in whichever process it waits."""
    cache.set(key(recipe, "asked"), 1, PLACE_SECONDS)


def report(recipe: Recipe, share: float) -> None:
    """Report the progress, 0 to 1."""
    cache.set(key(recipe, "progress"), share, PROGRESS_SECONDS)


def reported(recipe: Recipe) -> float | None:
    """Return the progress that any process reported last, 0 to 1; ``None`` without a report."""
    share: float | None = cache.get(key(recipe, "progress"))
    return share


def forget(recipe: Recipe) -> None:
    """Take the report back: nobody makes it any more, or it is there."""
    cache.delete(key(recipe, "progress"))


def key(recipe: Recipe, what: str) -> str:
    return f"encoding-{what}-{recipe.lock_name}"
