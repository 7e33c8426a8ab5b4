"""Background work of the calendar: safe to run twice. Hours of a cron are UTC."""

from django.urls import reverse
from procrastinate.contrib.django import app

from apps.accounts.models import Role, User
from apps.record.notices import Notice
from apps.worktime.models import CalendarDay


@app.periodic(cron="30 16 * * *")
@app.task(name="worktime.announce_missing_years", queueing_lock="announce_missing_years")
def announce_missing_years(timestamp: int) -> None:
    """Tell the county's office, once for each year, that limits already reach into a year whose holidays nobody has entered."""
    for year in CalendarDay.objects.missing_soon():
        Notice.objects.tell(
            User.objects.filter(role=Role.COUNTY_OFFICE, is_active=True), "calendar", f"{year}年的放假安排还没有登记",
            f"办理期限已经会落到{year}年。国务院办公厅的通知发布后，请粘贴到工作日历里；在那以前，{year}年按周一至周五上班推算。",
            reverse("calendar_year", args=[year]), key=f"calendar-missing-{year}",
        )  # fmt: skip
