"""Which packages a wheel holds: the library, and below it the services (decision 0070). All else: pyproject.toml."""

from setuptools import find_packages, setup

setup(
    packages=[
        *find_packages(include=["netflix_trend", "netflix_trend.*"]),
        *(f"netflix_trend.app.{name}" for name in find_packages(include=["services", "services.*"])),
    ],
    package_dir={"netflix_trend.app.services": "services"},
)
