from django.apps import AppConfig


class FirmsConfig(AppConfig):
    name = "firms"
    verbose_name = "企业与数据"

    def ready(self) -> None:
        # What makes the links in mails: known in every process, the worker's above all.
        from firms.services import accounts, invitations  # noqa: F401
