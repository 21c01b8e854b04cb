"""Songs are separated again with a better model, in idle time: which, in what order, and how far that is."""
