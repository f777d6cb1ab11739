from django.db import models


class Department(models.Model):
    """职能部门: owns metrics and registers, and writes nothing else."""

    code = models.SlugField("代码", max_length=32, unique=True)
    name = models.CharField("名称", max_length=64, unique=True)
    short_name = models.CharField("简称", max_length=16)
    position = models.PositiveSmallIntegerField("次序", default=100)

    class Meta:
        verbose_name = verbose_name_plural = "职能部门"
        ordering = ["position", "code"]

    def __str__(self) -> str:
        return self.name
