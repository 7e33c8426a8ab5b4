"""What a process remembers of the layers: read once, read anew when a layer's version has changed.

The new value is read beside the one in use and then takes its place at once. Threads share it; none may change it.
"""

import threading
import time
from collections.abc import Callable
from typing import ClassVar, Generic, TypeVar

from django.db import connection

Value = TypeVar("Value")


class Remembered(Generic[Value]):
    """`current()` is no older than `check_seconds` after a change of its layers; one thread renews it, the others go on."""

    check_seconds: ClassVar[float] = 1.0
    _all: ClassVar[list["Remembered"]] = []

    def __init__(self, layers: tuple[str, ...], read: Callable[[], Value]) -> None:
        self._layers = layers
        self._read = read
        self._held: tuple[tuple, Value] | None = None
        self._asked_at = 0.0
        self._renewing = threading.Lock()
        self._all.append(self)

    def current(self) -> Value:
        held = self._held
        if held is None:
            with self._renewing:  # nothing to go on with: all wait for the first
                return self._held[1] if self._held else self._renew(self._versions())
        if time.monotonic() - self._asked_at < self.check_seconds or not self._renewing.acquire(blocking=False):
            return held[1]
        try:
            versions = self._versions()
            if versions != held[0]:
                return self._renew(versions)
            self._asked_at = time.monotonic()
            return held[1]
        finally:
            self._renewing.release()

    @classmethod
    def forget_all(cls) -> None:
        for remembered in cls._all:
            remembered._held = None

    def _renew(self, versions: tuple) -> Value:
        # The versions were read before the rows: a change in between is seen at the next check.
        value = self._read()
        self._held, self._asked_at = (versions, value), time.monotonic()
        return value

    def _versions(self) -> tuple:
        # xmin tells apart what two transactions wrote under the same number, of which one was rolled back.
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT layer, version, xmin::text FROM territory_layerversion WHERE layer = ANY(%s) ORDER BY layer", [list(self._layers)]
            )
            return tuple(cursor.fetchall())
