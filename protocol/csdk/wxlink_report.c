#include "wxlink_report.h"

#include <string.h>

#include "wxlink_p0.h"
#include "wxlink_session.h"

static void set_due(wxlink *link, wxlink_place id)
{
#if WXLINK_PRODUCT_VARIABLE
    wxlink_set_flag(link->due, WXLINK_PRODUCT_FLAGS, id);
#else
    (void)id;
    link->due = true;
#endif
}

static bool is_due(const wxlink *link, wxlink_place id)
{
#if WXLINK_PRODUCT_VARIABLE
    return wxlink_flag(link->due, WXLINK_PRODUCT_FLAGS, id);
#else
    (void)id;
    return link->due;
#endif
}

/* Where it stands what the module was last told. */
static uint8_t *told(wxlink *link)
{
#if WXLINK_PRODUCT_VARIABLE
    return link->told;
#else
    return link->report;
#endif
}

void wxlink_report_all(wxlink *link)
{
#if WXLINK_PRODUCT_VARIABLE
    memset(link->due, 0xFF, sizeof link->due);
#else
    link->due = true;
#endif
    link->timers[WXLINK_TIMER_PAUSE] = 0;
}

static void ended(wxlink *link, const uint8_t *answer, uint16_t size)
{
    (void)size;
    if (answer == NULL) {
        wxlink_report_all(link); /* what the module knows is unsure now */
        link->timers[WXLINK_TIMER_PAUSE] = WXLINK_RETRY_MS;
    }
}

/* Marks the data points that changed and may be told now. True when there is anything to report. */
static bool collect_due(wxlink *link)
{
    wxlink_point point;
    bool any = false;
    for (wxlink_place id = 0; id < WXLINK_PRODUCT_POINTS; id++) {
        wxlink_point_row(&point, id);
        if ((link->timers[WXLINK_TIMER_SLOW] == 0 || !(point.traits & WXLINK_SLOW)) &&
            !wxlink_point_told(&point, link->values, told(link) + point.place)) {
            set_due(link, id);
        }
        any = any || is_due(link, id);
    }
    return any;
}

/* Notes the data points that a report carries as told. */
static void settle_due(wxlink *link)
{
    wxlink_point point;
    bool everything = true;
    for (wxlink_place id = 0; id < WXLINK_PRODUCT_POINTS; id++) {
        if (!is_due(link, id)) {
            everything = false;
            continue;
        }
        wxlink_point_row(&point, id);
        wxlink_point_tell(&point, link->values, told(link) + point.place);
        if (point.traits & WXLINK_SLOW) {
            link->timers[WXLINK_TIMER_SLOW] = WXLINK_SLOW_MS;
        }
    }
    if (everything) {
        link->full_left = WXLINK_FULL_MS;
    }
}

void wxlink_report(wxlink *link)
{
    wxlink_tick(link);
    if (!wxlink_ask_free(link) || link->timers[WXLINK_TIMER_PAUSE] > 0) {
        return;
    }
    if (link->full_left == 0) {
        wxlink_report_all(link);
    }
    if (!collect_due(link)) {
        return;
    }
    settle_due(link);
    link->ask.cmd = WXLINK_CMD_P0_UP;
    link->ask.flags = 0;
    link->ask.head = WXLINK_REPORT + WXLINK_FAMILY;
    link->ask.payload = link->report;
#if WXLINK_PRODUCT_VARIABLE
    memcpy(link->report, link->due, sizeof link->due);
    link->ask.size = wxlink_p0_status(link->values, link->report);
#else
    link->ask.size = WXLINK_PRODUCT_IMAGE; /* what was told is the report */
#endif
    link->ask.ended = ended;
    memset(&link->due, 0, sizeof link->due);
    wxlink_ask_start(link);
}
