"""Names of people as others may see them: enough to recognise somebody one knows."""

from typing import Final

HIDDEN: Final = "****"  # stands for four characters, OAdoc: "middle four letters are replaced"


def masked(text: str | None) -> str | None:
    """A name or number with its middle four characters hidden; of a short one all but the first."""
    if not text:
        return None
    if len(text) < len(HIDDEN) + 2:
        return text[: len(text) > 1] + HIDDEN
    start = (len(text) - len(HIDDEN)) // 2
    return text[:start] + HIDDEN + text[start + len(HIDDEN) :]


def masked_email(address: str | None) -> str | None:
    """An e-mail address with what stands before its last `@` masked."""
    if not address:
        return None
    local, at, host = address.rpartition("@")
    return f"{masked(local) or HIDDEN}{at}{host}"
