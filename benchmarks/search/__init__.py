"""How well songs are found: 600 queries by class over real names, among a made-up catalogue."""
