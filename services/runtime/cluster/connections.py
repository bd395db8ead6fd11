"""How the processes of a cluster talk to each other: TLS with certificates on both sides, and little in their logs."""

from __future__ import annotations

import logging
import ssl
from pathlib import Path

import dask
from distributed.security import Security

from netflix_trend import __version__
from services.runtime.cluster.certificates import CA, CERTIFICATE, KEY

# What a worker of this version offers and a job of this version needs: the other's code may count otherwise.
SAME_VERSION = f"netflix-trend {__version__}"

dask.config.set(
    {
        # Dask always listens for monitors; there is nothing to see.
        "distributed.scheduler.http.routes": [],
        "distributed.worker.http.routes": [],
        "distributed.worker.profile.enabled": False,
        # Watching themselves is most of what idle processes do.
        "distributed.admin.tick.interval": "1s",
        "distributed.admin.tick.limit": "1h",
        "distributed.admin.system-monitor.interval": "30s",
        "distributed.scheduler.active-memory-manager.start": False,
    }
)
# Every job that comes or goes is a line, otherwise.
for _name in ("distributed", "distributed.client"):
    logging.getLogger(_name).setLevel(logging.ERROR)


def security_of(folder: Path) -> Security:
    """Return the certificates of a folder, for both ends of every connection. Raises OSError when one is missing."""
    ca, certificate, key = (str(folder / name) for name in (CA, CERTIFICATE, KEY))
    for path in (ca, certificate, key):
        Path(path).stat()
    own = {"cert": certificate, "key": key}
    ends = {f"tls_{role}_{kind}": own[kind] for role in ("client", "scheduler", "worker") for kind in own}
    return Security(require_encryption=True, tls_ca_file=ca, tls_min_version=ssl.TLSVersion.TLSv1_3, **ends)
