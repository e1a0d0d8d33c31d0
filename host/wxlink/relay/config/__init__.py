"""The configuration of a relay: one TOML file, the environment, and what is wrong with them."""

from wxlink.relay.config.problem import ConfigError
from wxlink.relay.config.reading import Config, default_data, find_file, read_config

__all__ = ["Config", "ConfigError", "default_data", "find_file", "read_config"]
