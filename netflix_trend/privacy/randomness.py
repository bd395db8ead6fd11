"""Where randomness that protects people comes from."""

from __future__ import annotations

import secrets
from collections.abc import Callable

# A function that returns an integer uniform on 0..n-1. Samplers take one as a parameter, so that tests can inject a
# seeded or an enumerating one; nothing in the product passes anything but `secure`.
RandBelow = Callable[[int], int]

secure: RandBelow = secrets.randbelow

# The same for n uniform bytes: nonces and seeds.
RandBytes = Callable[[int], bytes]

secure_bytes: RandBytes = secrets.token_bytes
