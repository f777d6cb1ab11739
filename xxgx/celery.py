"""The Celery application: a message only wakes a worker up; the truth of a job is its row."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xxgx.settings")

app = Celery("xxgx")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
