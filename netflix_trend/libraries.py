"""What libraries are told before they are imported, as variables of the environment, which child processes inherit.

The Dockerfile says the same in our images.
"""

from __future__ import annotations

from collections.abc import MutableMapping

# OpenBLAS, which numpy loads, would start a thread for each processor, which takes a quarter of numpy's import; our
# matrices are too small for several threads to be faster. pydantic would read the metadata of every installed package,
# to look for plugins, which we have none of.
TOLD = {"OPENBLAS_NUM_THREADS": "1", "PYDANTIC_DISABLE_PLUGINS": "__all__"}
# Variables that a person may have set instead.
_INSTEAD = {"OPENBLAS_NUM_THREADS": ("GOTO_NUM_THREADS", "OMP_NUM_THREADS")}


def tell_libraries(environ: MutableMapping[str, str]) -> None:
    """Tell libraries in an environment what they are not told there already. Call it before they are imported."""
    for name, value in TOLD.items():
        if not any(instead in environ for instead in _INSTEAD.get(name, ())):
            environ.setdefault(name, value)
