"""Area codes of North America that share their area, those that lie in several time zones, and places whose time the data has wrong.

Source of the first two: the NPA report of the North American Numbering Plan Administrator, file date 2026-01-05, columns
`OVERLAY_COMPLEX` and `TIME_ZONE`, all assigned geographic codes (also those not yet in service). To update it, take a newer report and
rewrite the first two tables.
"""

from __future__ import annotations

from types import MappingProxyType

__all__ = ["LISTED_ZONES", "OVERLAYS", "ZONES_AS_WELL"]

_COMPLEXES = """
201 551|202 771|203 475|204 431 584|205 659|206 564|208 986|209 350|210 726|212 332 646 917|213 323 738|214 469 945 972|
215 267 445|217 447|220 740|223 717|224 847|226 382 519 548|227 240 301|234 330|235 573|236 250 257 672 778|
236 257 604 672 778|248 947|249 683 705|256 938|263 438 514|270 364|272 570|273 367 418 581|274 920|279 916|
281 346 621 713 832|283 513|289 365 742 905|303 720 983|304 681|305 645 786|306 474 639|309 861|310 424|312 872|313 679|
314 557|315 680|317 463|318 457|321 407 689|324 904|326 937|327 870|329 845|331 630|334 483|336 743|339 781|341 510|
343 613 753|347 465 718 917 929|351 978|353 608|354 450 579|357 559|360 564|363 516|368 403 587 825|368 587 780 825|
369 707|380 614|385 801|402 531|404 470 678 943|405 572|408 669|410 443 667|412 878|415 628|416 437 647 942|419 567|
423 729|428 506|430 903|436 440|442 760|448 850|458 541|464 708|468 819 873|470 678 770 943|471 662|472 910|480 602 623|
484 610 835|502 761|503 971|507 924|508 774|512 737|518 838|530 837|534 715|539 918|540 826|561 728|565 912|571 703|
582 814|601 769|609 640|615 629|617 857|618 730|619 858|624 716|631 934|656 813|657 714|658 876|682 817|686 804|702 725|
704 980|706 762|709 879|724 878|732 848|747 818|748 970|754 954|757 948|773 872|779 815|782 902|787 939|803 839|805 820|
809 829 849|812 930|816 975|821 864|840 909|843 854|860 959|862 973|919 984
"""
_LISTED = {  # exactly as in the report's time zone column
    "219 270 364 423 448 574 606 729 812 850 906 931": ("America/New_York", "America/Chicago"),
    "807": ("America/Toronto", "America/Winnipeg"),
    "308 605 620 701 785 915": ("America/Chicago", "America/Denver"),
    "775": ("America/Los_Angeles", "America/Denver"),
    "208 458 541": ("America/Denver", "America/Los_Angeles"),
    "867": ("America/Winnipeg", "America/Edmonton", "America/Vancouver"),
    # not in the report: Lloydminster, a city of Saskatchewan, keeps the time of Alberta by its charter
    "306": ("America/Regina", "America/Edmonton"),
}


def _overlays() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for codes in map(str.split, _COMPLEXES.split("|")):
        for code in codes:
            found.setdefault(code, set()).update(codes)
    return {code: frozenset(others - {code}) for code, others in found.items()}


OVERLAYS = MappingProxyType(_overlays())
"""Each area code that shares its area, with the codes it shares it with. A code that serves two areas (236: those of 250 and 604) has
the codes of both; each of the two has only its own."""

LISTED_ZONES = MappingProxyType({code: zones for codes, zones in _LISTED.items() for code in codes.split()})
"""Area codes that the administrator lists in several time zones. The data of phonenumbers lacks some (915, 931)."""

ZONES_AS_WELL = MappingProxyType(
    {
        "211": ("Africa/Juba",),
        "212": ("Africa/Casablanca",),
        "2125288": ("Africa/El_Aaiun",),
        "213": ("Africa/Algiers",),
        "218": ("Africa/Tripoli",),
        "505": ("America/Managua",),
        "5632": ("Pacific/Easter",),
        "5661": ("America/Punta_Arenas",),
        "675": ("Pacific/Bougainville",),
        "691": ("Pacific/Chuuk", "Pacific/Pohnpei", "Pacific/Kosrae"),
        "7401": ("Europe/Kaliningrad",),
    }
)
"""Zones by prefix that the data of phonenumbers lacks, or has a neighbour's for, by the countries that the tz database (zone.tab) names."""
