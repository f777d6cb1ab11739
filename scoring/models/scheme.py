from django.db import models


class Scheme(models.Model):
    """指标体系: one version of a regulation as data; immutable once a period uses it."""

    code = models.SlugField("代码", max_length=64)
    version = models.CharField("版本", max_length=32)
    title = models.CharField("名称", max_length=200)
    text = models.TextField("方案文件（TOML）")
    sha256 = models.CharField("SHA-256", max_length=64, unique=True)
    loaded_at = models.DateTimeField("载入时间", auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "指标体系"
        ordering = ["code", "-id"]
        constraints = [models.UniqueConstraint(name="scheme_version_once", fields=["code", "version"])]

    def __str__(self) -> str:
        return f"{self.title}（{self.version}）"


class Dimension(models.Model):
    """一级指标, materialised from the scheme's text for joins and the back office."""

    scheme = models.ForeignKey(Scheme, models.CASCADE, verbose_name="指标体系", related_name="dimensions")
    code = models.SlugField("代码", max_length=48)
    name = models.CharField("名称", max_length=64)
    position = models.PositiveSmallIntegerField("次序")

    class Meta:
        verbose_name = verbose_name_plural = "一级指标"
        ordering = ["scheme_id", "position"]
        constraints = [models.UniqueConstraint(name="dimension_once", fields=["scheme", "code"])]

    def __str__(self) -> str:
        return self.name


class Indicator(models.Model):
    """二级指标, materialised from the scheme's text."""

    scheme = models.ForeignKey(Scheme, models.CASCADE, verbose_name="指标体系", related_name="indicators")
    dimension = models.ForeignKey(Dimension, models.CASCADE, verbose_name="一级指标", related_name="indicators")
    code = models.CharField("编号", max_length=16)
    name = models.CharField("名称", max_length=128)
    category = models.CharField("指标分类", max_length=16, blank=True)
    max_points = models.DecimalField("分值", max_digits=9, decimal_places=3, null=True)
    unit = models.CharField("单位", max_length=16, blank=True)
    position = models.PositiveSmallIntegerField("次序")

    class Meta:
        verbose_name = verbose_name_plural = "二级指标"
        ordering = ["scheme_id", "position"]
        constraints = [models.UniqueConstraint(name="indicator_once", fields=["scheme", "code"])]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"
