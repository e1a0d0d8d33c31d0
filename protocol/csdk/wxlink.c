#include "wxlink.h"

#include <string.h>

#include "wxlink_report.h"
#include "wxlink_session.h"

typedef char ring_size_is_a_power_of_two[(WXLINK_RING_SIZE & (WXLINK_RING_SIZE - 1)) == 0 ? 1 : -1];
typedef char ring_size_fits_its_counters[WXLINK_RING_SIZE >= 2 && WXLINK_RING_SIZE <= 256 ? 1 : -1];

static bool at_most(const char *text, size_t size)
{
    return text != NULL && strlen(text) <= size;
}

bool wxlink_start(wxlink *link, void *values, const wxlink_port *port, const wxlink_identity *identity, void *user)
{
    if (port->write == NULL || port->milliseconds == NULL || !at_most(identity->hardware_version, WXLINK_VERSION_SIZE) ||
        !at_most(identity->software_version, WXLINK_VERSION_SIZE) ||
        (identity->product_secret != NULL && !at_most(identity->product_secret, WXLINK_KEY_SIZE))) {
        return false;
    }
    memset(link, 0, sizeof *link);
    link->port = port;
    link->identity = identity;
    link->user = user;
    link->values = values;
    link->full_left = WXLINK_FULL_MS;
    link->ticked_at = port->milliseconds(user);
    wxlink_parser_start(&link->parser, link->frame, sizeof link->frame);
    wxlink_report_all(link);
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
    while (size-- > 0) {
        const uint8_t head = link->ring_head;
        const uint8_t byte = *bytes++;
        if (after(head) != link->ring_tail) {
            link->ring[head] = byte;
            link->ring_head = after(head);
        } else if (link->lost_bytes < UINT8_MAX) {
            link->lost_bytes++;
        }
    }
}

void wxlink_tick(wxlink *link)
{
    const uint32_t now = link->port->milliseconds(link->user);
    const uint32_t passed = now - link->ticked_at;
    link->ticked_at = now;
    link->full_left = link->full_left > passed ? link->full_left - passed : 0;
    for (uint8_t i = 0; i < WXLINK_TIMERS; i++) {
        link->timers[i] = link->timers[i] > passed ? (uint16_t)(link->timers[i] - passed) : 0;
    }
}

void wxlink_poll(wxlink *link)
{
    wxlink_tick(link);
    for (uint8_t left = WXLINK_POLL_BYTES; left > 0 && link->ring_tail != link->ring_head; left--) {
        const uint8_t byte = link->ring[link->ring_tail];
        link->ring_tail = after(link->ring_tail);
        wxlink_session_take(link, wxlink_parse(&link->parser, byte));
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
