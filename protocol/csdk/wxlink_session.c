#include "wxlink_session.h"

#include <string.h>

#include "wxlink_p0.h"
#include "wxlink_report.h"
#include "wxlink_sub_devices.h"

#define ATTRIBUTES_SIZE 8u
#define INFO_SIZE (4u * WXLINK_VERSION_SIZE + WXLINK_KEY_SIZE + 2u + ATTRIBUTES_SIZE) /* without its optional texts */

/* A module repeats a question after its time on the wire and that of the answer, twice. */
#define REPEAT_MS (WXLINK_REPEAT_MS + 4u * WXLINK_WIRE_MS(WXLINK_FRAME_SIZE(WXLINK_PAYLOAD_MAX)))

#define SUB_DEVICE 0x01u /* flag of 03 and 04: didlen and did of a device behind this one stand before the action */

enum { ERROR_CHECKSUM = 1, ERROR_COMMAND = 2, ERROR_OTHER = 3 };

static const char versions[] WXLINK_ROM = "00000004" /* of the serial protocol */
                                          "00000002" /* of P0 */;

/* What came stands in link->frame until it is handled, and so does an answer that takes its payload's place. */
static uint8_t *payload_of(wxlink *link)
{
    return link->frame + WXLINK_AT_PAYLOAD;
}

static wxlink_size size_of(const wxlink *link)
{
    return (wxlink_size)(link->parser.size - WXLINK_FRAME_SIZE(0));
}

void wxlink_session_send(wxlink *link, uint8_t cmd, uint8_t sn, uint8_t flags, const uint8_t *payload, wxlink_size size)
{
    wxlink_send_start(&link->sender, cmd, sn, flags, size);
    wxlink_send_bytes(&link->sender, payload, size);
    wxlink_send_end(&link->sender);
}

/* Begins the ack of the command: its code is the command's plus one. */
static void start_answer(wxlink *link, uint8_t flags, wxlink_size size)
{
    const uint8_t cmd = link->frame[WXLINK_AT_CMD];
    wxlink_send_start(&link->sender, (uint8_t)(cmd + 1u), link->frame[WXLINK_AT_SN], flags, size);
}

void wxlink_answer(wxlink *link, uint8_t flags, wxlink_size size)
{
    start_answer(link, flags, size);
    wxlink_send_bytes(&link->sender, payload_of(link), size);
    wxlink_send_end(&link->sender);
}

static void acknowledge(wxlink *link)
{
    wxlink_answer(link, 0, 0);
}

static void complain(wxlink *link, uint8_t error)
{
    wxlink_session_send(link, WXLINK_CMD_MCU_NOTICE, link->frame[WXLINK_AT_SN], 0, &error, 1);
}

/* Texts shorter than their field end in zeros; NULL is an empty one. */
static void send_text(wxlink *link, const char *text, uint8_t size)
{
    while (size-- > 0) {
        wxlink_send_byte(&link->sender, text != NULL && *text != '\0' ? (uint8_t)*text++ : 0);
    }
}

static void send_rom(wxlink *link, const char *text, uint8_t size)
{
    while (size-- > 0) {
        wxlink_send_byte(&link->sender, (uint8_t)wxlink_rom_byte(text++));
    }
}

static void send_u16(wxlink *link, uint16_t number)
{
    wxlink_send_byte(&link->sender, (uint8_t)(number >> 8));
    wxlink_send_byte(&link->sender, (uint8_t)number);
}

#if WXLINK_WITH_EXTRA
/* The text behind the device information; NULL for none. */
static const char *extra_of(const wxlink *link)
{
    return link->identity->extra;
}
#else
#define extra_of(link) ((void)(link), (const char *)NULL)
#endif

static void on_get_info(wxlink *link)
{
    const wxlink_identity *identity = link->identity;
    const char *extra = extra_of(link);
    wxlink_size size = INFO_SIZE;
    if (identity->product_secret != NULL || extra != NULL) { /* the text needs the secret before it */
        size = (wxlink_size)(size + WXLINK_KEY_SIZE);
    }
    if (extra != NULL) {
        size = (wxlink_size)(size + 2u + strlen(extra));
    }
    start_answer(link, 0, size);
    send_rom(link, versions, 2 * WXLINK_VERSION_SIZE);
    send_text(link, identity->hardware_version, WXLINK_VERSION_SIZE);
    send_text(link, identity->software_version, WXLINK_VERSION_SIZE);
    send_rom(link, wxlink_product_key, WXLINK_KEY_SIZE);
    send_u16(link, identity->bindable_s);
    send_text(link, NULL, ATTRIBUTES_SIZE - 1);
    wxlink_send_byte(&link->sender, WXLINK_ATTRIBUTES);
    if (size > INFO_SIZE) {
        send_text(link, identity->product_secret, WXLINK_KEY_SIZE);
    }
    if (extra != NULL) {
        send_u16(link, (uint16_t)strlen(extra));
        wxlink_send_bytes(&link->sender, (const uint8_t *)extra, (wxlink_size)strlen(extra));
    }
    wxlink_send_end(&link->sender);
    if (!link->repeat) {
        wxlink_report_all(link);
    }
}

/* P0 that does not fit the product is acknowledged like any other, for the frame was good, and counted. */
static void refuse_p0(wxlink *link)
{
    acknowledge(link);
    wxlink_count(&link->refused);
}

static void on_control(wxlink *link)
{
    uint8_t *flags = payload_of(link) + 1;
    const wxlink_size size = (wxlink_size)(size_of(link) - 1u);
    if (!wxlink_p0_control(link, flags, size, WXLINK_CHECK)) {
        refuse_p0(link);
        return;
    }
    acknowledge(link);
    if (!link->repeat) {
        (void)wxlink_p0_control(link, flags, size, WXLINK_STORE);
        (void)wxlink_p0_control(link, flags, size, WXLINK_TELL);
    }
}

static void on_read(wxlink *link)
{
    uint8_t *p0 = payload_of(link);
    if (size_of(link) != (WXLINK_PRODUCT_VARIABLE ? WXLINK_PRODUCT_FLAGS : 0u) + 1u) {
        refuse_p0(link);
        return;
    }
    p0[0] = WXLINK_READ_REPLY + WXLINK_FAMILY;
    wxlink_answer(link, 0, (wxlink_size)(1u + wxlink_p0_status(link, p0 + 1)));
}

#if WXLINK_WITH_TRANSPARENT
static void on_transparent(wxlink *link)
{
    acknowledge(link);
    if (!link->repeat && link->port->transparent != NULL) {
        link->port->transparent(link->user, payload_of(link) + 1, (uint16_t)(size_of(link) - 1u));
    }
}
#endif

/* P0 for a device behind this one: the ack repeats whom it was for. */
static void on_addressed_p0(wxlink *link)
{
    const uint8_t *did = payload_of(link);
    const uint16_t head = (uint16_t)(1u + did[0]);
    if (size_of(link) <= head) {
        complain(link, ERROR_OTHER);
        return;
    }
    wxlink_answer(link, SUB_DEVICE, (wxlink_size)head);
#if WXLINK_WITH_SUB_DEVICES
    if (!link->repeat && link->port->sub_device != NULL) {
        link->port->sub_device(link->user, did + 1, did[0], did + head, (uint16_t)(size_of(link) - head));
    }
#endif
}

static void on_p0(wxlink *link)
{
    if (size_of(link) == 0) {
        complain(link, ERROR_OTHER);
        return;
    }
    if (link->frame[WXLINK_AT_FLAGS + 1] & SUB_DEVICE) {
        on_addressed_p0(link);
        return;
    }
    switch (payload_of(link)[0]) {
    case WXLINK_CONTROL + WXLINK_FAMILY:
        on_control(link);
        return;
    case WXLINK_READ + WXLINK_FAMILY:
        on_read(link);
        return;
#if WXLINK_WITH_TRANSPARENT
    case WXLINK_TRANSPARENT:
        on_transparent(link);
        return;
#endif
#if WXLINK_WITH_SUB_DEVICES
    case WXLINK_SUB_DEVICES_DOWN:
        wxlink_sub_devices_take(link, payload_of(link), size_of(link));
        return;
#endif
    default:
        refuse_p0(link);
    }
}

static void on_module_status(wxlink *link)
{
    const uint8_t *payload = payload_of(link);
    acknowledge(link);
    if (size_of(link) != 2) {
        return;
    }
    const uint16_t status = wxlink_u16(payload);
    const uint16_t changed = (uint16_t)(status ^ link->status);
    link->status = status;
    if (changed != 0 && link->port->status != NULL) {
        link->port->status(link->user, status, changed);
    }
}

static void on_restart(wxlink *link)
{
    acknowledge(link);
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
static bool is_repeat(wxlink *link)
{
    const uint8_t sn = link->frame[WXLINK_AT_SN];
    uint16_t digest = 0;
    for (wxlink_size i = 0; i < link->parser.size; i++) {
        digest = (uint16_t)((digest ^ link->frame[i]) * 40503u);
    }
    const bool repeat = link->timers[WXLINK_TIMER_REPEAT] > 0 && link->last_sn == sn && link->last_digest == digest;
    link->timers[WXLINK_TIMER_REPEAT] = REPEAT_MS;
    link->last_sn = sn;
    link->last_digest = digest;
    return repeat;
}

#if WXLINK_WITH_UPDATE
void wxlink_acknowledge(wxlink *link, const wxlink_command *in)
{
    wxlink_session_send(link, (uint8_t)(in->cmd + 1u), in->sn, 0, NULL, 0);
}

static void on_update(wxlink *link)
{
    const wxlink_command in = {
        .cmd = link->frame[WXLINK_AT_CMD],
        .sn = link->frame[WXLINK_AT_SN],
        .flags = link->frame[WXLINK_AT_FLAGS + 1],
        .repeat = link->repeat,
        .payload = payload_of(link),
        .size = size_of(link),
    };
    wxlink_update_take(link, &in);
}
#endif

/* Hands a command to what answers it. */
static void handle(wxlink *link)
{
    switch (link->frame[WXLINK_AT_CMD]) {
    case WXLINK_CMD_GET_DEVICE_INFO:
        on_get_info(link);
        return;
    case WXLINK_CMD_P0_DOWN:
        on_p0(link);
        return;
    case WXLINK_CMD_HEARTBEAT:
        acknowledge(link);
        return;
    case WXLINK_CMD_MODULE_STATUS:
        on_module_status(link);
        return;
    case WXLINK_CMD_RESTART_MCU:
        on_restart(link);
        return;
#if WXLINK_WITH_UPDATE
    case WXLINK_CMD_DATA_ANNOUNCE:
    case WXLINK_CMD_DATA_PIECE:
    case WXLINK_CMD_DATA_SENDER_CANCEL:
        on_update(link);
        return;
#endif
    default:
        complain(link, ERROR_COMMAND);
    }
}

static void take_reply(wxlink *link)
{
    const uint8_t cmd = link->frame[WXLINK_AT_CMD];
    const uint8_t sn = link->frame[WXLINK_AT_SN];
    if (cmd != WXLINK_CMD_MODULE_NOTICE) {
        wxlink_ask_acknowledged(link, cmd, sn);
    } else if (size_of(link) == 1 && payload_of(link)[0] == ERROR_CHECKSUM) {
        wxlink_ask_damaged(link, sn);
    }
}

static void take_command(wxlink *link)
{
    link->repeat = is_repeat(link);
    link->up = true; /* any command will do: after a restart of the MCU alone the module does not ask again */
    handle(link);
    if (!link->repeat) {
        link->timers[WXLINK_TIMER_PAUSE] = 0;
    }
}

void wxlink_session_take(wxlink *link, wxlink_parsed parsed)
{
    const bool reply = is_reply(link->frame[WXLINK_AT_CMD]);
    if (parsed == WXLINK_MORE) {
        return;
    }
    if (parsed != WXLINK_FRAME) {
        wxlink_count(&link->bad_frames);
        if (parsed == WXLINK_WRONG_CHECKSUM && !reply) {
            complain(link, ERROR_CHECKSUM);
        }
    } else if (reply) {
        take_reply(link);
    } else {
        take_command(link);
    }
}
