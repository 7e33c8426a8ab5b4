"""What every page's shell needs: the county's name, whether its data is synthetic, the map's frame, the navigation."""

from dataclasses import dataclass

from django.contrib.gis.db.models import Extent
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from apps.accounts.perms import Permission, allowed
from apps.portal.tiles import LAYERS, layer_versions
from apps.territory.models import AdminArea
from apps.territory.remembered import Remembered


@dataclass(frozen=True)
class _County:
    name: str
    bounds: tuple[float, float, float, float] | None
    synthetic: str


def _read_county() -> _County:
    areas = AdminArea.objects.filter(level__in=("county", "town", "village"))
    county = areas.filter(level="county").order_by("code").values_list("pk", "name", "synthetic").first()
    if county is None:
        return _County("", None, "")
    bounds = areas.filter(pk=county[0]).aggregate(bounds=Extent("geom"))["bounds"]
    _, name, invented = county
    if invented:
        return _County(name, bounds, f"演示数据：{name}的地名、人员与事项均为虚构")
    if areas.filter(synthetic=True).exists():
        return _County(name, bounds, f"演示数据：{name}内的界线、选区、门牌、人员与事项均为合成，与真实情况无关")
    return _County(name, bounds, "")


_county = Remembered(("area",), _read_county)

PUBLIC = (("找代表", "home", "search", None), ("联络站", "station_list", "building-community", None), ("查进度", "follow", "history", None))
OFFICE = (
    ("工作台", "desk", "layout-dashboard", Permission.DEPUTY_DESK),
    ("驾驶舱", "cockpit", "dashboard", Permission.SEE_COCKPIT),
    ("民情件", "case_list", "messages", Permission.SEE_CASES),
    ("监督", "run_list", "target-arrow", Permission.SEE_SUPERVISION),
    ("重点项目", "project_list", "crane", Permission.SEE_PROJECTS),
    ("我的值班", "my_duty", "calendar-event", Permission.DEPUTY_DESK),
    ("排班", "rota_list", "calendar-event", Permission.ARRANGE_DUTY),
    ("代表码", "card_list", "id-badge-2", Permission.ISSUE_CARDS),
    ("门牌码", "plate_list", "qrcode", Permission.MANAGE_CODES),
    ("换届", "term_list", "replace", Permission.SEE_TERMS),
    ("地图数据", "import_list", "database", Permission.IMPORT_DATA),
)


def navigation(request: HttpRequest) -> list[dict]:
    """What the person may open in this zone, the page's own entry marked."""
    user = getattr(request, "user", None)
    signed_in = user is not None and user.is_authenticated
    entries = []
    for label, name, icon, permission in OFFICE if signed_in else PUBLIC:
        if permission and not allowed(user, permission):
            continue
        try:
            url = reverse(name)
        except NoReverseMatch:  # not in this zone
            continue
        active = request.path == url or (url != "/" and request.path.startswith(url.rstrip("/") + "/"))
        entries.append({"label": label, "url": url, "icon": icon, "active": active})
    return entries


def shell(request: HttpRequest) -> dict:
    county = _county.current()
    return {
        "product_name": f"{county.name}代表履职地图" if county.name else "代表履职地图",
        "county_name": county.name,
        "synthetic": county.synthetic,
        "navigation": navigation(request),
        "map_config": {"bounds": county.bounds, "versions": {layer: layer_versions().get(layer, 0) for layer in LAYERS}},
    }
