"""What is stored is told: to the bus, to those who wait for answers, and to the log what was wrong."""

from collections.abc import Callable, Sequence
from typing import Protocol

from wxlink.relay.events import Bus, Reported, Undecodable
from wxlink.relay.ingest import uplink
from wxlink.relay.ingest.complaints import Complaints
from wxlink.relay.ingest.intake import STORED, UNDECIPHERABLE, Intake
from wxlink.relay.ingest.presence import PresenceBook
from wxlink.relay.ingest.understanding import Business, Outcome, Presence
from wxproto import envelope


class Answers(Protocol):
    """Who waits for what devices send back."""

    def answered(self, did: str, client_id: str | None, sn: int, body: bytes) -> object: ...
    def requested(self, did: str, sn: int) -> None: ...
    def went_offline(self, did: str) -> None: ...


class Teller:
    """Tells outcomes in their order.

    answers: told of 0x0094 and 0x0093. on_count_request: called with the did that asks how many watch it.
    """

    def __init__(
        self,
        bus: Bus,
        answers: Answers,
        presence: PresenceBook,
        intake: Intake,
        on_count_request: Callable[[str], None],
    ) -> None:
        self._bus = bus
        self._answers = answers
        self._presence = presence
        self._intake = intake
        self._on_count_request = on_count_request
        self._complaints = Complaints()

    def tell(self, outcomes: Sequence[Outcome]) -> None:
        """Tell what a batch said."""
        wrong = sum(1 for outcome in outcomes if isinstance(outcome, uplink.Undecipherable))
        self._intake.note(UNDECIPHERABLE, wrong)
        self._intake.note(STORED, len(outcomes) - wrong)
        for outcome in outcomes:
            if isinstance(outcome, uplink.Undecipherable):
                self._complain(outcome)
            elif isinstance(outcome, Presence):
                self._presence.tell(outcome.said, outcome.identity, outcome.changed)
            elif isinstance(outcome, uplink.CountRequest):
                self._on_count_request(outcome.did)
            elif isinstance(outcome, Business):
                self._answer(outcome.said)
                if not outcome.past:
                    self._report(outcome)

    def _answer(self, said: uplink.Business) -> None:
        if said.sn is None:
            return
        if said.cmd == envelope.ANSWER:
            self._answers.answered(said.did, said.tail, said.sn, said.p0)
        elif said.cmd == envelope.REQUEST:
            self._answers.requested(said.did, said.sn)

    def _report(self, outcome: Business) -> None:
        said = outcome.said
        self._bus.publish(
            Reported(
                did=said.did,
                product=outcome.product.points,
                cmd=said.cmd,
                sn=said.sn,
                attrs=outcome.attrs,
                p0=said.p0,
                envelope=said.envelope,
                at=outcome.at,
                position=outcome.position,
            )
        )

    def _complain(self, wrong: uplink.Undecipherable) -> None:
        self._complaints.note(wrong.did, str(wrong))
        if wrong.did:
            self._bus.publish(Undecodable(wrong.did, str(wrong)))
