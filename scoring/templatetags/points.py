"""A total in a template, as every other page and file writes it."""

from decimal import Decimal

from django import template

from scoring.presenters import formatting

register = template.Library()


@register.filter
def points(total: Decimal | None) -> str:
    return formatting.points(total)
