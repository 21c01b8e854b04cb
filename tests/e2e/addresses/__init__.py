"""Where a site lives: below a path, behind proxies."""
