from django.apps import AppConfig, apps


class XxgxConfig(AppConfig):
    name = "xxgx"
    verbose_name = "系统"

    def ready(self) -> None:
        from xxgx import converters, signin  # noqa: F401  (what addresses may hold; sign-in's receivers)

        apps.get_app_config("axes").verbose_name = "登录安全"  # the library has no Chinese
