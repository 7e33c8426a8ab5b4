"""The cube that this process holds: read once, then only what has changed; and what a user may count of it."""

import numpy as np
from numpy.typing import NDArray

from apps.accounts.models import User
from apps.insights.cube import Cube
from apps.insights.filters import Question


def current() -> Cube:
    """No older than a second after the facts have changed."""
    raise NotImplementedError


def asked(cube: Cube, user: User, question: Question, *, before: bool = False) -> NDArray[np.bool_]:
    """The facts in question that the user may count; before: those of the period it is compared with."""
    raise NotImplementedError


def scope(cube: Cube, user: User) -> NDArray[np.bool_]:
    """All that the user may count: his scope's towns; what could not be located only where he sees the whole county."""
    raise NotImplementedError
