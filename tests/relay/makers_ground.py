"""Two makers on one relay: each with members of every role, an app with a user, a product and a device."""

from dataclasses import dataclass

from relay_ground import MAC, PASSCODE, lamp

from wxlink.relay.service import Actor, Login, Service, operator
from wxlink.relay.store import App, Product

PASSWORD = "correct horse battery"
OPERATOR = operator("root")
ROLES = ("owner", "admin", "viewer")


@dataclass
class House:
    """One maker with all that is its own."""

    id: int
    name: str
    members: dict[str, Actor]
    sessions: dict[str, str]
    product: Product
    app: App
    did: str
    login: Login

    @property
    def owner(self) -> Actor:
        return self.members["owner"]

    def headers(self, role: str = "owner") -> dict[str, str]:
        """What a call of the makers' API carries."""
        return {"Authorization": f"Bearer {self.sessions[role]}"}

    def app_headers(self) -> dict[str, str]:
        """What a call of the app API carries."""
        return {"X-Gizwits-Application-Id": self.app.appid, "X-Gizwits-User-token": self.login.token}


def definition(product_key: str | None = None) -> dict[str, object]:
    """A product file's content."""
    content = lamp(product_key or "0" * 32).definition
    return content if product_key else {key: content[key] for key in content if key != "product_key"}


async def house(service: Service, name: str) -> House:
    """A maker of this name; its user has its device."""
    maker = await service.add_maker(OPERATOR, name, f"{name}.owner", PASSWORD)
    of_maker = operator("root", maker.id)
    for role in ROLES[1:]:
        await service.add_member(of_maker, f"{name}.{role}", role, PASSWORD)
    sessions, members = {}, {}
    for role in ROLES:
        issued = await service.log_in_member(f"{name}.{role}", PASSWORD, "192.0.2.1")
        sessions[role] = issued.secret
        members[role] = await service.actor(issued.secret)
    product = await service.add_product(members["owner"], definition())
    app = await service.add_app(members["owner"], f"{name} home")
    did = await service.register_device(product.product_key, MAC, PASSCODE)
    login = await service.anonymous_user(app.appid, "phone-1")
    await service.bind_by_passcode(login.uid, did, PASSCODE)
    return House(maker.id, name, members, sessions, product, app, did, login)
