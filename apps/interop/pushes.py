"""Records that a program pushes: the hotline's own system tells of its orders as they come and as they change, with a key from 接口密钥.

The same number again is an update, so a batch may be sent again whenever its answer was lost. What was said is redacted in memory before
anything is kept, as in a file; a row that cannot be read is answered with its place and why, and the others are taken.
"""

import json
import logging
import threading
import time
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Router

from apps.hotline import columns, workflow
from apps.hotline.models import Source
from apps.hotline.reading import Known
from apps.hotline.workflow import AWAY, Interrupted
from apps.interop.keys import ApiKey
from apps.record.limits import READING, Rate, limited, spent
from apps.record.messages import PUBLIC
from gis_data.rows import FileRefused

logger = logging.getLogger(__name__)
router = Router(tags=["hotline"])

MOST = 1_000  # records at once
LARGEST = 8 << 20  # bytes of a request
RENEWED = 600.0  # seconds after which gazetteer and categories are looked up again
BODY = {
    "type": "object", "required": ["records"], "properties": {"records": {"type": "array", "maxItems": MOST, "items": {
        "type": "object", "description": "键是对方的表头（在来源里对应过的），或：" + "、".join(f"{field.name} {field.label}" for field in columns.FIELDS.values()),
        "example": {"number": "2026031400123", "received_at": "2026-03-14 09:20:33", "title": "路灯不亮", "text": "人民路12号门前路灯不亮", "state": "办理中"},
    }}},
}  # fmt: skip
OPERATION = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": BODY}}},
    "parameters": [{"in": "header", "name": "X-API-Key", "required": True, "schema": {"type": "string"}}],
    "responses": {200: {"description": "taken、changed、unchanged、refused 各几条，problems：第几条（从 1 数）、栏目、原因"}},
}  # fmt: skip


class Refused(Exception):
    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


@router.post("/hotline/{source}/records", summary="推送诉求记录", openapi_extra=OPERATION)
@limited(READING, data=True)
def push(request: HttpRequest, source: str) -> HttpResponse:
    try:
        key, found = _allowed(request, source)
        if wait := spent(Rate("record push", key.per_hour, 3600), str(key.pk)):
            response = JsonResponse({"message": f"这个密钥每小时最多推送 {key.per_hour} 次，请过 {wait} 秒再推。"}, status=429)
            response["Retry-After"] = str(wait)
            return response
        records = _records(request)
        headings, rows = _table(records, found)
        done = workflow.take_in(found, rows, headings, _known(found), key.name)
    except Refused as refusal:
        return JsonResponse({"message": str(refusal)}, status=refusal.status)
    except FileRefused as refusal:
        return JsonResponse({"message": str(refusal)}, status=409)
    except (Interrupted, *AWAY) as trouble:
        logger.error("推送到 %s 没有收：%s", source, trouble)
        return JsonResponse({"message": "程序出了意外，这一批没有收。请过一会儿原样再推。"}, status=500)
    problems = [{"record": each.row, "field": each.field, "reason": each.reason, "refused": each.refused} for each in done.problems]
    return JsonResponse({name: getattr(done, name) for name in ("taken", "changed", "unchanged", "refused", "linked")} | {"problems": problems})


def _allowed(request: HttpRequest, code: str) -> tuple[ApiKey, Source]:
    """Whose key it is, and the source that it may push to. Who may not learns nothing of which sources there are."""
    if settings.ZONE == PUBLIC:
        raise Refused(404, "诉求记录只在办公区接收。")
    given = request.headers.get("X-API-Key") or request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    key = ApiKey.objects.holder_of(given)
    if key is None:
        raise Refused(401, "没有密钥，或密钥已停用。请在请求头 X-API-Key 里放接口密钥。")
    source = Source.objects.filter(code=code).first()
    if source is None or key.name not in source.pushers:
        raise Refused(403, "这个密钥不能向这个来源推送。请县人大常委会工委在来源页写上密钥的名称。")
    return key, source


def _records(request: HttpRequest) -> list[dict[str, Any]]:
    raw = request.read(LARGEST + 1)
    if len(raw) > LARGEST:
        raise Refused(413, f"一次最多 {LARGEST >> 20} MB，请分几次推。")
    try:
        said = json.loads(raw)
    except (ValueError, RecursionError):
        raise Refused(400, "正文不是合格的 JSON（UTF-8）。") from None
    records = said.get("records") if isinstance(said, dict) else said
    if not isinstance(records, list) or not all(isinstance(each, dict) for each in records):
        raise Refused(400, '正文要是 {"records": [ {…}, … ]}。')
    if len(records) > MOST:
        raise Refused(413, f"一次最多 {MOST} 条，现在有 {len(records)} 条，请分几次推。")
    return records


def _table(records: list[dict[str, Any]], source: Source) -> tuple[list[str], list[tuple[int, list[Any]]]]:
    """As rows under headings. Names of ours are understood beside the source's own headings, which were settled with a file."""
    headings = list(dict.fromkeys(name for record in records for name in record if name in columns.FIELDS or source.mapping.get(name)))
    source.mapping = {**{name: name for name in columns.FIELDS}, **source.mapping}
    plain = (str, int, float, bool)
    return headings, [(number, [value if isinstance(value := record.get(name), plain) else None for name in headings]) for number, record in enumerate(records, 1)]


_kept = threading.local()


def _known(source: Source) -> Known:
    """What rows are read against takes a second to put together: each thread keeps its own for a while."""
    by_source: dict[int, tuple[float, Known]] = _kept.__dict__.setdefault("by_source", {})
    made, known = by_source.get(source.pk, (0.0, None))
    if known is None or time.monotonic() - made > RENEWED or known.crs != source.crs:
        known = Known(source.pk, source.crs)
        by_source[source.pk] = (time.monotonic(), known)
    return known
