"""Every limit of server push, with its unit and reason."""

from dataclasses import dataclass

LINE_BYTES = 128 * 1024  # of one message; a hundred commands with raw data of the usual length fit
ENTRIES = 100  # products in a login, or commands in one message
EVENTS = 64  # named in one entry; there are fewer
PREFETCH = 50  # events that a client has without acknowledging them, unless it asks otherwise (SNoti)
PREFETCH_MAX = 32_767  # that it may ask for (SNoti)
UNSENT_BYTES = 256 * 1024  # waiting for a client that does not read; nothing more is claimed for it
CLAIM = 100  # events of one queue in one transaction, so that reports wait milliseconds at most
CONNECTIONS = 500  # in all; a maker has a few servers
CONNECTIONS_A_HOST = 50  # of one address, which may be a whole office
LOGIN_FAILURES = 20  # of one address...
LOGIN_WINDOW_S = 300.0  # ...in this time; then it is turned away without a look
INVALID_BEFORE_LOGIN = 3  # messages that are no login, then the connection is closed
HANDSHAKE_S = 10.0  # for TLS
BACKLOG = 128  # connections that may wait


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits that an operator or a test may set otherwise."""

    login_within_s: float = 30.0
    """From the connection."""

    silence_s: float = 330.0
    """Without a whole message. Clients promise one every 5 minutes (SNoti); some send it exactly then."""

    stall_s: float = 60.0
    """That a client may take to read what it was sent."""

    requests_a_minute: int = 600
    """Messages of one connection that are no acknowledgement; more are answered with an error."""

    gather_s: float = 0.005
    """That acknowledgements and events wait for others to share their transaction."""

    poll_s: float = 1.0
    """How often to look for events, queues and keys that another process changed."""

    beat_s: float = 2.0
    """How often a relay says that it lives..."""

    gone_after_s: float = 10.0
    """...and how long it may say nothing before what it handed out goes to others."""

    trim_s: float = 10.0
    """How often queues are held to their size."""

    recheck_s: float = 60.0
    """How often the keys of those who are connected are looked at again."""
