"""The Celery application: a message only wakes a worker up; the truth of a job is its row."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xxgx.settings")

app = Celery("xxgx")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# The office's own times live in django-celery-beat's tables; the sweep is not a choice.
app.conf.beat_schedule = {
    "sweep": {"task": "firms.tasks.sweep", "schedule": 30.0, "options": {"expires": 25}},
}
