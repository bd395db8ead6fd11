"""One folder per process. Services import `netflix_trend` and `services.common`, never each other."""
