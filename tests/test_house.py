"""The house keeps its own rules: words of the screen stand in the README's glossary, no page of an office without a permission,
every variable explained, no drawer of odds and ends."""

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models
from django.urls import URLPattern, URLResolver

from geo_renda.urls import OFFICE

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
OURS = [model for config in apps.get_app_configs() if config.name.startswith("apps.") for model in config.get_models()]
STATES = ("state", "status")
DRAWERS = {"utils", "helpers", "common", "services", "base", "misc"}
OPEN_TO_ALL = {"login", "logout", "visit_blank", "case_blank"}  # the last two are empty forms that telephones keep
PYTHON = [path for room in ("apps", "gis_data", "geo_renda", "ops", "tests") for path in (ROOT / room).rglob("*.py")]


def readme() -> str:
    return README.read_text(encoding="utf-8")


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.label)
def test_models_have_a_chinese_name_that_the_glossary_explains(model):
    name = str(model._meta.verbose_name)
    assert re.search(r"[\u4e00-\u9fff]", name), f"{model.__name__} needs a Chinese verbose_name"
    assert name in readme(), f"README's glossary lacks {name} ({model.__name__})"


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.label)
def test_states_stand_in_the_glossary(model):
    missing = [
        f"{label} ({value})"
        for field in model._meta.get_fields()
        if isinstance(field, models.CharField) and field.name in STATES
        for value, label in field.choices or ()
        if str(label) not in readme()
    ]
    assert not missing, f"README's glossary lacks the states of {model.__name__}: {'、'.join(missing)}"


def test_variables_are_explained():
    source = (ROOT / "geo_renda" / "settings.py").read_text(encoding="utf-8")
    names = set(re.findall(r"(?:\b(?:text|flag|number|listing)\(|os\.environ\.get\(|os\.environ\[)\s*\"([A-Z_]+)\"", source))
    for path in (ROOT / "apps").rglob("*.py"):
        names |= set(re.findall(r"os\.environ(?:\.get\(|\[)\s*\"([A-Z_]+)\"", path.read_text(encoding="utf-8")))
    names -= {"PYTEST_VERSION", "DJANGO_SETTINGS_MODULE"}
    assert {"DATABASE_URL", "SECRET_KEY", "ZONE", "DEMO_PASSWORD"} <= names
    assert not {name for name in names if f"`{name}`" not in readme()}


def test_no_drawers():
    found = [str(path.relative_to(ROOT)) for path in PYTHON if path.stem in DRAWERS or path.parent.name in DRAWERS]
    found += [str(path.relative_to(ROOT)) for path in (ROOT / "frontend" / "src").rglob("*.ts") if path.stem in DRAWERS]
    assert not found


def patterns(entries, prefix=""):
    for entry in entries:
        if isinstance(entry, URLResolver):
            yield from patterns(entry.url_patterns, prefix + str(entry.pattern))
        elif isinstance(entry, URLPattern):
            yield prefix + str(entry.pattern), entry


OFFICE_PAGES = [(path, entry) for path, entry in patterns(OFFICE) if entry.name not in OPEN_TO_ALL and path]


@pytest.mark.parametrize(("path", "entry"), OFFICE_PAGES, ids=[path for path, _ in OFFICE_PAGES])
def test_every_office_view_names_its_permission(path, entry):
    assert getattr(entry.callback, "permission", None), f"{path} has no @requires(…)"


def example(path: str) -> str:
    return "/" + re.sub(r"<(?:(\w+):)?\w+>", lambda found: "1" if found.group(1) in ("int", None) else "AAAAA", path)


@pytest.mark.parametrize("path", [path for path, _ in OFFICE_PAGES])
def test_office_views_refuse_strangers(path, users, client):
    """Not signed in: to the sign-in page. Signed in without a role: 403. Whatever the method, nothing else comes out."""
    asked = [client.get(example(path)), client.post(example(path))]
    assert {response.status_code for response in asked} <= {302, 405}
    assert all(response.headers["Location"].startswith(settings.LOGIN_URL if settings.LOGIN_URL[0] == "/" else "/accounts/login/") for response in asked if response.status_code == 302)
    assert any(response.status_code == 302 for response in asked)
    client.force_login(users.stranger)
    asked = [client.get(example(path)), client.post(example(path))]
    assert {response.status_code for response in asked} <= {403, 405}
    assert any(response.status_code == 403 for response in asked)


def test_screens_load_nothing_from_outside():
    """Templates name no other host; what a page may fetch is the policy's to say, and it says: ourselves."""
    templates = [path for folder in ("apps", "geo_renda") for path in (ROOT / folder).rglob("*.html")]
    assert len(templates) > 10
    outside = re.compile(r"""(?:src|href|action|url)\s*=\s*["']?(?:https?:)?//""")
    assert not [str(path.relative_to(ROOT)) for path in templates if outside.search(path.read_text(encoding="utf-8"))]
    inline = re.compile(r"""<script(?![^>]*\b(?:src|type="application/json"))[^>]*>|\sstyle=|\son[a-z]+=""")
    assert not [str(path.relative_to(ROOT)) for path in templates if inline.search(path.read_text(encoding="utf-8"))]
