"""Who signs in: a user has one role and one scope. What a role may do stands in `perms.py`."""

from django.contrib.auth.models import AbstractUser
from django.db import models


class Role(models.TextChoices):
    DEPUTY = "deputy", "人大代表"
    TOWN_OFFICE = "town_office", "镇人大、街道工委"
    COUNTY_OFFICE = "county_office", "县人大常委会工委"
    DISPATCHER = "dispatcher", "县政府办"
    UNIT = "unit", "承办单位"
    LEADER = "leader", "领导"


class User(AbstractUser):
    """A person with a login. `scope` is a prefix of the 12-digit area code: all that lies under it is theirs to see."""

    role = models.CharField("角色", max_length=20, choices=Role.choices)
    scope = models.CharField("管辖区划", max_length=12, blank=True, help_text="区划代码前缀；留空则不管辖任何区划")
    display_name = models.CharField("姓名或岗位", max_length=40)

    class Meta(AbstractUser.Meta):
        verbose_name = "用户"
        verbose_name_plural = "用户"

    def __str__(self) -> str:
        return self.display_name or self.username

    def reaches(self, area_code: str) -> bool:
        """Whether an area lies in this user's scope. An empty scope reaches nothing."""
        return bool(self.scope) and area_code.startswith(self.scope)
