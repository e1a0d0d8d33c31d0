#include "wxlink.h"

#include <string.h>

#include "wxlink_p0.h"
#include "wxlink_report.h"
#include "wxlink_session.h"

static bool at_most(const char *text, size_t size)
{
    return text != NULL && strlen(text) <= size;
}

static bool is_complete(const wxlink_product *product, const wxlink_memory *memory, const wxlink_port *port,
                        const wxlink_identity *identity)
{
    const uint32_t status = (uint32_t)product->status_size + (product->variable ? product->flag_size : 0u) + 1;
    const uint32_t control = (uint32_t)product->control_flag_size + product->control_size + 1;
    return port->write != NULL && port->milliseconds != NULL && memory->values != NULL && memory->reported != NULL &&
           memory->due != NULL && memory->ring != NULL && memory->ring_size >= 2 && memory->frame != NULL &&
           memory->frame_size >= WXLINK_FRAME_SIZE(WXLINK_INFO_SIZE) && memory->frame_size >= WXLINK_FRAME_SIZE(status) &&
           memory->frame_size >= WXLINK_FRAME_SIZE(control) && memory->report != NULL &&
           memory->report_size >= WXLINK_FRAME_SIZE(status) &&
           at_most(identity->hardware_version, WXLINK_VERSION_SIZE) &&
           at_most(identity->software_version, WXLINK_VERSION_SIZE) && at_most(product->product_key, WXLINK_KEY_SIZE) &&
           (identity->product_secret == NULL || at_most(identity->product_secret, WXLINK_KEY_SIZE));
}

bool wxlink_start(wxlink *link, const wxlink_product *product, const wxlink_memory *memory, const wxlink_port *port,
                  const wxlink_identity *identity, void *user)
{
    if (!is_complete(product, memory, port, identity)) {
        return false;
    }
    memset(link, 0, sizeof *link);
    link->product = product;
    link->port = port;
    link->identity = identity;
    link->user = user;
    link->memory = *memory;
    memset(memory->reported, 0, product->values_size);
    link->full_at = port->milliseconds(user);
    wxlink_parser_start(&link->parser, memory->frame, memory->frame_size);
    wxlink_report_all(link);
    return true;
}

void wxlink_receive(wxlink *link, const uint8_t *bytes, uint16_t size)
{
    for (uint16_t i = 0; i < size; i++) {
        const uint8_t next = (uint8_t)(link->ring_head + 1u == link->memory.ring_size ? 0u : link->ring_head + 1u);
        if (next == link->ring_tail) {
            if (link->lost_bytes < UINT8_MAX) {
                link->lost_bytes++;
            }
            continue;
        }
        link->memory.ring[link->ring_head] = bytes[i];
        link->ring_head = next;
    }
}

void wxlink_poll(wxlink *link)
{
    for (uint16_t i = 0; i < WXLINK_POLL_BYTES && link->ring_tail != link->ring_head; i++) {
        const uint8_t byte = link->memory.ring[link->ring_tail];
        link->ring_tail = (uint8_t)(link->ring_tail + 1u == link->memory.ring_size ? 0u : link->ring_tail + 1u);
        wxlink_session_take(link, wxlink_parse(&link->parser, byte));
    }
    wxlink_report_poll(link);
    if (link->restarting && link->port->milliseconds(link->user) - link->restart_at >= WXLINK_RESTART_MS) {
        link->restarting = false;
        if (link->port->restart != NULL) {
            link->port->restart(link->user);
        }
    }
}
