/* P0 from above (command 03): control, read, transparent data and what is for devices behind this one. */
#include "wxlink_p0.h"
#include "wxlink_session.h"
#include "wxlink_sub_devices.h"

#define SUB_DEVICE 0x01u /* flag of 03 and 04: didlen and did of a device behind this one stand before the action */

/* P0 that does not fit the product is acknowledged like any other, for the frame was good, and counted. */
static void refuse_p0(wxlink *link)
{
    wxlink_acknowledge(link);
    wxlink_count(&link->refused);
}

static void on_control(wxlink *link)
{
    uint8_t *flags = link->frame.payload + 1;
    const wxlink_size size = (wxlink_size)(wxlink_taken(link) - 1u);
    if (!wxlink_p0_control(link, flags, size, wxlink_point_accepts)) {
        refuse_p0(link);
        return;
    }
    wxlink_acknowledge(link);
    if (!link->repeat) {
        wxlink_p0_control_due(link, flags);
        (void)wxlink_p0_control(link, flags, size, wxlink_point_store);
        (void)wxlink_p0_control(link, flags, size, wxlink_point_tell);
    }
}

static void on_read(wxlink *link)
{
    uint8_t *p0 = link->frame.payload;
    if (wxlink_taken(link) != (WXLINK_PRODUCT_VARIABLE ? WXLINK_PRODUCT_FLAGS : 0u) + 1u) {
        refuse_p0(link);
        return;
    }
    p0[0] = WXLINK_READ_REPLY + WXLINK_FAMILY;
    wxlink_answer(link, 0, (wxlink_size)(1u + wxlink_p0_status(link, p0 + 1)));
}

#if WXLINK_WITH_TRANSPARENT
static void on_transparent(wxlink *link)
{
    wxlink_acknowledge(link);
    if (!link->repeat && link->port->transparent != NULL) {
        link->port->transparent(link->user, link->frame.payload + 1, (uint16_t)(wxlink_taken(link) - 1u));
    }
}
#endif

/* P0 for a device behind this one: the ack repeats whom it was for. */
static void on_addressed_p0(wxlink *link)
{
    const uint8_t *did = link->frame.payload;
    const uint16_t head = (uint16_t)(1u + did[0]);
    if (wxlink_taken(link) <= head) {
        wxlink_complain(link, WXLINK_ERROR_OTHER);
        return;
    }
    wxlink_answer(link, SUB_DEVICE, (wxlink_size)head);
#if WXLINK_WITH_SUB_DEVICES
    if (!link->repeat && link->port->sub_device != NULL) {
        link->port->sub_device(link->user, did + 1, did[0], did + head, (uint16_t)(wxlink_taken(link) - head));
    }
#endif
}

void wxlink_down_take(wxlink *link)
{
    if (wxlink_taken(link) == 0) {
        wxlink_complain(link, WXLINK_ERROR_OTHER);
        return;
    }
    if (link->frame.head.flags[1] & SUB_DEVICE) {
        on_addressed_p0(link);
        return;
    }
    switch (link->frame.payload[0]) {
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
        wxlink_sub_devices_take(link, link->frame.payload, wxlink_taken(link));
        return;
#endif
    default:
        refuse_p0(link);
    }
}
