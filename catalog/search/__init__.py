"""Finding songs, artists and albums by words that need not be spelt as they stand in the catalogue.

::

    words --fold--> Query --the index of this database--> at most 500 documents --ranking (Python)--> hits
                                     nothing? near words --> "Showing results for ..."

``sqlite.py`` and ``postgres.py`` are the index: tables of plain words that triggers keep in step. Everything that
decides what is found and what comes first is in Python, and the same for both.
"""

from catalog.search.reindex import reindex, unindexed

__all__ = ["reindex", "unindexed"]
