"""The nightly evaluation, at 02:00 until the office says otherwise."""

import zoneinfo

from django.db import migrations


def create(apps, schema_editor):
    crontab, _ = apps.get_model("django_celery_beat", "CrontabSchedule").objects.get_or_create(
        minute="0", hour="2", day_of_week="*", day_of_month="*", month_of_year="*",
        timezone=zoneinfo.ZoneInfo("Asia/Shanghai"),
    )
    apps.get_model("django_celery_beat", "PeriodicTask").objects.get_or_create(
        name="每夜评价计算", defaults={"task": "scoring.tasks.nightly", "crontab": crontab}
    )


class Migration(migrations.Migration):
    dependencies = [
        ("scoring", "0002_score_orders"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]

    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
