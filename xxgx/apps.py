from django.apps import AppConfig


class XxgxConfig(AppConfig):
    name = "xxgx"
    verbose_name = "系统"
