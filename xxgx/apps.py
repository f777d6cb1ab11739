from django.apps import AppConfig


class XxgxConfig(AppConfig):
    name = "xxgx"
    verbose_name = "系统"

    def ready(self) -> None:
        from xxgx import signin  # noqa: F401  (connects its receivers)
