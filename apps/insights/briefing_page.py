"""A briefing as one HTML file: folium's maps with Leaflet inside it. It loads nothing and runs nothing but what is in it.

Its Content-Security-Policy names the scripts by their hashes and allows no address: whatever a name or a text might smuggle in neither
runs nor loads. All words are escaped, those that scripts write into the page too.
"""

import base64
import hashlib
import re
from collections.abc import Callable
from html import escape
from pathlib import Path

import folium
from branca.element import MacroElement
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe
from folium.features import GeoJsonTooltip
from folium.template import Template
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from apps.insights.briefing_parts import UNKNOWN, Content, Drawing, NotBuilt, Shape
from apps.insights.report_charts import months_svg

MOST_BYTES = 8_000_000
HATCHED = "url(#hatched)"
BORDER, GROUND, LAND = "#5b6671", "#9aa5b1", "#ffffff"
LOADED = re.compile(r"url\((?!#|data:)[^)]*\)")  # of style sheets: pictures that Leaflet would fetch from beside itself


def write(content: Content) -> bytes:
    """The whole file, UTF-8. NotBuilt where the front end was not."""
    style, leaflet = LOADED.sub("none", _asset("export/leaflet.css")), _asset("export/leaflet.js")
    parts = [_map(part, number) | {"map": part} if isinstance(part, Drawing) else {"table": part} for number, part in enumerate(content.parts)]
    script = "\n".join(part["script"] for part in parts if "script" in part)
    scripts = [_harmless(leaflet), _harmless(script)] if script else []
    page = render_to_string("insights/briefings/file.html", {
        "content": content, "parts": parts, "style": style, "months": mark_safe(months_svg(content.months, content.first, content.last)), "scripts": mark_safe("\n".join(f"<script>{each}</script>" for each in scripts)),
        "policy": _policy(*scripts), "unknown": UNKNOWN,
    })  # fmt: skip
    return page.encode()


def _asset(name: str) -> str:
    found = finders.find(name)
    if not found:
        raise NotBuilt("地图程序不在服务器的前端文件里，做不了简报。请管理员重新构建前端（make demo 或 npm run build）。")
    return Path(found).read_text(encoding="utf-8")


def _harmless(script: str) -> str:
    """A script that does not end before its end."""
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _policy(*scripts: str) -> str:
    hashes = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in scripts) or "'none'"
    return f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {hashes}; base-uri 'none'; form-action 'none'"


def _map(drawing: Drawing, number: int) -> dict[str, str]:
    """What folium makes of a drawing: the place in the page, and the script that fills it."""
    west, south, east, north = drawing.bounds
    made = folium.Map(
        location=[(south + north) / 2, (west + east) / 2], tiles=None, zoom_snap=0.25, attribution_control=False, scroll_wheel_zoom=False, prefer_canvas=False,
        control_scale=True,
    )  # fmt: skip
    made.default_js, made.default_css = [], []  # Leaflet stands in the file itself, once
    made._id = f"briefing_{number}"
    if drawing.ground:
        _layer([(geometry, {}) for geometry in drawing.ground], lambda feature: {"color": GROUND, "weight": 1, "fillColor": LAND, "fillOpacity": 1}, interactive=False).add_to(made)
    if drawing.shapes:
        rows = [(shape.geometry, {"i": index, "t": _tip(shape), "c": HATCHED if shape.colour == UNKNOWN else shape.colour}) for index, shape in enumerate(drawing.shapes)]
        layer = _layer(rows, lambda feature: {"color": BORDER, "weight": 1, "fillColor": feature["properties"]["c"], "fillOpacity": 0.82})
        layer.add_child(GeoJsonTooltip(["t"], labels=False, sticky=True))
        layer.add_to(made)
        for shape in drawing.shapes:
            if shape.mark:
                Mark(shape).add_to(made)
    made.fit_bounds([[south, west], [north, east]], padding=(8, 8))
    figure = made.get_root()
    figure.render()
    return {"html": figure.html.render(), "script": f"(function () {{{figure.script.render()}}})();"}


def _layer(rows: list[tuple[BaseGeometry, dict]], style: Callable[[dict], dict], **options) -> folium.GeoJson:
    features = [{"type": "Feature", "id": str(index), "geometry": _rounded(mapping(geometry)), "properties": {"i": index, **said}} for index, (geometry, said) in enumerate(rows)]
    return folium.GeoJson({"type": "FeatureCollection", "features": features}, style_function=style, smooth_factor=0, **options)


def _tip(shape: Shape) -> str:
    """Leaflet takes it for markup, so it must be none: escaped here."""
    return "<br>".join([f"<strong>{escape(shape.name)}</strong>", *map(escape, shape.words)])


class Mark(MacroElement):
    """A name that stands on the map. folium's own marker would first look for a picture beside the file."""

    _template = Template(
        """{% macro script(this, kwargs) %}
        L.marker({{ this.place|tojson }}, {icon: L.divIcon({{ this.icon|tojavascript }}), interactive: false, keyboard: false}).addTo({{ this._parent.get_name() }});
        {% endmacro %}"""
    )

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self._name = "Mark"
        place = shape.geometry.representative_point()
        self.place = [round(place.y, 6), round(place.x, 6)]
        self.icon = {"html": f"<span>{escape(shape.mark)}</span>", "className": "map-mark", "iconSize": [140, 20], "iconAnchor": [70, 10]}


def _rounded(geometry: dict) -> dict:
    def short(part):
        return [short(each) for each in part] if part and isinstance(part[0], list | tuple) else [round(value, 5) for value in part]

    return {"type": geometry["type"], "coordinates": short(geometry["coordinates"])}

