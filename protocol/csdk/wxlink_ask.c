#include "wxlink_session.h"

/* Bytes of the longest ack that a question gets, all of it stuffed. */
static uint8_t answer_size(uint8_t cmd)
{
    uint8_t payload = 0;
    if (WXLINK_WITH_MODULE_INFO && cmd == WXLINK_CMD_GET_MODULE_INFO) {
        payload = WXLINK_INFO_MAX;
    } else if (WXLINK_WITH_TIME && cmd == WXLINK_CMD_GET_NETWORK_TIME) {
        payload = WXLINK_TIME_MAX;
    }
    return (uint8_t)(2u + 2u * WXLINK_FRAME_SIZE(payload));
}

/* Sends the question. `write` may have returned before the line carried it all: its time is waited for, too. */
static void send(wxlink *link)
{
    wxlink_sender *sender = &link->sender;
    const wxlink_asking *ask = &link->ask;
    const bool led = ask->lead != WXLINK_NO_LEAD;
    wxlink_send_start(sender, &ask->head, (wxlink_size)(ask->size + (led ? 1u : 0u)));
    if (led) {
        wxlink_send_byte(sender, ask->lead);
    }
    wxlink_send_bytes(sender, ask->payload, ask->size);
    wxlink_send_end(sender);
    wxlink_tick(link);
    link->ask.sends++;
    link->timers[WXLINK_TIMER_ASK] =
        (uint16_t)(WXLINK_RESEND_MS + WXLINK_WIRE_MS(sender->sent + answer_size(ask->head.cmd)));
}

void wxlink_ask_start(wxlink *link)
{
    link->ask.head.sn = link->next_sn++;
    send(link);
}

/* The slot is free when `ended` is called, so that the next question may begin there. */
static void end(wxlink *link, bool acknowledged)
{
    link->ask.sends = 0;
    link->ask.ended(link, acknowledged);
}

void wxlink_ask_take(wxlink *link)
{
    const uint8_t cmd = link->frame.head.cmd;
    if (link->ask.sends == 0 || link->frame.head.sn != link->ask.head.sn) {
        return;
    }
    if (cmd == (uint8_t)(link->ask.head.cmd + 1u)) {
        end(link, true);
    } else if (cmd == WXLINK_CMD_MODULE_NOTICE && link->frame.payload[0] == WXLINK_ERROR_CHECKSUM) {
        link->timers[WXLINK_TIMER_ASK] = 0; /* no ack of this one will come */
    }
}

void wxlink_ask_poll(wxlink *link)
{
    if (link->ask.sends > 0 && link->timers[WXLINK_TIMER_ASK] == 0) {
        if (link->ask.sends < WXLINK_SENDS) {
            send(link);
        } else {
            wxlink_count(&link->given_up);
            end(link, false);
        }
    }
#if WXLINK_WITH_ASK
    wxlink_questions_poll(link);
#endif
}
