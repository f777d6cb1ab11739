"""The bell in the header: how many messages are unread. Nothing is asked for who is not signed in."""

from django import template

from firms.services import messages

register = template.Library()


@register.simple_tag(takes_context=True)
def unread_messages(context) -> int:
    user = getattr(context.get("request"), "user", None)
    return messages.unread(user) if user is not None and user.is_authenticated else 0
