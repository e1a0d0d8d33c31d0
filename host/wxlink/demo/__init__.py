"""The whole chain on one machine: MCU, serial wire, module, broker, relay, WeChat sandbox."""
