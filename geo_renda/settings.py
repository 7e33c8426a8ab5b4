"""All settings, read from the environment by typed readers that refuse bad values. The README lists every variable.

Values that `make demo` generates (keys, the private cluster's address) lie in DATA_DIR; a variable in the environment
goes before them.
"""

import json
import os
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(os.environ.get("DATA_DIR") or BASE_DIR / ".local")
if not DATA_DIR.is_absolute():
    DATA_DIR = BASE_DIR / DATA_DIR


def _stored() -> dict[str, str]:
    """What set-up has written into the data folder: keys and the address of the private cluster."""
    values: dict[str, str] = {}
    env_file, url_file = DATA_DIR / "env", DATA_DIR / "database_url"
    if env_file.is_file():
        lines = env_file.read_text(encoding="utf-8").splitlines()
        values.update(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    if url_file.is_file():
        values["DATABASE_URL"] = url_file.read_text(encoding="utf-8").strip()
    return values


_STORED = _stored()


def text(name: str, default: str | None = None, choices: tuple[str, ...] = ()) -> str:
    value = os.environ.get(name) or _STORED.get(name) or default
    if value is None:
        raise ImproperlyConfigured(f"环境变量 {name} 未设置。")
    if choices and value not in choices:
        raise ImproperlyConfigured(f"环境变量 {name} 只能是 {'、'.join(choices)}，现在是 {value!r}。")
    return value


def flag(name: str, default: bool) -> bool:
    return text(name, "true" if default else "false", ("true", "false", "1", "0")) in ("true", "1")


def number(name: str, default: int, least: int, most: int) -> int:
    value = text(name, str(default))
    if not value.isdigit() or not least <= int(value) <= most:
        raise ImproperlyConfigured(f"环境变量 {name} 应是 {least} 到 {most} 之间的整数，现在是 {value!r}。")
    return int(value)


def listing(name: str, default: str | None) -> list[str]:
    return [item.strip() for item in text(name, default).split(",") if item.strip()]


def gateway(name: str) -> dict:
    """How residents are reached by one kind of message: see apps/record/gateways.py. Without an address there is none."""
    url = text(f"{name}_GATEWAY", "")
    if url and urlsplit(url).scheme not in ("http", "https"):
        raise ImproperlyConfigured(f"环境变量 {name}_GATEWAY 应以 http:// 或 https:// 开头。")
    try:
        body = json.loads(text(f"{name}_GATEWAY_BODY", '{"to": "{to}", "text": "{text}", "id": "{id}"}'))
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise ImproperlyConfigured(f"环境变量 {name}_GATEWAY_BODY 应是一个 JSON 对象，里面用 {{to}}、{{text}}、{{id}}、{{key}} 表示要填的地方。")
    return {"url": url, "key": text(f"{name}_GATEWAY_KEY", ""), "body": body, "success": text(f"{name}_GATEWAY_SUCCESS", "")}


def database(url: str, role: str = "", threads: int = 4) -> dict:
    """Django's settings for `postgresql://user:password@host:port/name?host=/socket/folder`."""
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres", "postgis"):
        raise ImproperlyConfigured("DATABASE_URL 应以 postgresql:// 开头。")
    query = dict(parse_qsl(parts.query))
    # What lies idle is given back within a minute or two: each connection that a restarted database has closed costs the next visitor another wait.
    options: dict = {"pool": {"min_size": 1, "max_size": threads + 2, "timeout": 10, "max_idle": 60}}
    if role:
        options["options"] = f"-c role={role}"
    return {
        "ENGINE": "django.contrib.gis.db.backends.postgis",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.get("host") or parts.hostname or "",
        "PORT": str(parts.port or query.get("port", "")),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


def wheel_library(package: str, folder: str, pattern: str) -> str | None:
    """The shared library that a wheel carries, so that the process loads one copy of GDAL and one of GEOS."""
    origin = find_spec(package).origin
    found = sorted((Path(origin).parent.parent / folder).glob(pattern)) if origin else []
    return str(found[0]) if found else None


ZONE = text("ZONE", "all", ("public", "office", "all"))
DEBUG = flag("DEBUG", False)
SECRET_KEY = text("SECRET_KEY", "only-for-tests-and-tools-" + "0" * 40 if DEBUG or os.environ.get("PYTEST_VERSION") else None)
CONTACT_KEY = text("CONTACT_KEY", "MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA=" if DEBUG or os.environ.get("PYTEST_VERSION") else "" if ZONE == "public" else None)
CONTACT_PUBLIC_KEY = text("CONTACT_PUBLIC_KEY", "")  # closes contacts where they may not be opened: the public zone has this one only
if not CONTACT_KEY and not CONTACT_PUBLIC_KEY:
    raise ImproperlyConfigured("公众区要设环境变量 CONTACT_PUBLIC_KEY：在办公区运行 manage.py zone_keys 得到。")
ZONE_KEY = text("ZONE_KEY", "")  # signs what leaves for the other zone
ZONE_PEER_KEYS = listing("ZONE_PEER_KEYS", "")  # who may have signed what comes from there; several while a key is being changed
MESSAGES_OUT, MESSAGES_IN = text("MESSAGES_OUT", ""), text("MESSAGES_IN", "")  # folders that the file gate empties and fills
INTAKE_DIR = text("INTAKE_DIR", "")  # a folder for each source that puts files of records there
CODE_KEYS = listing("CODE_KEYS", "only-for-tests-and-tools-" + "1" * 40 if DEBUG or os.environ.get("PYTEST_VERSION") else None)
if not CODE_KEYS or min(map(len, CODE_KEYS)) < 32:
    raise ImproperlyConfigured("环境变量 CODE_KEYS 应是一个或几个以逗号隔开的密钥，每个至少 32 个字符。")
ALLOWED_HOSTS = listing("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = listing("CSRF_TRUSTED_ORIGINS", "")
HTTPS = flag("HTTPS", False)
PUBLIC_URL = text("PUBLIC_URL", "").rstrip("/")
if PUBLIC_URL and not (urlsplit(PUBLIC_URL).scheme in ("http", "https") and urlsplit(PUBLIC_URL).netloc):
    raise ImproperlyConfigured(f"环境变量 PUBLIC_URL 应是居民打开的网址，例如 https://renda.example.gov.cn，现在是 {PUBLIC_URL!r}。")
TRUSTED_PROXIES = number("TRUSTED_PROXIES", 0, 0, 9)
RATE_LIMIT_TIMES = number("RATE_LIMIT_TIMES", 1, 0, 1000)
REDIS_URL = text("REDIS_URL", "")
if REDIS_URL and urlsplit(REDIS_URL).scheme not in ("redis", "rediss", "unix"):
    raise ImproperlyConfigured("环境变量 REDIS_URL 应以 redis://、rediss:// 或 unix:// 开头。")
WEB_THREADS = number("WEB_THREADS", 4, 1, 64)
OFFICE_URL = text("OFFICE_URL", "").rstrip("/")  # where staff open the site: stands in e-mails and groups
if OFFICE_URL and not (urlsplit(OFFICE_URL).scheme in ("http", "https") and urlsplit(OFFICE_URL).netloc):
    raise ImproperlyConfigured(f"环境变量 OFFICE_URL 应是工作人员打开的网址，例如 https://renda.example.gov.cn，现在是 {OFFICE_URL!r}。")
WEBHOOK_HOSTS = listing("WEBHOOK_HOSTS", "oapi.dingtalk.com,qyapi.weixin.qq.com")  # where group robots may stand
MAIL_SUBJECT, MAIL_DOMAIN = "代表履职地图", urlsplit(OFFICE_URL or PUBLIC_URL).hostname or "localhost"
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST, EMAIL_PORT, EMAIL_TIMEOUT = text("EMAIL_HOST", ""), number("EMAIL_PORT", 25, 1, 65535), 10
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = text("EMAIL_HOST_USER", ""), text("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS, EMAIL_USE_SSL = flag("EMAIL_USE_TLS", False), flag("EMAIL_USE_SSL", False)
DEFAULT_FROM_EMAIL = text("EMAIL_FROM", "") or f"no-reply@{MAIL_DOMAIN}"
GATEWAYS = {"sms": gateway("SMS"), "wechat": gateway("WECHAT")}
DEPUTY_BUSY_AT = number("DEPUTY_BUSY_AT", 10, 1, 1000)  # so many cases wait for the nearest deputy: others of the district relieve him
BORDER_METRES = number("BORDER_METRES", 30, 0, 1000)  # nearer to a district's border the resident is asked which side is his
BRIEFINGS_DAYS = number("BRIEFINGS_DAYS", 365, 1, 36500)  # so long the files of briefings are kept

DATABASES = {"default": database(text("DATABASE_URL", "postgresql:///geo_renda"), "geo_public" if ZONE == "public" else "", WEB_THREADS)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "django_cache"}}
GDAL_LIBRARY_PATH = wheel_library("pyogrio", "pyogrio.libs", "libgdal-*.so*")
GEOS_LIBRARY_PATH = wheel_library("shapely", "shapely.libs", "libgeos_c-*.so*")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.gis",
    "django.contrib.postgres",
    "csp",
    "ninja",
    "django_vite",
    "procrastinate.contrib.django",
    "apps.accounts",
    "apps.record",
    "apps.worktime",
    "apps.organisations",
    "apps.territory",
    "apps.deputies",
    "apps.projects",
    "apps.matching",
    "apps.cases",
    "apps.hotline",
    "apps.supervision",
    "apps.insights",
    "apps.imports",
    "apps.interop",
    "apps.portal",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "apps.record.files.bounded",
    "apps.portal.odd_paths.no_nul",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "geo_renda.urls"
WSGI_APPLICATION = "geo_renda.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "geo_renda" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "apps.portal.context.shell",
            ],
        },
    },
]

AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/desk/"
LOGOUT_REDIRECT_URL = "/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

LANGUAGE_CODE = "zh-hans"
TIME_ZONE = "Asia/Shanghai"
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "frontend" / "dist"] if (BASE_DIR / "frontend" / "dist").is_dir() else []
STORAGES = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
WHITENOISE_USE_FINDERS = True  # the front-end build names its files by their hash: nothing to collect or rename
WHITENOISE_IMMUTABLE_FILE_TEST = r"/static/assets/"
DJANGO_VITE = {"default": {"manifest_path": BASE_DIR / "frontend" / "dist" / "manifest.json", "dev_mode": False}}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    },
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SESSION_COOKIE_AGE = 12 * 3600

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {name: {"level": "WARNING"} for name in ("procrastinate.blueprints", "procrastinate.periodic", "fontTools", "fpdf")},
    "root": {"handlers": ["console"], "level": "INFO"},
}
