#include "wxlink_report.h"

#include <string.h>

#include "wxlink_p0.h"
#include "wxlink_session.h"

static uint32_t now_of(wxlink *link)
{
    return link->port->milliseconds(link->user);
}

/* Read-only numbers and binaries follow the environment: they are not reported at once. */
static bool is_slow(const wxlink_point *point)
{
    return point->kind != WXLINK_WRITABLE && !wxlink_is_bits(point);
}

void wxlink_report_all(wxlink *link)
{
    memset(link->memory.due, 0xFF, link->product->flag_size);
    link->pausing = false;
}

void wxlink_report_acknowledged(wxlink *link, uint8_t sn)
{
    if (link->report.sends > 0 && sn == link->report.sn) {
        link->report.sends = 0;
    }
}

static void send(wxlink *link)
{
    link->report.sends++;
    link->report.sent_at = now_of(link);
    wxlink_session_send(link, link->memory.report, link->report.size);
}

void wxlink_report_damaged(wxlink *link, uint8_t sn)
{
    if (link->report.sends > 0 && link->report.sends < WXLINK_SENDS && sn == link->report.sn) {
        send(link);
    }
}

void wxlink_report_poll(wxlink *link)
{
    if (link->report.sends == 0 || now_of(link) - link->report.sent_at < WXLINK_RESEND_MS) {
        return;
    }
    if (link->report.sends < WXLINK_SENDS) {
        send(link);
        return;
    }
    link->report.sends = 0;
    if (link->given_up < UINT8_MAX) {
        link->given_up++;
    }
    wxlink_report_all(link); /* what the module knows is unsure now */
    link->pausing = true;
    link->paused_at = now_of(link);
}

/* Marks the data points that changed and may be told now. True when there is anything to report. */
static bool collect_due(wxlink *link, bool slow_allowed)
{
    const wxlink_product *product = link->product;
    bool any = false;
    for (uint16_t id = 0; id < product->point_count; id++) {
        const wxlink_point *point = &product->points[id];
        if ((slow_allowed || !is_slow(point)) && !wxlink_same(point, link->memory.values, link->memory.reported)) {
            wxlink_set_flag(link->memory.due, product->flag_size, id);
        }
        any = any || wxlink_flag(link->memory.due, product->flag_size, id);
    }
    return any;
}

/* Notes the data points that a report carries as told. */
static void settle_due(wxlink *link, uint32_t now)
{
    const wxlink_product *product = link->product;
    bool everything = true;
    for (uint16_t id = 0; id < product->point_count; id++) {
        const wxlink_point *point = &product->points[id];
        if (product->variable && !wxlink_flag(link->memory.due, product->flag_size, id)) {
            everything = false;
            continue;
        }
        wxlink_copy(point, link->memory.reported, link->memory.values);
        if (is_slow(point)) {
            link->slow_reported = true;
            link->slow_at = now;
        }
    }
    if (everything) {
        link->full_at = now;
    }
    memset(link->memory.due, 0, product->flag_size);
}

void wxlink_report(wxlink *link)
{
    const uint32_t now = now_of(link);
    if (!link->up || link->report.sends > 0 || (link->pausing && now - link->paused_at < WXLINK_RETRY_MS)) {
        return;
    }
    link->pausing = false;
    if (now - link->full_at >= WXLINK_FULL_MS) {
        wxlink_report_all(link);
    }
    if (!collect_due(link, !link->slow_reported || now - link->slow_at >= WXLINK_SLOW_MS)) {
        return;
    }
    const wxlink_product *product = link->product;
    const uint8_t action = (uint8_t)(WXLINK_REPORT + (product->variable ? WXLINK_VARIABLE : 0u));
    const uint16_t size = wxlink_p0_status(product, action, link->memory.due, link->memory.values,
                                           link->memory.report + WXLINK_AT_PAYLOAD);
    settle_due(link, now);
    link->report.sn = link->next_sn++;
    link->report.size = wxlink_frame_seal(link->memory.report, WXLINK_REPORT_COMMAND, link->report.sn, 0, size);
    send(link);
}
