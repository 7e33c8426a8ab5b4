"""The tables of the record itself. What happens to an app's rows is kept by that app, on the abstract rows of `events`."""

from django.db import models


class Allowance(models.Model):
    """访问限额: when a client's allowance will be whole again. `key` is a keyed hash that changes every day and leads back to
    nobody; a row that is whole again is deleted within a minute (`tasks.forget_allowances`)."""

    key = models.BinaryField("键", max_length=16, primary_key=True)
    whole_at = models.FloatField("恢复时刻")  # seconds since 1970 by the database's clock
    period = models.FloatField("周期（秒）")

    class Meta:
        verbose_name = "访问限额"
        verbose_name_plural = "访问限额"

    def __str__(self) -> str:
        return f"{bytes(self.key).hex()} {self.whole_at:.0f}"


from apps.record import channels, files, messages, notices  # noqa: E402, F401  their models are this room's too
