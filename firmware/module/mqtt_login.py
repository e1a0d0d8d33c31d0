"""MQTT 3.1.1 packets with which a connection begins. Dropped after use."""

from module import mqtt_packet as packet

REFUSALS = {  # CONNACK return codes (3.2.2.3)
    1: "protocol level not accepted",
    2: "client identifier not accepted",
    3: "server unavailable",
    4: "bad user name or password",
    5: "not authorized",
}
SUBSCRIPTION_REFUSED = 0x80


def connect(client_id, user, password, *, keep_alive_s, clean, will=None):
    """CONNECT (3.1). Texts are str; `will` is None or (topic, payload bytes, qos), never retained."""
    flags = 0xC0 | (0x02 if clean else 0)
    if will is not None:
        flags |= 0x04 | will[2] << 3
    body = packet.text("MQTT") + bytes((4, flags)) + packet.uint16(keep_alive_s) + packet.text(client_id)
    if will is not None:
        body += packet.text(will[0]) + packet.field(will[1])
    return packet.packet_of(0x10, body + packet.text(user) + packet.text(password))


def subscribe(packet_id, filters):
    """SUBSCRIBE (3.8); `filters` is a sequence of (topic filter, QoS)."""
    body = packet.packet_id_of(packet_id)
    for topic_filter, qos in filters:
        body += packet.text(topic_filter) + bytes((qos,))
    return packet.packet_of(0x82, body)
