"""Allowances as buckets that fill again evenly (the generic cell rate algorithm), counted by all processes together: in the
database, or in Redis where REDIS_URL names one.

A bucket is one number, the moment at which it will be full again, and one atomic step decides and moves it: of two processes that
ask at the same moment, only one gets the last request. A Redis that does not answer lets everybody through: limits are a fence, and
pages are more than the fence around them.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import redis
from django.conf import settings
from django.db import connection

logger = logging.getLogger(__name__)
PATIENCE = 0.5  # seconds for Redis
NOW = "extract(epoch FROM statement_timestamp())::float8"
STEP = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local waits = {}
for i, key in ipairs(KEYS) do
    local cost, period = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
    local whole = math.max(tonumber(redis.call('GET', key) or 0), now) + cost
    if whole <= now + period + 1e-6 then
        if whole > now then
            redis.call('SET', key, string.format('%.6f', whole), 'PX', math.ceil((whole - now) * 1000))
        else
            redis.call('DEL', key)
        end
        waits[i] = '0'
    else
        waits[i] = string.format('%.6f', whole - now - period)
    end
end
return waits
"""


@dataclass(frozen=True)
class Asked:
    """cost: seconds until what is taken has filled again; period: seconds for the whole bucket."""

    key: bytes
    cost: float
    period: float


def take(asked: Sequence[Asked]) -> list[float]:
    """Take from every bucket what it holds enough of. For each: 0 when taken, else the seconds until it holds enough."""
    return _take_in_redis(asked) if settings.REDIS_URL else _take_in_database(asked)


def give_back(asked: Sequence[Asked]) -> None:
    """Put back what was taken."""
    if settings.REDIS_URL:
        _take_in_redis([Asked(each.key, -each.cost, each.period) for each in asked])
    else:
        _give_back_in_database(asked)


def forget_whole() -> int:
    """Delete the buckets that are full again from the database; Redis does so by itself. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM record_allowance WHERE whole_at < {NOW}")
        return cursor.rowcount


def _columns(asked: Sequence[Asked]) -> list[list]:
    ordered = sorted((each.key, each.cost, each.period) for each in asked)  # one order of locks for all: no deadlock
    return [list(column) for column in zip(*ordered, strict=True)]


def _take_in_database(asked: Sequence[Asked]) -> list[float]:
    with connection.cursor() as cursor:
        # Raw SQL: the ORM's upsert cannot refuse a row.
        cursor.execute(
            f"""
            INSERT INTO record_allowance AS held (key, whole_at, period)
            SELECT key, {NOW} + cost, period FROM unnest(%s::bytea[], %s::float8[], %s::float8[]) AS asked (key, cost, period)
            ON CONFLICT (key) DO UPDATE
                SET whole_at = GREATEST(held.whole_at, {NOW}) + excluded.whole_at - {NOW}, period = excluded.period
                WHERE GREATEST(held.whole_at, {NOW}) + excluded.whole_at - {NOW} <= {NOW} + excluded.period + 1e-6
            RETURNING key
            """,
            _columns(asked),
        )
        taken = {bytes(row[0]) for row in cursor.fetchall()}
        refused = [each for each in asked if each.key not in taken]
        waits = _waits(cursor, refused) if refused else {}
    return [waits.get(each.key, 0.0) for each in asked]


def _waits(cursor, refused: Sequence[Asked]) -> dict[bytes, float]:
    cursor.execute(
        f"""
        SELECT key, held.whole_at + asked.cost - asked.period - {NOW}
        FROM unnest(%s::bytea[], %s::float8[], %s::float8[]) AS asked (key, cost, period) JOIN record_allowance held USING (key)
        """,
        _columns(refused),
    )
    found = {bytes(key): wait for key, wait in cursor.fetchall()}
    return {each.key: max(found.get(each.key, 0.0), 1e-3) for each in refused}


def _give_back_in_database(asked: Sequence[Asked]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE record_allowance held SET whole_at = held.whole_at - given.cost
               FROM unnest(%s::bytea[], %s::float8[], %s::float8[]) AS given (key, cost, period) WHERE held.key = given.key""",
            _columns(asked),
        )


@cache
def _redis(url: str):
    server = redis.Redis.from_url(url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)
    return server.register_script(STEP)


def _take_in_redis(asked: Sequence[Asked]) -> list[float]:
    figures = [figure for each in asked for figure in (each.cost, each.period)]
    try:
        waits = _redis(settings.REDIS_URL)(keys=[b"allowance:" + each.key for each in asked], args=figures)
    except redis.RedisError as error:
        logger.warning("访问限额没有计数，Redis 没有应答：%s", error)
        return [0.0] * len(asked)
    return [float(wait) for wait in waits]
