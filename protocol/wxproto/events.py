"""What a Session reports; a BadFrame of the decoder is passed on as it is."""

from .record import Record


class Asked(Record):
    """The peer sent a command. `wants_answer` is true when Session.answer() must acknowledge it."""

    fields = ("cmd", "sn", "flags", "payload")

    def __init__(self, cmd, sn, flags, payload, wants_answer=False):
        self.cmd = cmd
        self.sn = sn
        self.flags = flags
        self.payload = payload
        self.wants_answer = wants_answer


class Answered(Record):
    """The peer acknowledged our command `cmd` (the code asked, not the ack's); ticket 0 is its own."""

    fields = ("ticket", "cmd", "sn", "payload")

    def __init__(self, ticket, cmd, sn, payload):
        self.ticket = ticket
        self.cmd = cmd
        self.sn = sn
        self.payload = payload


class GaveUp(Record):
    """No acknowledgement came after all sends, or the link was down and the question was never sent."""

    fields = ("ticket", "cmd")

    def __init__(self, ticket, cmd):
        self.ticket = ticket
        self.cmd = cmd


class PeerNotice(Record):
    """The peer reports an error (commands.NOTICES) about our frame `sn`."""

    fields = ("code", "sn")

    def __init__(self, code, sn):
        self.code = code
        self.sn = sn


class LinkUp(Record):
    """The peer is there: commands may be sent from now on."""


class LinkLost(Record):
    """Module only: the MCU is silent; questions in the queue were given up."""
