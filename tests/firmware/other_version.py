"""The application of this tree under another version, as a later release would be."""

import functools
import re

from wxlink.flash import app


@functools.cache
def other_version(version: str, **changed: str) -> app.Application:
    """The application as `version`; `changed` are sources of the package `module`.

    Takes seconds: not while this process serves a link.
    """
    sources = app.sources()
    changed["version"] = re.sub(r'SOFTWARE = "\w+"', f'SOFTWARE = "{version}"', sources["module/version.py"])
    sources |= {f"module/{name}.py": source for name, source in changed.items()}
    return app.assemble(sources, app.build().root)
