"""The real Redis, for all tests of this folder."""

from tests.services.runtime.redis_server import redis_server

__all__ = ["redis_server"]
