"""Templates: `{{crm.customer_name}}` and its kin in prompts, lines and key mappers (docs/templates.md).

values      how a value becomes text
lookup      finding a field by its name, tolerant of how exports write headers
syntax      cutting a template into literals and references
render      putting values in; never expanded twice
fields      the fields of {{call.*}}
addresses   templates in the address of a request
problems    what is wrong with a template, for people
"""

from core.templates.problems import problems
from core.templates.render import Rendered, render, render_mapping
from core.templates.values import stringify, stringify_fields

__all__ = ["Rendered", "problems", "render", "render_mapping", "stringify", "stringify_fields"]
