"""Netflix Trend: the library that every process of the project shares.

No queue, no browser and no web framework is imported here, so that each service's image stays small.
"""
