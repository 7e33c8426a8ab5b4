"""/healthz — database, PostGIS and worker: 200 when all work, 503 and which one when not."""

import datetime as dt

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

WORKER_SILENT = dt.timedelta(seconds=60)


@require_GET
def health(request: HttpRequest) -> JsonResponse:
    answer: dict[str, str | bool] = {"database": False, "postgis": False, "worker": False}
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            answer["database"] = True
            cursor.execute("SELECT postgis_lib_version()")
            answer["postgis"] = cursor.fetchone()[0]
            cursor.execute("SELECT max(last_heartbeat) FROM procrastinate_workers")
            heartbeat = cursor.fetchone()[0]
            answer["worker"] = bool(heartbeat) and timezone.now() - heartbeat < WORKER_SILENT
    except DatabaseError:
        answer["message"] = "数据库没有应答。请检查数据库是否已启动，或运行 make demo。"
        return JsonResponse(answer, status=503)
    if not answer["worker"]:
        answer["message"] = "后台进程没有心跳。请运行 make demo，或启动 manage.py run_worker。"
    return JsonResponse(answer, status=200 if all(answer[part] for part in ("database", "postgis", "worker")) else 503)
