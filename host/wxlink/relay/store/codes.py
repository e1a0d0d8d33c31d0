"""What people prove a phone number and their humanity with: codes of text messages, and captchas."""

from typing import Final

from sqlalchemy import delete, select, update

from wxlink.relay.ids import is_same
from wxlink.relay.store.database import Database, deleted, insert
from wxlink.relay.store.schema import captchas, codes

TRIES: Final = 5  # wrong guesses at six digits or four characters; then a new one is needed


class Codes:
    """The tables of codes and captchas. Both keep fingerprints, and forget what is used up."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, appid: str, phone: str, code: str, at: float, expires_at: float) -> None:
        """Keep the code that is sent to this number; an earlier one is no longer of use."""
        row = {
            "appid": appid,
            "phone": phone,
            "code": code,
            "tries": 0,
            "sent_at": at,
            "expires_at": expires_at,
        }
        async with self._database.write() as conn:
            added = insert(conn, codes).values(row)
            await conn.execute(added.on_conflict_do_update(index_elements=["appid", "phone"], set_=row))

    async def expires_at(self, appid: str, phone: str, code: str, *, use: bool) -> float | None:
        """Until when the code is good, None when it is another; `use` uses a right one up.

        Counts a wrong one, and after TRIES of them forgets the code.
        """
        mine = (codes.c.appid == appid) & (codes.c.phone == phone)
        async with self._database.write() as conn:
            query = select(codes.c.code, codes.c.tries, codes.c.expires_at).where(mine)
            known = (await conn.execute(query.with_for_update())).one_or_none()
            if known is None:
                return None
            right = is_same(known.code, code)
            if (right and use) or (not right and known.tries + 1 >= TRIES):
                await conn.execute(delete(codes).where(mine))
            elif not right:
                await conn.execute(update(codes).where(mine).values(tries=known.tries + 1))
        return float(known.expires_at) if right else None

    async def add_captcha(self, captcha: str, expires_at: float) -> None:
        """A captcha whose picture is not drawn yet."""
        async with self._database.write() as conn:
            row = {"captcha": captcha, "answer": None, "tries": 0, "expires_at": expires_at}
            await conn.execute(insert(conn, captchas).values(row))

    async def set_captcha(self, captcha: str, answer: str, now: float) -> bool:
        """Its picture is drawn, perhaps anew; False when there is no such captcha any more."""
        mine = (captchas.c.captcha == captcha) & (captchas.c.expires_at > now)
        async with self._database.write() as conn:
            return (await conn.execute(update(captchas).where(mine).values(answer=answer))).rowcount == 1

    async def solve_captcha(self, captcha: str, answer: str, now: float) -> bool:
        """Whether this is what the picture shows; right uses it up, and so do TRIES wrong answers."""
        mine = captchas.c.captcha == captcha
        async with self._database.write() as conn:
            query = select(captchas).where(mine, captchas.c.expires_at > now).with_for_update()
            known = (await conn.execute(query)).one_or_none()
            if known is None:
                return False
            right = known.answer is not None and is_same(known.answer, answer)
            if right or known.tries + 1 >= TRIES:
                await conn.execute(delete(captchas).where(mine))
            else:
                await conn.execute(update(captchas).where(mine).values(tries=known.tries + 1))
        return right

    async def prune(self, now: float) -> int:
        """Forget what has expired; how many went."""
        async with self._database.write() as conn:
            gone = [await deleted(conn, delete(table).where(table.c.expires_at <= now)) for table in _BOTH]
        return sum(gone)


_BOTH: Final = (codes, captchas)
