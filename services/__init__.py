"""One folder per process. Services import `netflix_trend` and `services.runtime`, never each other."""
