"""Templates: `{{crm.customer_name}}` and the like in prompts, lines and key mappers (docs/templates.md).

values      how a value becomes text
lookup      finds a field by its name, tolerant of how exports write headers
syntax      splits a template into literals and references
render      fills values in; never expands twice
fields      the fields of {{call.*}}
addresses   templates in the URL of a request
problems    problems with a template, for people
"""

from core.templates.problems import problems
from core.templates.render import Rendered, render, render_mapping
from core.templates.values import stringify, stringify_fields

__all__ = ["Rendered", "problems", "render", "render_mapping", "stringify", "stringify_fields"]
