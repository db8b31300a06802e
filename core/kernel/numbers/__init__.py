"""Phone numbers: parsing, numbers that no real phone answers, the callee's time zones, masking for logs.

parsing      `parse_number`: text from a person or a spreadsheet -> `PhoneNumber`, or `NumberError` with advice
fictional    `is_fictional`: the one table of numbers reserved for fiction (docs/numbers.md)
zones        `callee_zones`: the time zones in which the callee may be
parts        `place_of`: the country, and the state, province or canton, in which the callee may be
part_tables  area codes and the parts that they lie in
overlays     North American area codes that share their area, and those that lie in several time zones
"""

from core.kernel.numbers.fictional import FICTIONAL_RANGES, FictionalRange, is_fictional, is_large_sample
from core.kernel.numbers.parsing import NumberError, NumberKind, PhoneNumber, check_region, mask, parse_number, split_key
from core.kernel.numbers.parts import NOWHERE, Place, place_of
from core.kernel.numbers.zones import callee_zones, time_zones, where_zones_come_from

__all__ = [
    "FICTIONAL_RANGES",
    "NOWHERE",
    "FictionalRange",
    "NumberError",
    "NumberKind",
    "PhoneNumber",
    "Place",
    "callee_zones",
    "check_region",
    "is_fictional",
    "is_large_sample",
    "mask",
    "parse_number",
    "place_of",
    "split_key",
    "time_zones",
    "where_zones_come_from",
]
