"""The relay's use cases in one place, for every API and for WeChat."""

from wxlink.relay.service.data import Data
from wxlink.relay.service.firmware import Firmware
from wxlink.relay.service.fleet import Fleet
from wxlink.relay.service.labels import Labels
from wxlink.relay.service.linkage import Linkage
from wxlink.relay.service.members import Members
from wxlink.relay.service.messages import Messages
from wxlink.relay.service.modules import Modules
from wxlink.relay.service.news import News
from wxlink.relay.service.pages import Pages
from wxlink.relay.service.people import People
from wxlink.relay.service.personal_data import PersonalData
from wxlink.relay.service.profile import Profile
from wxlink.relay.service.server_push import ServerPush
from wxlink.relay.service.timers import Timers


class Service(
    Profile,
    PersonalData,
    ServerPush,
    Fleet,
    Members,
    Labels,
    Modules,
    Timers,
    Linkage,
    Messages,
    Data,
    News,
    Firmware,
    Pages,
    People,
):
    """What users, devices and makers can do. The access rules live here: a user sees and controls bound
    devices only, a member only what is the maker's.

    Made of one class a noun: Profile (on Accounts and Verification), PersonalData, Labels (QR codes; on
    Household: binding, and Sharing), Modules (on Household: how they come), Timers (on Scenes, Steps, Groups
    and Control: data points), Linkage (rules), Messages, Data (what devices reported before), News (alerts,
    and who is told), Firmware (updates), Pages, People (WeChat); for makers ServerPush (their servers; on
    Catalogue: products and apps), Fleet (devices), Members (on Makers).
    """

    async def prune(self) -> int:
        """Forget what has expired and reports that are too old; how many rows went. To be run hourly."""
        now, settings = self.clock(), self.settings
        deliveries = self.store.snoti_deliveries
        gone = await deliveries.prune(now, settings.snoti_event_life_s, settings.snoti_queue_life_s)
        gone += await self.store.audit.prune(now - settings.audit_life_s)
        return gone + await self.store.prune(now, settings.history_life_s)
