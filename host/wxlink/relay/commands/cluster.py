"""`wxlink cluster`: the secrets that the nodes and the relays of a cluster share."""

import argparse
import json
import os
import re
import sys
from pathlib import Path
from typing import Final

from wxlink.relay.cluster import ClusterSecrets

NODES: Final = ("nats-1:6222", "nats-2:6222", "nats-3:6222")
FOR_NODES: Final = "secrets.conf"
FOR_RELAYS: Final = "relay-secrets.json"

_ADDRESS: Final = re.compile(r"([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):[0-9]{1,5}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verbs of `wxlink cluster`."""
    verbs = parser.add_subparsers(dest="cluster_verb", metavar="VERB", required=True)
    summary = f"draw new secrets: {FOR_NODES} for every NATS node, {FOR_RELAYS} for every relay"
    example = "wxlink cluster init secrets --node 10.0.0.1:6222 --node 10.0.0.2:6222 --node 10.0.0.3:6222"
    init = verbs.add_parser("init", help=summary, description=summary, epilog=f"example: {example}")
    init.add_argument("folder", type=Path, metavar="DIR", help="where both files are written")
    init.add_argument(
        "--node",
        action="append",
        metavar="HOST:PORT",
        help=f"where a node is reached by the others, once for each; default: {' '.join(NODES)}",
    )
    init.add_argument("--json", action="store_true", help="print the paths as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Make the files: 0 done, 1 when one is there already or cannot be written."""
    nodes = arguments.node or NODES
    wrong = [node for node in nodes if not _ADDRESS.fullmatch(node)]
    if wrong:
        return _refuse(f"{wrong[0]!r} is no address of a node: write HOST:PORT, as in nats-1:6222")
    secrets = ClusterSecrets.draw()
    contents = {FOR_NODES: secrets.to_nats(nodes), FOR_RELAYS: secrets.to_json()}
    there = [name for name in contents if (arguments.folder / name).exists()]
    if there:
        return _refuse(f"{arguments.folder / there[0]} is there already: its cluster would fall apart")
    try:
        arguments.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, text in contents.items():
            path = arguments.folder / name
            with open(
                os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
            ) as file:
                file.write(text)
    except OSError as error:
        return _refuse(f"{error.filename}: {error.strerror}")
    paths = {"nodes": str(arguments.folder / FOR_NODES), "relays": str(arguments.folder / FOR_RELAYS)}
    if arguments.json:
        print(json.dumps(paths))  # noqa: T201
    else:
        print(f"{paths['nodes']}: beside wxlink.conf of every NATS node")  # noqa: T201
        print(f"{paths['relays']}: nats_secrets of every relay")  # noqa: T201
    return 0


def _refuse(why: str) -> int:
    sys.stderr.write(f"wxlink cluster: {why}\n")
    return 1
