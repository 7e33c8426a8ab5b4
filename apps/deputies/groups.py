"""代表小组: the basic form of deputies' activity (代表法 第二十六条). Who is in one stands on `Deputy`; here is what was changed."""

from django.db import models

from apps.deputies.models import Group
from apps.record.events import Event

MOST = 60  # members: one could not meet as a group


class GroupEvent(Event):
    """代表小组经过: one change of a group, its name, its leader or its members."""

    subject = models.ForeignKey(Group, on_delete=models.PROTECT, related_name="events")

    class Meta(Event.Meta):
        verbose_name = "代表小组经过"
        verbose_name_plural = "代表小组经过"
