"""What the office types about a topic, and the filters of the list. Errors say what to do; nothing typed is lost."""

from django import forms
from django.contrib.gis.geos import Point

from apps.cases.forms import SELECT, PlainText, RowField, RowForm
from apps.deputies.models import Field
from apps.organisations.models import Organisation
from apps.supervision.topics import Topic
from apps.supervision.workflow_topics import Matter
from apps.territory.models import AdminArea

OWN_KINDS = [(value, label) for value, label in Topic.Kind.choices if value != Topic.Kind.PROJECT]
LONGEST = "最多 %(limit_value)d 个字，现在有 %(show_value)d 个，请精简后再提交。"
FULL_TEAM = 5


def _words(label: str, length: int, *, rows: int = 0, empty: str = "", **options) -> PlainText:
    widget = forms.Textarea(attrs={"class": "form-control", "rows": rows}) if rows else forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"})
    return PlainText(label=label, max_length=length, widget=widget, error_messages={"max_length": LONGEST, "required": empty}, **options)


def _number(label: str, least: int, most: int, **options) -> forms.IntegerField:
    wrong = f"请填 {least} 到 {most} 之间的整数。"
    return forms.IntegerField(
        label=label, min_value=least, max_value=most, widget=forms.NumberInput(attrs={"class": "form-control", "inputmode": "numeric"}),
        error_messages=dict.fromkeys(("invalid", "min_value", "max_value", "required"), wrong), **options,
    )  # fmt: skip


def _bodies():
    return Organisation.objects.standing().order_by("name")


class TopicForm(RowForm):
    kind = forms.ChoiceField(label="类别", choices=OWN_KINDS, widget=SELECT)
    title = _words("事项名称", 80, empty="请填事项名称。")
    code = _words("事项编号", 30, required=False, help_text="留空由系统编号")
    year = _number("年度", 2000, 2100, required=False, help_text="只在这一年监督；留空为每年")
    field = RowField(Field.objects.all, empty="不限领域", label="领域", required=False, widget=SELECT)
    responsible = RowField(_bodies, empty="请选择", label="责任单位", widget=SELECT, help_text="责任单位和实施单位的代表须回避")
    owner = RowField(_bodies, empty="同责任单位", label="实施单位", required=False, widget=SELECT)
    demand = _number("监督小组人数", 1, FULL_TEAM, initial=3)
    experts = _number("其中须懂行", 0, FULL_TEAM, initial=1)
    text = _words("内容", 1000, rows=5, required=False)
    lat = forms.FloatField(label="地点", required=False, widget=forms.HiddenInput, error_messages={"invalid": "位置读不出来，请在地图上重新点一下。"})
    lon = forms.FloatField(required=False, widget=forms.HiddenInput, error_messages={"invalid": ""})
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict:
        data = super().clean()
        lon, lat = data.get("lon"), data.get("lat")
        county = AdminArea.objects.county()
        if lon is None or lat is None:
            self._errors.pop("lon", None)
            if "lat" not in self._errors:
                self.add_error("lat", "请在地图上点出地点。")
        elif not (-180 <= lon <= 180 and -90 <= lat <= 90) or (county and county.geom and not county.geom.covers(Point(lon, lat, srid=4326))):
            self.add_error("lat", "这个地点不在本县范围内，请在地图上重新点一下。")
        if (data.get("experts") or 0) > (data.get("demand") or FULL_TEAM):
            self.add_error("experts", "懂行的人数不能多于小组人数。")
        elif data.get("experts") and data.get("field") is None and "field" not in self.errors:
            self.add_error("experts", "没有选领域，就不能要求懂行；请选领域，或填 0。")
        return data

    def matter(self) -> Matter:
        """What was typed, of a form that is valid."""
        data = self.cleaned_data
        site = Point(data["lon"], data["lat"], srid=4326)
        return Matter(site=site, **{name: data[name] for name in ("kind", "title", "field", "responsible", "owner", "demand", "experts", "year", "code", "text")})

    @staticmethod
    def of(topic: Topic) -> dict:
        """What the form begins with when a topic is corrected."""
        return {
            "kind": topic.kind, "title": topic.title, "code": topic.code, "year": topic.year, "field": topic.field and topic.field.code,
            "responsible": topic.responsible and topic.responsible.code, "owner": topic.owner and topic.owner.code, "demand": topic.demand, "experts": topic.experts, "text": topic.text, "lon": topic.site.x, "lat": topic.site.y,
        }  # fmt: skip
