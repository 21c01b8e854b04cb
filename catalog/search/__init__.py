"""Full-text search for songs, artists and albums, by words that need not be spelt as they stand in the catalogue.

::

    typed --analysis--> Query --MATCH expression--> index: at most 600 documents --ranking--> hits
                                     nothing? spelling --> "Showing results for ..."

``sqlite.py`` and ``postgres.py`` define the index: tables of analysed words that triggers keep in step. What is found
and what comes first is decided in Python, and the same for both databases.
"""
