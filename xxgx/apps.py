from django.apps import AppConfig, apps


class XxgxConfig(AppConfig):
    name = "xxgx"
    verbose_name = "系统"

    def ready(self) -> None:
        from xxgx import signin  # noqa: F401  (connects its receivers)

        apps.get_app_config("axes").verbose_name = "登录安全"  # the library has no Chinese
