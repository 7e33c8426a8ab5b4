"""The SQL of vector tiles, one function a layer, made by the migration of the room that owns the rows.

Every function has martin's signature, `tile_<layer>(z int, x int, y int, query json) returns bytea`, so that an outside tile
server can call it unchanged. Custom plans fold the tile's envelope; parallel workers and JIT only slow small tiles down.
"""

from django.db import migrations

SIGNATURE = "(z int, x int, y int, query json)"
SETTINGS = "SET plan_cache_mode=force_custom_plan SET max_parallel_workers_per_gather=0 SET jit=off"


def tile_function(layer: str, body: str, public: bool = True) -> migrations.RunSQL:
    """The operation that makes `tile_<layer>`; `body` is one SELECT of a bytea. Only public layers may be called by everyone."""
    name = f"tile_{layer}"
    grant = "GRANT EXECUTE" if public else "REVOKE EXECUTE"
    to = "TO" if public else "FROM"
    return migrations.RunSQL(
        sql=f"""
        CREATE OR REPLACE FUNCTION {name}{SIGNATURE} RETURNS bytea LANGUAGE plpgsql STABLE PARALLEL SAFE {SETTINGS} AS $tile$
        BEGIN RETURN ({body}); END $tile$;
        {grant} ON FUNCTION {name}(int, int, int, json) {to} PUBLIC;
        """,
        reverse_sql=f"DROP FUNCTION IF EXISTS {name}(int, int, int, json);",
    )


def simplified(column: str) -> str:
    """A polygon for a tile: vertices closer than half a pixel left out, topology kept by the tile's own grid."""
    return f"ST_AsMVTGeom(ST_SimplifyPreserveTopology({column}, 40075016.68 / 2 ^ z / 4096 * 2), ST_TileEnvelope(z, x, y), 4096, 64, true)"


def margin(column: str) -> str:
    """Rows whose box meets the tile with its buffer of 64 units."""
    return f"{column} && ST_TileEnvelope(z, x, y, margin => 64.0 / 4096)"
