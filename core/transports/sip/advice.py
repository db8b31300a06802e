"""SIP statuses in words: what a carrier most often means, and what to do. For `trunks check`, and for docs/transport-sip.md."""

from __future__ import annotations

from typing import Final

__all__ = ["ADVICE", "advice"]

ADVICE: Final[dict[int, tuple[str, str]]] = {
    302: ("The carrier sends the call somewhere else; we do not follow.",
          "Give the trunk the host that the carrier names, or ask it to route the call itself."),
    400: ("The carrier could not read the request.", "Look at its headers: from_domain and headers of the trunk."),
    401: ("The password or the user is wrong.", "Check both with the carrier; store the password again."),
    402: ("The account has no credit.", "Pay the carrier."),
    403: ("The carrier refuses: caller ID, address, account, or a destination that is not allowed.",
          "Use a caller ID that the carrier has given you; have your address and the destination country allowed."),
    404: ("The number does not exist, or is written as the carrier does not expect it.",
          'Try number_prefix: "" or "00" instead of "+".'),
    405: ("The carrier does not take this kind of request.", "Nothing, if it was an OPTIONS: place a test call instead."),
    407: ("The password or the user is wrong.", "Check both with the carrier; store the password again."),
    408: ("Nobody answered in time.", "Check host, port, firewall, and that the carrier knows your address."),
    410: ("The number is no longer in use.",
          "Take the number off the list."),
    420: ("The carrier wants an extension of SIP that we do not have.",
          "Ask the carrier to call for none (PRACK, for instance)."),
    421: ("The carrier wants an extension of SIP that we do not have.",
          "Ask the carrier to call for none (PRACK, for instance)."),
    480: ("The callee cannot be reached now; some carriers mean that the trunk is full.",
          "Compare channels and calls_per_second with the contract."),
    481: ("The carrier knows nothing of this call.", "Often a NAT that forgot it: set advertised_address and local_port."),
    482: ("The call came back to us.", "The number leads to your own trunk."),
    483: ("The call went round in circles.", "Tell the carrier."),
    484: ("The number is incomplete.", "Check number_prefix, and the lead's number."),
    486: ("The callee is busy.", "Nothing: the retry policy tries again."),
    487: ("We ended the call before it was answered.", "Nothing."),
    488: ("No codec in common, or the carrier wants encryption.", "Allow PCMU and PCMA without SRTP at the carrier."),
    500: ("The carrier failed.", "Tell the carrier, if it stays."),
    501: ("The carrier does not take this kind of request.", "Nothing, if it was an OPTIONS: place a test call instead."),
    502: ("The carrier's way to the callee failed.", "Tell the carrier, if it stays."),
    503: ("The carrier is overloaded or down, or the trunk is full.", "Compare channels and calls_per_second with the contract."),
    504: ("The carrier's way to the callee did not answer.", "Tell the carrier, if it stays."),
    600: ("The callee is busy everywhere.", "Nothing: the retry policy tries again."),
    603: ("The callee declined; some carriers block calls with it.", "If every call ends so, ask the carrier about your caller ID."),
    604: ("The number does not exist.", "Check the lead's number."),
    606: ("What we offer is not acceptable.", "Allow PCMU and PCMA without SRTP at the carrier."),
    607: ("The callee does not want such calls.", "Stop calling this number."),
    608: ("An analytics service blocked the call.", "Have your caller ID registered with the service that the answer names."),
}  # fmt: skip
"""For each status: what is meant, and what to do."""


def advice(status: int) -> str:
    """What a status means and what to do, in words."""
    if status in ADVICE:
        return " ".join(ADVICE[status])
    if status < 300:
        return "All is well."
    if status < 400:
        return "The carrier sends the call elsewhere, which is not followed. Ask it for the address to use."
    return "The carrier refused. Ask it why, with the number of the status."
