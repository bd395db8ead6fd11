"""Building a release: what it holds, what it was made of, and what is known to be wrong with that.

For who builds releases, by `./run.sh release`. Nothing that runs on a participant's machine imports it, and it needs
the packages of requirements/dev.txt.
"""
