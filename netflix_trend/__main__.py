"""`python -m netflix_trend VERB`, the same as the command `netflix-trend`."""

from netflix_trend.cli import main

if __name__ == "__main__":
    main()
