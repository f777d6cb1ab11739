from django.apps import AppConfig


class ScoringConfig(AppConfig):
    name = "scoring"
    verbose_name = "积分评价"

    def ready(self) -> None:
        from scoring import checks  # noqa: F401  (registers itself)
