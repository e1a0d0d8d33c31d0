"""What makes several relays one: who hears what, who answers, who looks after what all share."""

from wxlink.relay.cluster.cluster import Cluster
from wxlink.relay.cluster.secrets import ClusterSecrets, SecretsError

__all__ = ["Cluster", "ClusterSecrets", "SecretsError"]
