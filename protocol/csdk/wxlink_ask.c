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

bool wxlink_ask_free(const wxlink *link)
{
    return link->up && link->ask.sends == 0;
}

/* Sends the question. `write` may have returned before the line carried it all: its time is waited for, too. */
static void send(wxlink *link)
{
    wxlink_sender *sender = &link->sender;
    const bool headed = link->ask.head != WXLINK_NO_HEAD;
    const wxlink_size size = (wxlink_size)(link->ask.size + (headed ? 1u : 0u));
    wxlink_send_start(sender, link->ask.cmd, link->ask.sn, link->ask.flags, size);
    if (headed) {
        wxlink_send_byte(sender, link->ask.head);
    }
    wxlink_send_bytes(sender, link->ask.payload, link->ask.size);
    wxlink_send_end(sender);
    wxlink_tick(link);
    link->ask.sends++;
    link->timers[WXLINK_TIMER_ASK] =
        (uint16_t)(WXLINK_RESEND_MS + WXLINK_WIRE_MS(sender->sent + answer_size(link->ask.cmd)));
}

void wxlink_ask_start(wxlink *link)
{
    link->ask.sn = link->next_sn++;
    send(link);
}

/* The slot is free when `ended` is called, so that the next question may begin there. */
static void end(wxlink *link, const uint8_t *answer, wxlink_size size)
{
    link->ask.sends = 0;
    link->ask.ended(link, answer, size);
}

static bool waits_for(const wxlink *link, uint8_t sn)
{
    return link->ask.sends > 0 && link->ask.sn == sn;
}

void wxlink_ask_acknowledged(wxlink *link, uint8_t cmd, uint8_t sn)
{
    if (waits_for(link, sn) && cmd == link->ask.cmd + 1) {
        end(link, link->frame + WXLINK_AT_PAYLOAD, wxlink_payload_size(link->frame));
    }
}

void wxlink_ask_damaged(wxlink *link, uint8_t sn)
{
    if (waits_for(link, sn) && link->ask.sends < WXLINK_SENDS) {
        send(link);
    }
}

void wxlink_ask_poll(wxlink *link)
{
    if (link->ask.sends > 0 && link->timers[WXLINK_TIMER_ASK] == 0) {
        if (link->ask.sends < WXLINK_SENDS) {
            send(link);
        } else {
            wxlink_count(&link->given_up);
            end(link, NULL, 0);
        }
    }
#if WXLINK_WITH_ASK
    wxlink_questions_poll(link);
#endif
}
