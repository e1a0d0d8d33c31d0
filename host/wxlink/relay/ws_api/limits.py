"""Every limit of the WebSocket API, with its unit and reason."""

from dataclasses import dataclass

MAX_MESSAGE_BYTES = 128 * 1024  # the longest P0 as a list of numbers is 64 KiB; more is refused, socket open
MAX_FRAME_BYTES = 1024 * 1024  # beyond it the socket is closed (1009): it is not read to its end
MAX_DEVICES = 1_000  # a socket may watch; the pages of one user show far fewer
MAX_NAMES = 256  # in c2s_read: as many data points as a product may have
MAX_OPEN_ASKS = 64  # requests with req_sn of one socket that wait for a device
MAX_SOCKETS = 5_000  # in all; each needs a file descriptor, and many systems give a process 8,192
MAX_SOCKETS_PER_USER = 32  # a user has a few phones and pages; two sockets per page occur
MAX_LOGIN_FAILURES = 10  # on one socket; public clients give up after three
SESSION_CHECK_S = 600.0  # how often a socket's token is looked at again: it may have expired

DEFAULT_HEARTBEAT_S = 180.0  # the documented maximum; some clients ask for more or for nonsense
HEARTBEAT_FACTOR = 1.5  # some clients send a ping exactly at the interval
CLOSE_WITHIN_S = 1.0  # for the close handshake; whoever does not answer is cut off


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits that an operator or a test may set otherwise."""

    login_within_s: float = 30.0
    """From the opening or the last failed login: public clients try again after 5, 10 and 15 s."""

    heartbeat_grace_s: float = 30.0
    """A missing message is missed this long after the interval, or at HEARTBEAT_FACTOR times it if later."""

    queue_messages: int = 1_000
    """That may wait for one slow client: several reports of each of its devices."""

    queue_bytes: int = 1024 * 1024
    """That may wait for one slow client; 5,000 of them are 5 GB at worst, so it is not more."""

    rate_per_s: float = 50.0
    """Messages of one socket, in the long run. A slider sends about 20."""

    rate_burst: int = 300
    """Messages at once: a page that reads each of its devices after login."""

    throttled_messages: int = 1_000
    """Refused for the rate before the socket is closed."""

    def heartbeat_s(self, asked: object) -> float:
        """How long a socket may be silent that asked for this `heartbeat_interval`."""
        interval = DEFAULT_HEARTBEAT_S
        if isinstance(asked, (int, float)) and not isinstance(asked, bool) and asked > 0:
            interval = min(float(asked), DEFAULT_HEARTBEAT_S)
        return max(interval * HEARTBEAT_FACTOR, interval + self.heartbeat_grace_s)
