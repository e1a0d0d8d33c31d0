#include "wxlink_report.h"

#include "wxlink_p0.h"
#include "wxlink_session.h"

void wxlink_report_all(wxlink *link)
{
    wxlink_p0_all_due(link);
    link->timers[WXLINK_TIMER_PAUSE] = 0;
}

static void ended(wxlink *link, const uint8_t *answer, wxlink_size size)
{
    (void)size;
    if (answer == NULL) {
        wxlink_p0_all_due(link); /* what the module knows is unsure now */
        link->timers[WXLINK_TIMER_PAUSE] = WXLINK_RETRY_MS;
    }
}

void wxlink_report(wxlink *link)
{
    wxlink_tick(link);
    if (!wxlink_ask_free(link) || link->timers[WXLINK_TIMER_PAUSE] > 0) {
        return;
    }
    if (link->ticked_at - link->full_at >= WXLINK_FULL_MS) {
        wxlink_p0_all_due(link);
    }
    if (wxlink_p0_collect(link)) {
        link->ask.cmd = WXLINK_CMD_P0_UP;
        link->ask.flags = 0;
        link->ask.head = WXLINK_REPORT + WXLINK_FAMILY;
        link->ask.payload = link->report;
        link->ask.size = wxlink_p0_report(link);
        link->ask.ended = ended;
        wxlink_ask_start(link);
    }
}
