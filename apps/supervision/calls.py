"""Nearby calls 就近联络: something happens somewhere, and deputies near it are asked to come. The row is the record; nobody changes it."""

from django.conf import settings
from django.contrib.gis.db import models

from apps.accounts.models import Role
from apps.deputies.models import Deputy

OFFICES = (Role.COUNTY_OFFICE, Role.LEADER)


class NearbyCallQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The county office and leaders see all, a deputy those he was asked in."""
        if user.role in OFFICES:
            return self
        return self.filter(deputies__user=user) if user.role == Role.DEPUTY else self.none()


class NearbyCall(models.Model):
    """就近联络: where it is, what is asked, and of whom."""

    by = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name="联络人", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField("联络时间", auto_now_add=True)
    place = models.CharField("地点", max_length=120)
    point = models.PointField("位置", srid=4326)
    text = models.CharField("事由", max_length=300)
    deputies = models.ManyToManyField(Deputy, verbose_name="代表", related_name="nearby_calls")

    objects = NearbyCallQuerySet.as_manager()

    class Meta:
        verbose_name = "就近联络"
        verbose_name_plural = "就近联络"
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.place
