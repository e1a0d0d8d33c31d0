"""The door for modules with the vendor's firmware: MQTT 3.1 in, MQTT 3.1.1 to the broker.

From the bytes up: packets (framing), connect and uplink (what is changed, no I/O), side (one TCP connection),
admission (who may pass), guests (how many), conversation (one module), door (the listener).
"""

from wxlink.relay.mqtt_door.door import Door

__all__ = ["Door"]
