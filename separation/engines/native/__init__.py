"""Our own network for processors, in C, built on the machine that runs it."""
