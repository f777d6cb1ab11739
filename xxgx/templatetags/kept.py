"""Parts of a page that are the same for everybody who is shown the same values, written out once a process."""

from collections import OrderedDict
from typing import Any

from django import template
from django.template.base import FilterExpression, NodeList, Parser, Token, token_kwargs
from django.template.context import Context
from django.utils.safestring import SafeString
from django.utils.translation import get_language

register = template.Library()
TEXTS = 64  # of one tag: values somebody made up push out the oldest text, never fill the memory


class Kept(template.Node):
    """Sees the values it is given and nothing else, so that no text can hold what belongs to one reader."""

    def __init__(self, nodelist: NodeList, given: dict[str, FilterExpression]) -> None:
        self.nodelist, self.given = nodelist, given
        self.texts: OrderedDict[tuple, SafeString] = OrderedDict()

    def render(self, context: Context) -> SafeString:
        values = {name: _still(expression.resolve(context)) for name, expression in self.given.items()}
        # With their types: text that is safe equals the same text that is not, and is written otherwise.
        key = (get_language(), *map(type, values.values()), *values.values())
        text = self.texts.get(key)
        if text is None:
            text = self.nodelist.render(context.new(values))
            while len(self.texts) >= TEXTS:
                self.texts.popitem(last=False)
            self.texts[key] = text
        return text


def _still(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


@register.tag
def kept(parser: Parser, token: Token) -> Kept:
    """``{% kept entries=entries %}…{% endkept %}``: the text is a function of the (hashable) values named, and kept."""
    name, *bits = token.split_contents()
    given = token_kwargs(bits, parser)
    if bits:
        raise template.TemplateSyntaxError(f"{name} takes name=value, not {bits[0]}")
    nodelist = parser.parse(("endkept",))
    parser.delete_first_token()
    return Kept(nodelist, given)
