"""What is kept of a grouping so that newcomers are measured by it: a profile beside each theme, the rarity of words beside the run."""

import struct
import zlib
from collections.abc import Sequence

import numpy as np
import scipy.sparse as sparse

from apps.insights.linkage import Placed
from apps.insights.themes import BUCKETS, Profiles

WHERE = ("count", "east", "north", "spread", "share", "day", "lasting")
HEAD = struct.Struct(f"<i{len(WHERE)}d")


def profile(profiles: Profiles, group: int) -> bytes:
    """One theme's row: how many words, where and when it lies, the words' buckets and weights."""
    span = slice(profiles.rows.indptr[group], profiles.rows.indptr[group + 1])
    buckets = profiles.rows.indices[span].astype("<i4")
    where = (float(getattr(profiles.whereabouts, name)[group]) for name in WHERE)
    return HEAD.pack(len(buckets), *where) + buckets.tobytes() + profiles.rows.data[span].astype("<f2").tobytes()


def weights(profiles: Profiles) -> bytes:
    """What all themes share."""
    head = struct.pack("<qd", profiles.count, profiles.whereabouts.unplaced)
    return zlib.compress(head + profiles.seen.astype("<i4").tobytes(), 6)


def restored(kept: Sequence[bytes], shared: bytes) -> Profiles:
    """The profiles of these themes, in this order."""
    plain = zlib.decompress(shared)
    count, unplaced = struct.unpack_from("<qd", plain)
    seen = np.frombuffer(plain, "<i4", BUCKETS, struct.calcsize("<qd")).astype(np.int32)
    where, first, buckets, values = [], [0], [], []
    for row in kept:
        words, *at = HEAD.unpack_from(row)
        where.append(at)
        buckets.append(np.frombuffer(row, "<i4", words, HEAD.size))
        values.append(np.frombuffer(row, "<f2", words, HEAD.size + 4 * words).astype(np.float32))
        first.append(first[-1] + words)
    empty = np.empty(0, np.float32)
    data = (np.concatenate([empty, *values]), np.concatenate([empty.astype(np.int32), *buckets]), np.array(first))
    columns = np.array(where, float).reshape(-1, len(WHERE)).T
    rows = sparse.csr_matrix(data, shape=(len(kept), BUCKETS), dtype=np.float32)
    return Profiles(seen, count, rows, Placed(*columns, unplaced))
