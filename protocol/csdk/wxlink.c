#include "wxlink.h"

#include <string.h>

#include "wxlink_p0.h"
#include "wxlink_session.h"

typedef char ring_size_is_a_power_of_two[(WXLINK_RING_SIZE & (WXLINK_RING_SIZE - 1)) == 0 ? 1 : -1];
typedef char frame_is_as_the_parser_collects_it
    [sizeof(((wxlink *)0)->frame) == WXLINK_FRAME_SIZE(WXLINK_PAYLOAD_MAX) ? 1 : -1];
typedef char longest_time_on_the_wire_fits_16_bits[WXLINK_BAUD >= 2400 ? 1 : -1];
typedef char ring_size_fits_its_counters[WXLINK_RING_SIZE >= 2 && WXLINK_RING_SIZE <= 256 ? 1 : -1];

bool wxlink_start(wxlink *link, void *values, const wxlink_port *port, const wxlink_identity *identity, void *user)
{
    if (identity == NULL || port->write == NULL || port->milliseconds == NULL) {
        return false;
    }
    memset(link, 0, sizeof *link);
    link->port = port;
    link->identity = identity;
    link->user = user;
    link->values = values;
    link->sender.write = port->write;
    link->sender.user = user;
    wxlink_parser_start(&link->parser, (uint8_t *)&link->frame, sizeof link->frame);
    wxlink_p0_all_due(link);
    return true;
}

static uint8_t after(uint8_t place)
{
    return (uint8_t)((place + 1u) & (WXLINK_RING_SIZE - 1u));
}

void wxlink_count(uint8_t *counter)
{
    if (*counter < UINT8_MAX) {
        ++*counter;
    }
}

void wxlink_receive(wxlink *link, const uint8_t *bytes, uint16_t size)
{
    for (; size > 0; size--) {
        const uint8_t head = link->ring_head;
        const uint8_t next = after(head);
        link->ring[head] = *bytes++; /* the place that stays free */
        if (next != link->ring_tail) {
            link->ring_head = next;
        } else if (link->lost_bytes < UINT8_MAX) {
            link->lost_bytes++;
        }
    }
}

void wxlink_tick(wxlink *link)
{
    const uint32_t passed = link->port->milliseconds(link->user) - link->ticked_at;
    link->ticked_at += passed;
    for (uint8_t i = 0; i < WXLINK_TIMERS; i++) {
        const uint16_t left = link->timers[i];
        link->timers[i] = left > passed ? (uint16_t)(left - (uint16_t)passed) : 0;
    }
}

void wxlink_poll(wxlink *link)
{
    wxlink_tick(link);
    for (uint8_t left = WXLINK_POLL_BYTES; left > 0 && link->ring_tail != link->ring_head; left--) {
        const uint8_t byte = link->ring[link->ring_tail];
        link->ring_tail = after(link->ring_tail);
        const wxlink_parsed parsed = wxlink_parse(&link->parser, byte);
        if (parsed != WXLINK_MORE) {
            wxlink_session_take(link, parsed);
        }
    }
    wxlink_ask_poll(link);
    if (link->restarting && link->timers[WXLINK_TIMER_RESTART] == 0) {
        link->restarting = false;
        if (link->port->restart != NULL) {
            link->port->restart(link->user);
        }
    }
#if WXLINK_WITH_UPDATE
    wxlink_update_poll(link);
#endif
}
