from django.db import migrations, models

MARK = "（超预算："


def apart(apps, schema_editor):
    """The reason stood behind the title, in brackets."""
    Payment = apps.get_model("scoring", "Payment")
    for payment in Payment.objects.filter(title__contains=MARK, title__endswith="）", over_reason=""):
        title, _mark, reason = payment.title.partition(MARK)
        payment.title, payment.over_reason = title, reason[:-1]
        payment.save(update_fields=["title", "over_reason"])


def together(apps, schema_editor):
    Payment = apps.get_model("scoring", "Payment")
    for payment in Payment.objects.exclude(over_reason=""):
        payment.title = f"{payment.title}{MARK}{payment.over_reason}）"[:200]
        payment.save(update_fields=["title"])


class Migration(migrations.Migration):

    dependencies = [
        ("scoring", "0006_queries_and_display"),
    ]

    operations = [
        migrations.AddField(
            model_name="payment",
            name="over_reason",
            field=models.CharField(blank=True, max_length=200, verbose_name="超预算原因"),
        ),
        migrations.RunPython(apart, together),
    ]
