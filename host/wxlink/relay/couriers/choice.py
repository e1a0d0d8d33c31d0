"""Which courier the operator's settings name."""

from wxlink.relay.couriers.console import Console
from wxlink.relay.couriers.message import Courier
from wxlink.relay.couriers.post import Post
from wxlink.relay.couriers.webhook import Webhook
from wxlink.relay.settings import RelaySettings


def courier_of(settings: RelaySettings) -> Courier:
    """The courier: a webhook, else the terminal; letters by SMTP where there is a server for them.

    Raises ValueError saying what is missing; never with a secret.
    """
    courier: Courier = Console()
    if settings.courier_webhook:
        if not settings.courier_secret:
            raise ValueError("people.webhook needs people.webhook_secret: by it the webhook knows the relay")
        courier = Webhook(settings.courier_webhook, settings.courier_secret)
    if not settings.smtp_url:
        return courier
    if not settings.mail_from:
        raise ValueError("people.smtp needs people.mail_from: whom letters are from")
    return Post(settings.smtp_url, settings.mail_from, courier)
