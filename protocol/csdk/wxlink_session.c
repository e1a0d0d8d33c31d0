#include "wxlink_session.h"

#include <string.h>

#include "wxlink_p0.h"
#include "wxlink_report.h"
#include "wxlink_sub_devices.h"

#define INFO_SIZE (4u * WXLINK_VERSION_SIZE + WXLINK_KEY_SIZE + 2u + ATTRIBUTES_SIZE) /* without its optional texts */
#define ATTRIBUTES_SIZE 8u

/* A module repeats a question after its time on the wire and that of the answer, twice. */
#define REPEAT_MS (WXLINK_REPEAT_MS + 4u * WXLINK_WIRE_MS(WXLINK_FRAME_SIZE(WXLINK_PAYLOAD_MAX)))

#define SUB_DEVICE 0x01u /* flag of 03 and 04: didlen and did of a device behind this one stand before the action */

enum { ERROR_CHECKSUM = 1, ERROR_COMMAND = 2, ERROR_OTHER = 3 };

static const char versions[] WXLINK_ROM = "00000004" /* of the serial protocol */
                                          "00000002" /* of P0 */;

void wxlink_session_send(wxlink *link, uint8_t cmd, uint8_t sn, uint8_t flags, const uint8_t *payload, uint16_t size)
{
    wxlink_sender sender;
    wxlink_send_start(&sender, link->port->write, link->user, cmd, sn, flags, size);
    wxlink_send_bytes(&sender, payload, size);
    wxlink_send_end(&sender);
}

/* The ack with the first bytes of the receive buffer's payload. */
static void answer(wxlink *link, const wxlink_command *in, uint16_t size)
{
    wxlink_session_send(link, (uint8_t)(in->cmd + 1u), in->sn, in->flags & SUB_DEVICE, in->payload, size);
}

void wxlink_acknowledge(wxlink *link, const wxlink_command *in)
{
    wxlink_session_send(link, (uint8_t)(in->cmd + 1u), in->sn, 0, NULL, 0);
}

static void complain(wxlink *link, uint8_t sn, uint8_t error)
{
    wxlink_session_send(link, WXLINK_CMD_MCU_NOTICE, sn, 0, &error, 1);
}

/* Texts shorter than their field end in zeros; NULL is an empty one. */
static void send_text(wxlink_sender *sender, const char *text, uint8_t size)
{
    while (size-- > 0) {
        wxlink_send_byte(sender, text != NULL && *text != '\0' ? (uint8_t)*text++ : 0);
    }
}

static void send_rom(wxlink_sender *sender, const char *text, uint8_t size)
{
    uint8_t byte;
    while (size-- > 0) {
        wxlink_rom_copy(&byte, text++, 1);
        wxlink_send_byte(sender, byte);
    }
}

static void send_u16(wxlink_sender *sender, uint16_t number)
{
    wxlink_send_byte(sender, (uint8_t)(number >> 8));
    wxlink_send_byte(sender, (uint8_t)number);
}

static void on_get_info(wxlink *link, const wxlink_command *in)
{
    const wxlink_identity *identity = link->identity;
    const uint16_t extra = identity->extra != NULL ? (uint16_t)strlen(identity->extra) : 0;
    const bool secret = identity->product_secret != NULL || identity->extra != NULL;
    wxlink_sender sender;
    wxlink_send_start(&sender, link->port->write, link->user, (uint8_t)(in->cmd + 1u), in->sn, 0,
                      (uint16_t)(INFO_SIZE + (secret ? WXLINK_KEY_SIZE : 0u) + (identity->extra != NULL ? 2u + extra : 0u)));
    send_rom(&sender, versions, 2 * WXLINK_VERSION_SIZE);
    send_text(&sender, identity->hardware_version, WXLINK_VERSION_SIZE);
    send_text(&sender, identity->software_version, WXLINK_VERSION_SIZE);
    send_rom(&sender, wxlink_product_key, WXLINK_KEY_SIZE);
    send_u16(&sender, identity->bindable_s);
    send_text(&sender, NULL, ATTRIBUTES_SIZE - 1);
    wxlink_send_byte(&sender, WXLINK_ATTRIBUTES);
    if (secret) {
        send_text(&sender, identity->product_secret, WXLINK_KEY_SIZE);
    }
    if (identity->extra != NULL) {
        send_u16(&sender, extra);
        wxlink_send_bytes(&sender, (const uint8_t *)identity->extra, extra);
    }
    wxlink_send_end(&sender);
    if (!in->repeat) {
        wxlink_report_all(link);
    }
}

/* P0 that does not fit the product is acknowledged like any other, for the frame was good, and counted. */
static void refuse_p0(wxlink *link, const wxlink_command *in)
{
    wxlink_acknowledge(link, in);
    wxlink_count(&link->refused);
}

static void on_control(wxlink *link, const wxlink_command *in)
{
    const uint8_t *flags = in->payload + 1;
    const uint16_t size = (uint16_t)(in->size - 1u);
    if (!wxlink_p0_control(link, flags, size, WXLINK_CHECK)) {
        refuse_p0(link, in);
        return;
    }
    wxlink_acknowledge(link, in);
    if (!in->repeat) {
        (void)wxlink_p0_control(link, flags, size, WXLINK_STORE);
        (void)wxlink_p0_control(link, flags, size, WXLINK_TELL);
    }
}

static void on_read(wxlink *link, const wxlink_command *in)
{
    if (in->size != (WXLINK_PRODUCT_VARIABLE ? WXLINK_PRODUCT_FLAGS : 0u) + 1u) {
        refuse_p0(link, in);
        return;
    }
    in->payload[0]++; /* a reply is a read's action + 1 */
    answer(link, in, (uint16_t)(1u + wxlink_p0_status(link->values, in->payload + 1)));
}

#if WXLINK_WITH_TRANSPARENT
static void on_transparent(wxlink *link, const wxlink_command *in)
{
    wxlink_acknowledge(link, in);
    if (!in->repeat && link->port->transparent != NULL) {
        link->port->transparent(link->user, in->payload + 1, (uint16_t)(in->size - 1u));
    }
}
#endif

/* P0 for a device behind this one: the ack repeats whom it was for. */
static void on_addressed_p0(wxlink *link, const wxlink_command *in)
{
    const uint16_t head = (uint16_t)(1u + in->payload[0]);
    if (in->size <= head) {
        complain(link, in->sn, ERROR_OTHER);
        return;
    }
    answer(link, in, head);
#if WXLINK_WITH_SUB_DEVICES
    if (!in->repeat && link->port->sub_device != NULL) {
        link->port->sub_device(link->user, in->payload + 1, in->payload[0], in->payload + head, (uint16_t)(in->size - head));
    }
#endif
}

static void on_p0(wxlink *link, const wxlink_command *in)
{
    if (in->size == 0) {
        complain(link, in->sn, ERROR_OTHER);
        return;
    }
    if (in->flags & SUB_DEVICE) {
        on_addressed_p0(link, in);
        return;
    }
    switch (in->payload[0]) {
    case WXLINK_CONTROL + WXLINK_FAMILY:
        on_control(link, in);
        return;
    case WXLINK_READ + WXLINK_FAMILY:
        on_read(link, in);
        return;
#if WXLINK_WITH_TRANSPARENT
    case WXLINK_TRANSPARENT:
        on_transparent(link, in);
        return;
#endif
#if WXLINK_WITH_SUB_DEVICES
    case WXLINK_SUB_DEVICES_DOWN:
        wxlink_sub_devices_take(link, in);
        return;
#endif
    default:
        refuse_p0(link, in);
    }
}

static void on_module_status(wxlink *link, const wxlink_command *in)
{
    wxlink_acknowledge(link, in);
    if (in->size != 2) {
        return;
    }
    const uint16_t status = (uint16_t)((uint16_t)in->payload[0] << 8 | in->payload[1]);
    const uint16_t changed = (uint16_t)(status ^ link->status);
    link->status = status;
    if (changed != 0 && link->port->status != NULL) {
        link->port->status(link->user, status, changed);
    }
}

static void on_restart(wxlink *link, const wxlink_command *in)
{
    wxlink_acknowledge(link, in);
    if (!link->restarting) {
        link->restarting = true;
        link->timers[WXLINK_TIMER_RESTART] = WXLINK_RESTART_MS;
    }
}

/* Acks and notices are never complained about: two ends would answer each other's complaints for ever. */
static bool is_reply(uint8_t cmd)
{
    return (cmd & 1u) == 0 || cmd == WXLINK_CMD_MODULE_NOTICE;
}

/* Tells a repeat by its sn and a digest of the frame, so that no copy of it need be kept. */
static bool is_repeat(wxlink *link, uint8_t sn)
{
    uint16_t digest = 0;
    for (uint16_t i = 0; i < link->parser.size; i++) {
        digest = (uint16_t)((digest ^ link->frame[i]) * 40503u);
    }
    const bool repeat = link->timers[WXLINK_TIMER_REPEAT] > 0 && link->last_sn == sn && link->last_digest == digest;
    link->timers[WXLINK_TIMER_REPEAT] = REPEAT_MS;
    link->last_sn = sn;
    link->last_digest = digest;
    return repeat;
}

/* Hands a command to what answers it. False when there is nothing. */
static bool handle(wxlink *link, const wxlink_command *in)
{
    switch (in->cmd) {
    case WXLINK_CMD_GET_DEVICE_INFO:
        on_get_info(link, in);
        return true;
    case WXLINK_CMD_P0_DOWN:
        on_p0(link, in);
        return true;
    case WXLINK_CMD_HEARTBEAT:
        wxlink_acknowledge(link, in);
        return true;
    case WXLINK_CMD_MODULE_STATUS:
        on_module_status(link, in);
        return true;
    case WXLINK_CMD_RESTART_MCU:
        on_restart(link, in);
        return true;
#if WXLINK_WITH_UPDATE
    case WXLINK_CMD_DATA_ANNOUNCE:
    case WXLINK_CMD_DATA_PIECE:
    case WXLINK_CMD_DATA_SENDER_CANCEL:
        wxlink_update_take(link, in);
        return true;
#endif
    default:
        return false;
    }
}

static void take_frame(wxlink *link)
{
    uint8_t *frame = link->frame;
    wxlink_command in = {
        .cmd = frame[WXLINK_AT_CMD],
        .sn = frame[WXLINK_AT_SN],
        .flags = frame[WXLINK_AT_FLAGS + 1],
        .payload = frame + WXLINK_AT_PAYLOAD,
        .size = wxlink_payload_size(frame),
    };
    if (is_reply(in.cmd)) {
        wxlink_ask_acknowledged(link, &in);
        if (in.cmd == WXLINK_CMD_MODULE_NOTICE && in.size == 1 && in.payload[0] == ERROR_CHECKSUM) {
            wxlink_ask_damaged(link, in.sn);
        }
        return;
    }
    in.repeat = is_repeat(link, in.sn);
    if (!handle(link, &in)) {
        complain(link, in.sn, ERROR_COMMAND);
        return;
    }
    link->up = true; /* any command will do: after a restart of the MCU alone the module does not ask again */
    if (!in.repeat) {
        link->timers[WXLINK_TIMER_PAUSE] = 0;
    }
}

void wxlink_session_take(wxlink *link, wxlink_parsed parsed)
{
    const uint8_t *frame = link->frame;
    if (parsed == WXLINK_MORE) {
        return;
    }
    if (parsed == WXLINK_FRAME) {
        take_frame(link);
        return;
    }
    wxlink_count(&link->bad_frames);
    if (parsed == WXLINK_WRONG_CHECKSUM && !is_reply(frame[WXLINK_AT_CMD])) {
        complain(link, frame[WXLINK_AT_SN], ERROR_CHECKSUM);
    }
}
