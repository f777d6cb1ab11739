from django.conf import settings
from django.db import models

from scoring.querysets import CertificateQuerySet


class Certificate(models.Model):
    """计分说明: one page about one score, handed out with a code anybody can check on a public page.

    The page is made again from the score, which never changes; ``digest`` is the SHA-256 of what it said, so that a later
    change of wording cannot pass for the paper that was handed out. One in force a score; asking again gives the same.
    """

    code = models.CharField("校验码", max_length=24, unique=True)
    score = models.ForeignKey("scoring.Score", models.PROTECT, verbose_name="得分", related_name="certificates")
    firm = models.ForeignKey("firms.Firm", models.PROTECT, verbose_name="企业", related_name="certificates")
    digest = models.CharField("内容摘要", max_length=64)
    issued_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="开具人", related_name="+")
    issued_at = models.DateTimeField("开具时间", auto_now_add=True)
    revoked_at = models.DateTimeField("作废时间", null=True, blank=True)
    revoked_reason = models.CharField("作废原因", max_length=200, blank=True)

    objects = CertificateQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "计分说明"
        ordering = ["-issued_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                name="certificate_one_in_force", fields=["score"], condition=models.Q(revoked_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return self.code
