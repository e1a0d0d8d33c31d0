#include "wxlink_session.h"

#include <string.h>

#include "wxlink_p0.h"
#include "wxlink_report.h"

#define PROTOCOL_VERSION "00000004"
#define P0_VERSION "00000002"
#define ATTRIBUTES_SIZE 8u
#define ATTRIBUTES 0x02u /* their last byte, as every generated program sends it */

#define SUB_DEVICE 0x0001u /* flag of 03 and 04: didlen and did of a device behind this one stand before the action */

enum {
    GET_INFO = 0x01,
    P0_DOWN = 0x03,
    REPORT_ACK = 0x06,
    HEARTBEAT = 0x07,
    MODULE_STATUS = 0x0D,
    RESTART = 0x0F,
    MODULE_NOTICE = 0x11,
    MCU_NOTICE = 0x12
};

enum { ERROR_CHECKSUM = 1, ERROR_COMMAND = 2, ERROR_OTHER = 3 };

/* A command of the module. The payload stands in the receive buffer, and so does the answer that takes its place. */
typedef struct {
    uint8_t cmd;
    uint8_t sn;
    uint16_t flags;
    bool repeat; /* it came a moment ago: answer it, do nothing else */
    uint8_t *payload;
    uint16_t size;
} incoming;

void wxlink_session_send(wxlink *link, const uint8_t *frame, uint16_t size)
{
    if (link->port->trace != NULL) {
        link->port->trace(link->user, true, WXLINK_FRAME, frame, size);
    }
    wxlink_frame_send(frame, size, link->port->write, link->user);
}

/* The ack without payload: every ack's code is its command's plus one. */
static void acknowledge(wxlink *link, const incoming *in)
{
    uint8_t frame[WXLINK_FRAME_SIZE(0)];
    wxlink_session_send(link, frame, wxlink_frame_seal(frame, (uint8_t)(in->cmd + 1u), in->sn, 0, 0));
}

/* The ack whose payload stands in the receive buffer. */
static void answer(wxlink *link, const incoming *in, uint16_t size)
{
    uint8_t *frame = link->memory.frame;
    wxlink_session_send(link, frame, wxlink_frame_seal(frame, (uint8_t)(in->cmd + 1u), in->sn, 0, size));
}

static void complain(wxlink *link, uint8_t sn, uint8_t error)
{
    uint8_t frame[WXLINK_FRAME_SIZE(1)];
    frame[WXLINK_AT_PAYLOAD] = error;
    wxlink_session_send(link, frame, wxlink_frame_seal(frame, MCU_NOTICE, sn, 0, 1));
}

/* Texts shorter than their field end in zeros. */
static uint8_t *put_text(uint8_t *to, const char *text, size_t size)
{
    const size_t length = strlen(text);
    memcpy(to, text, length);
    memset(to + length, 0, size - length);
    return to + size;
}

static void on_get_info(wxlink *link, const incoming *in)
{
    const wxlink_identity *identity = link->identity;
    uint8_t *at = in->payload;
    at = put_text(at, PROTOCOL_VERSION, WXLINK_VERSION_SIZE);
    at = put_text(at, P0_VERSION, WXLINK_VERSION_SIZE);
    at = put_text(at, identity->hardware_version, WXLINK_VERSION_SIZE);
    at = put_text(at, identity->software_version, WXLINK_VERSION_SIZE);
    at = put_text(at, link->product->product_key, WXLINK_KEY_SIZE);
    *at++ = (uint8_t)(identity->bindable_s >> 8);
    *at++ = (uint8_t)identity->bindable_s;
    memset(at, 0, ATTRIBUTES_SIZE);
    at[ATTRIBUTES_SIZE - 1] = ATTRIBUTES;
    at += ATTRIBUTES_SIZE;
    if (identity->product_secret != NULL) {
        at = put_text(at, identity->product_secret, WXLINK_KEY_SIZE);
    }
    answer(link, in, (uint16_t)(at - in->payload));
    if (!in->repeat) {
        wxlink_report_all(link);
    }
}

/* P0 that does not fit the product is acknowledged like any other, for the frame was good, and counted. */
static void refuse_p0(wxlink *link, const incoming *in)
{
    acknowledge(link, in);
    if (link->refused < UINT8_MAX) {
        link->refused++;
    }
}

static void on_control(wxlink *link, const incoming *in)
{
    const wxlink_product *product = link->product;
    if (!wxlink_p0_control_fits(product, in->payload, in->size)) {
        refuse_p0(link, in);
        return;
    }
    acknowledge(link, in);
    if (in->repeat) {
        return;
    }
    wxlink_p0_control_store(product, in->payload, link->memory.values);
    for (uint16_t id = 0; id < product->point_count; id++) {
        if (wxlink_p0_controls(product, in->payload, id)) {
            wxlink_set_flag(link->memory.due, product->flag_size, id);
            if (link->port->control != NULL) {
                link->port->control(link->user, id);
            }
        }
    }
}

static void on_read(wxlink *link, const incoming *in)
{
    const wxlink_product *product = link->product;
    if (in->size != (product->variable ? product->flag_size : 0u) + 1u) {
        refuse_p0(link, in);
        return;
    }
    answer(link, in, wxlink_p0_status(product, (uint8_t)(in->payload[0] + 1u), in->payload + 1,
                                      link->memory.values, in->payload));
}

static void on_transparent(wxlink *link, const incoming *in)
{
    acknowledge(link, in);
    if (!in->repeat && link->port->transparent != NULL) {
        link->port->transparent(link->user, in->payload + 1, (uint16_t)(in->size - 1u));
    }
}

/* This MCU has no sub-devices: the ack repeats whom the command was for, and that is all. */
static void on_sub_device_p0(wxlink *link, const incoming *in)
{
    uint8_t *frame = link->memory.frame;
    const uint16_t head = (uint16_t)(1u + in->payload[0]);
    if (in->size <= head) {
        complain(link, in->sn, ERROR_OTHER);
        return;
    }
    wxlink_session_send(link, frame, wxlink_frame_seal(frame, (uint8_t)(in->cmd + 1u), in->sn, in->flags, head));
}

static void on_p0(wxlink *link, const incoming *in)
{
    const uint8_t family = link->product->variable ? WXLINK_VARIABLE : 0;
    const uint8_t action = in->size > 0 ? in->payload[0] : 0;
    if (in->size == 0) {
        complain(link, in->sn, ERROR_OTHER);
    } else if (in->flags & SUB_DEVICE) {
        on_sub_device_p0(link, in);
    } else if (action == WXLINK_CONTROL + family) {
        on_control(link, in);
    } else if (action == WXLINK_READ + family) {
        on_read(link, in);
    } else if (action == WXLINK_TRANSPARENT) {
        on_transparent(link, in);
    } else {
        refuse_p0(link, in);
    }
}

static void on_module_status(wxlink *link, const incoming *in)
{
    acknowledge(link, in);
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

static void on_restart(wxlink *link, const incoming *in)
{
    acknowledge(link, in);
    if (!link->restarting) {
        link->restarting = true;
        link->restart_at = link->port->milliseconds(link->user);
    }
}

static const struct {
    uint8_t cmd;
    void (*handle)(wxlink *link, const incoming *in);
} commands[] = {
    {GET_INFO, on_get_info},
    {P0_DOWN, on_p0},
    {HEARTBEAT, acknowledge},
    {MODULE_STATUS, on_module_status},
    {RESTART, on_restart},
};

/* Acks and notices are never complained about: two ends would answer each other's complaints for ever. */
static bool is_reply(uint8_t cmd)
{
    return (cmd & 1u) == 0 || cmd == MODULE_NOTICE;
}

/* Tells a repeat by an FNV-1a digest of the frame, so that no copy of it need be kept. */
static bool is_repeat(wxlink *link, const uint8_t *frame, uint16_t size)
{
    const uint32_t now = link->port->milliseconds(link->user);
    uint32_t digest = 2166136261u;
    for (uint16_t i = 0; i < size; i++) {
        digest = (uint32_t)((digest ^ frame[i]) * 16777619u);
    }
    const bool repeat = link->last.known && link->last.digest == digest && now - link->last.at <= WXLINK_REPEAT_MS;
    link->last.known = true;
    link->last.digest = digest;
    link->last.at = now;
    return repeat;
}

static void take_frame(wxlink *link, uint8_t *frame, uint16_t size)
{
    const uint8_t cmd = frame[WXLINK_AT_CMD];
    const uint8_t sn = frame[WXLINK_AT_SN];
    if (cmd == REPORT_ACK) {
        wxlink_report_acknowledged(link, sn);
        return;
    }
    if (cmd == MODULE_NOTICE && wxlink_payload_size(frame) > 0 && frame[WXLINK_AT_PAYLOAD] == ERROR_CHECKSUM) {
        wxlink_report_damaged(link, sn);
    }
    if (is_reply(cmd)) {
        return;
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (commands[i].cmd == cmd) {
            const incoming in = {
                .cmd = cmd,
                .sn = sn,
                .flags = (uint16_t)((uint16_t)frame[WXLINK_AT_FLAGS] << 8 | frame[WXLINK_AT_FLAGS + 1]),
                .repeat = is_repeat(link, frame, size),
                .payload = frame + WXLINK_AT_PAYLOAD,
                .size = wxlink_payload_size(frame),
            };
            commands[i].handle(link, &in);
            link->up = true; /* any command will do: after a restart of the MCU alone the module does not ask again */
            link->pausing = link->pausing && in.repeat;
            return;
        }
    }
    complain(link, sn, ERROR_COMMAND);
}

void wxlink_session_take(wxlink *link, wxlink_parsed parsed)
{
    uint8_t *frame = link->parser.frame;
    if (parsed == WXLINK_MORE) {
        return;
    }
    const bool whole = parsed == WXLINK_FRAME || parsed == WXLINK_WRONG_CHECKSUM;
    if (link->port->trace != NULL) {
        link->port->trace(link->user, false, parsed, frame, whole ? link->parser.size : 0);
    }
    if (parsed == WXLINK_FRAME) {
        take_frame(link, frame, link->parser.size);
        return;
    }
    if (link->bad_frames < UINT8_MAX) {
        link->bad_frames++;
    }
    if (parsed == WXLINK_WRONG_CHECKSUM && !is_reply(frame[WXLINK_AT_CMD])) {
        complain(link, frame[WXLINK_AT_SN], ERROR_CHECKSUM);
    }
}
