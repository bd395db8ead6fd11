"""The mark of a demo in everything that is published: that its participants are invented.

It travels with the data: what is computed from marked statistics is marked. A file without the field is one of people.
"""

from __future__ import annotations

import operator
from typing import Annotated

from pydantic import Field

from netflix_trend.language import marked

# Left out where it is false: programs from before the field read what is published of people as ever.
Invented = Annotated[bool, Field(exclude_if=operator.not_)]

# What a page of the community, or about a published round, says of marked statistics.
INVENTED = marked(
    "A demo: the participants are invented, except for the person who ran it, if that was with a file of their own."
)
