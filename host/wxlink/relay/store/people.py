"""People known through WeChat."""

from sqlalchemy import select

from wxlink.relay.store.database import Database, insert, turn
from wxlink.relay.store.schema import people
from wxlink.relay.store.users import User, add_user


class People:
    """Who an openid of an official account is.

    An openid is a name, not a secret: pages, logs and other software see it. The app API lets anyone who
    knows a `phone_id` log in as that anonymous user, so a person of WeChat is never the user whose phone id
    is the openid. The person gets a user of their own that belongs to no app (`appid` null): no log-in of
    the app APIs can reach it, only a message that WeChat signed, or WeChat's OAuth.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def uid(self, account: str, openid: str, new_uid: str, at: float) -> str:
        """The uid of this openid of this official account; `new_uid` when the openid is new."""
        query = select(people.c.uid).where(people.c.account == account, people.c.openid == openid)
        async with self._database.read() as conn:
            known: str | None = (await conn.execute(query)).scalar_one_or_none()
        if known is not None:
            return known
        async with self._database.write() as conn:
            await turn(conn, "person", account, openid)
            known = (await conn.execute(query)).scalar_one_or_none()
            if known is None:
                await add_user(conn, User(new_uid, None, None, None, None, None, "zh-cn", at))
                await conn.execute(insert(conn, people).values(account=account, openid=openid, uid=new_uid))
                known = new_uid
        return known
