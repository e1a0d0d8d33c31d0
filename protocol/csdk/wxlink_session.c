#include "wxlink_session.h"

/* A module repeats a question after its time on the wire and that of the answer, twice. */
#define REPEAT_MS (WXLINK_REPEAT_MS + 4u * WXLINK_WIRE_MS(WXLINK_FRAME_SIZE(WXLINK_PAYLOAD_MAX)))

void wxlink_answer_start(wxlink *link, uint8_t flags, wxlink_size size)
{
    wxlink_head *head = &link->frame.head;
    head->cmd++;
    head->flags[0] = 0;
    head->flags[1] = flags;
    wxlink_send_start(&link->sender, head, size);
}

void wxlink_answer(wxlink *link, uint8_t flags, wxlink_size size)
{
    wxlink_answer_start(link, flags, size);
    wxlink_send_bytes(&link->sender, link->frame.payload, size);
    wxlink_send_end(&link->sender);
}

void wxlink_acknowledge(wxlink *link)
{
    wxlink_answer(link, 0, 0);
}

void wxlink_complain(wxlink *link, uint8_t error)
{
    link->frame.head.cmd = WXLINK_CMD_MCU_NOTICE - 1u; /* it goes out as an ack does, whose code is one more */
    link->frame.payload[0] = error;
    wxlink_answer(link, 0, 1);
}

static void on_module_status(wxlink *link)
{
    wxlink_acknowledge(link);
    if (wxlink_taken(link) != 2) {
        return;
    }
    const uint16_t status = wxlink_u16(link->frame.payload);
    const uint16_t changed = (uint16_t)(status ^ link->status);
    link->status = status;
    if (changed != 0 && link->port->status != NULL) {
        link->port->status(link->user, status, changed);
    }
}

static void on_restart(wxlink *link)
{
    wxlink_acknowledge(link);
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
    const uint8_t *at = (const uint8_t *)&link->frame;
    const uint8_t sn = link->frame.head.sn;
    uint8_t sum = 0;
    uint8_t order = 0; /* sum of the sums: it differs when bytes change places */
    for (wxlink_size left = link->parser.size; left > 0; left--) {
        sum = (uint8_t)(sum + *at++);
        order = (uint8_t)(order + sum);
    }
    const bool repeat = link->timers[WXLINK_TIMER_REPEAT] > 0 && link->last_sn == sn && link->last_digest[0] == sum &&
                        link->last_digest[1] == order;
    link->timers[WXLINK_TIMER_REPEAT] = REPEAT_MS;
    link->last_sn = sn;
    link->last_digest[0] = sum;
    link->last_digest[1] = order;
    return repeat;
}

/* Hands a command to what answers it. */
static void handle(wxlink *link)
{
    switch (link->frame.head.cmd) {
    case WXLINK_CMD_GET_DEVICE_INFO:
        wxlink_info_take(link);
        return;
    case WXLINK_CMD_P0_DOWN:
        wxlink_down_take(link);
        return;
    case WXLINK_CMD_HEARTBEAT:
        wxlink_acknowledge(link);
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
        wxlink_update_take(link);
        return;
#endif
    default:
        wxlink_complain(link, WXLINK_ERROR_COMMAND);
    }
}

static void take_command(wxlink *link)
{
    link->repeat = is_repeat(link);
    link->up = true; /* any command will do: after a restart of the MCU alone the module does not ask again */
    if (!link->repeat) {
        link->timers[WXLINK_TIMER_PAUSE] = 0;
    }
    handle(link);
}

void wxlink_session_take(wxlink *link, wxlink_parsed parsed)
{
    const bool answers = is_reply(link->frame.head.cmd);
    if (parsed != WXLINK_FRAME) {
        wxlink_count(&link->bad_frames);
        if (parsed == WXLINK_WRONG_CHECKSUM && !answers) {
            wxlink_complain(link, WXLINK_ERROR_CHECKSUM);
        }
    } else if (answers) {
        wxlink_ask_take(link);
    } else {
        take_command(link);
    }
}
