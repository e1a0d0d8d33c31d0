"""The relay's database: opened, brought to the present schema, and one attribute a noun."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from wxlink.relay.store.alerts import Alerts
from wxlink.relay.store.apps import Apps
from wxlink.relay.store.audit import Audit, follow
from wxlink.relay.store.bindings import Bindings
from wxlink.relay.store.claims import Claims
from wxlink.relay.store.codes import Codes
from wxlink.relay.store.commands import Commands
from wxlink.relay.store.connections import Connections
from wxlink.relay.store.database import Database, address
from wxlink.relay.store.devices import Devices
from wxlink.relay.store.doors import Doors
from wxlink.relay.store.groups import Groups
from wxlink.relay.store.guest_lists import GuestLists
from wxlink.relay.store.hours import Hours
from wxlink.relay.store.leases import Leases
from wxlink.relay.store.makers import Makers
from wxlink.relay.store.member_tokens import MemberTokens
from wxlink.relay.store.members import Members
from wxlink.relay.store.messages import Messages
from wxlink.relay.store.months import Months
from wxlink.relay.store.notifications import Notifications
from wxlink.relay.store.pages import Pages
from wxlink.relay.store.people import People
from wxlink.relay.store.personal_data import PersonalData
from wxlink.relay.store.products import Products
from wxlink.relay.store.pushes import Pushes
from wxlink.relay.store.random_codes import RandomCodes
from wxlink.relay.store.registry import Registry
from wxlink.relay.store.releases import Releases
from wxlink.relay.store.retention import Retention
from wxlink.relay.store.rule_watch import RuleWatch
from wxlink.relay.store.rules import Rules
from wxlink.relay.store.runs import Runs
from wxlink.relay.store.scenes import Scenes
from wxlink.relay.store.shares import Shares
from wxlink.relay.store.snoti_deliveries import SnotiDeliveries
from wxlink.relay.store.snoti_keys import SnotiKeys
from wxlink.relay.store.snoti_queues import SnotiQueues
from wxlink.relay.store.states import States
from wxlink.relay.store.timers import Timers
from wxlink.relay.store.trouble import StoreError, explained
from wxlink.relay.store.updates import Updates
from wxlink.relay.store.usage import Usage
from wxlink.relay.store.users import Users

HOURS_LIFE_S: Final = 400 * 86_400  # of points hour by hour: a year can be compared with the last
SERVER_MIN: Final = 13  # the oldest PostgreSQL that is in use in Debian; partitions need 12
MIGRATION_LOCK: Final = 0x77786C696E6B  # a name for advisory locks: relays that start together wait in turn
MIGRATIONS: Final = Path(__file__).with_name("migrations")


class Store:
    """Everything the relay must not forget. Several processes may open the same database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.followers = database.followers
        self.followers.add(follow)
        registry = Registry(database)
        self.audit = Audit(database)
        self.makers = Makers(database, registry)
        self.members = Members(database)
        self.member_tokens = MemberTokens(database)
        self.usage = Usage(database, self.makers)
        self.apps = Apps(database, registry)
        self.users = Users(database)
        self.people = People(database)
        self.personal_data = PersonalData(database)
        self.products = Products(database, registry)
        self.devices = Devices(database)
        self.doors = Doors(database)
        self.bindings = Bindings(database)
        months = Months(database)
        self.states = States(database, months)
        self.retention = Retention(database, months)
        self.hours = Hours(database)
        self.commands = Commands(database)
        self.connections = Connections(database)
        self.random_codes = RandomCodes(database)
        self.shares = Shares(database)
        self.guest_lists = GuestLists(database)
        self.groups = Groups(database)
        self.messages = Messages(database)
        self.claims = Claims(database)
        self.codes = Codes(database)
        self.pages = Pages(database)
        self.pushes = Pushes(database)
        self.releases = Releases(database)
        self.updates = Updates(database)
        self.followers.add(self.connections.follow)
        self.snoti_keys = SnotiKeys(database)
        self.snoti_queues = SnotiQueues(database, self.devices, self.products)
        self.snoti_deliveries = SnotiDeliveries(database)
        self.leases = Leases(database)
        self.notifications = Notifications(database)
        self.alerts = Alerts(database, self.devices, self.products, self.notifications)
        self.runs = Runs(database)
        self.scenes = Scenes(database)
        self.timers = Timers(database, self.runs)
        self.rules = Rules(database)
        RuleWatch(database, self.rules, self.runs, self.products, self.notifications)

    @classmethod
    async def open(cls, url: str) -> "Store":
        """Open the database at this SQLAlchemy URL and migrate it. Raises StoreError naming the remedy."""
        database = Database.connect(url)
        try:
            async with database.write() as conn:
                await conn.run_sync(migrate)
        except CommandError as error:
            await database.close()
            raise StoreError(
                "the database was written by a newer wxlink; install that version or a later one"
            ) from error
        except (DBAPIError, OSError) as error:
            await database.close()
            raise explained(error, address(url)) from error
        except StoreError:
            await database.close()
            raise
        store = cls(database)
        await store.snoti_queues.load()
        await store.rules.refresh()
        return store

    async def ping(self) -> None:
        """Ask the database for a sign of life. Raises what its driver raises."""
        await self._database.ping()

    @property
    def connections_in_use(self) -> int:
        """Connections to the database that are working now."""
        return self._database.connections_in_use

    async def close(self) -> None:
        """Close all connections; unfinished transactions are rolled back."""
        await self.commands.stop()
        await self._database.close()

    async def prune(self, now: float, history_life_s: float) -> int:
        """Forget what has expired, and what is older than its life; how many rows went.

        history_life_s: of single reports, whose product may say otherwise, and of the logs of commands and
        connections.
        """
        nouns = (
            self.users,
            self.apps,
            self.member_tokens,
            self.usage,
            self.codes,
            self.claims,
            self.pages,
            self.pushes,
            self.updates,
            self.random_codes,
            self.shares,
            self.messages,
            self.alerts,
            self.notifications,
            self.runs,
        )
        gone = [await noun.prune(now) for noun in nouns]
        gone += [await noun.prune(now - history_life_s) for noun in (self.commands, self.connections)]
        gone.append(await self.hours.prune(now - HOURS_LIFE_S))
        return sum(gone) + await self.retention.prune(now, history_life_s)


def migrate(connection: Connection) -> None:
    """Bring the database of this connection to the present schema, within its transaction."""
    if connection.dialect.name == "postgresql":
        version = int(connection.exec_driver_sql("SHOW server_version_num").scalar_one()) // 10_000
        if version < SERVER_MIN:
            raise StoreError(
                f"the database server is PostgreSQL {version}; wxlink needs {SERVER_MIN} or later"
            )
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
