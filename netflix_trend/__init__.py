"""Netflix Trend: the library that every process of the project shares.

No queue, no browser and no web framework is imported here, so that each service's image stays small.
"""

# The one place of the version: the build, pages, reports and published files read it from here.
__version__ = "0.3.0"
