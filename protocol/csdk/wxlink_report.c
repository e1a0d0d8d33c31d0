/* Which data points are reported when (README 3.4). */
#include "wxlink_p0.h"
#include "wxlink_session.h"

static void ended(wxlink *link, bool acknowledged)
{
    if (!acknowledged) {
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
    link->ask.size = wxlink_p0_report(link);
    if (link->ask.size > 0) {
        link->ask.head.cmd = WXLINK_CMD_P0_UP;
        link->ask.lead = WXLINK_REPORT + WXLINK_FAMILY;
        link->ask.payload = link->report;
        link->ask.ended = ended;
        wxlink_ask_start(link);
    }
}
