"""Read, identify, change and write audio. Independent of Django and of the other packages."""
