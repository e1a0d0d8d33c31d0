/* P0 of fixed length: every data point has its place in an image of all of them, and every report carries that image. */
#include "wxlink_p0.h"

#include <string.h>

#if !WXLINK_PRODUCT_VARIABLE

/* Does a step with one data point. */
static bool do_step(wxlink *link, wxlink_place id, uint8_t *at, wxlink_step step)
{
    switch (step) {
    case WXLINK_CHECK:
        return wxlink_point_accepts(link, at);
    case WXLINK_STORE:
        wxlink_point_store(link, at);
        return true;
    case WXLINK_TELL:
        wxlink_point_tell(link, id);
        return true;
    case WXLINK_WRITE:
        wxlink_point_write(link, at);
        return true;
    default:
        return !wxlink_point_differs(link, at);
    }
}

/* Does a step with the data points of an image, of a control with those it names. False when a step was. */
static bool walk(wxlink *link, const uint8_t *flags, uint8_t *image, wxlink_step step)
{
    wxlink_place writable = 0;
    for (wxlink_place id = 0; id < WXLINK_PRODUCT_POINTS; id++) {
        wxlink_point_read(link, id);
        if (step <= WXLINK_TELL && !((link->point.traits & WXLINK_WRITABLE) &&
                                     wxlink_flag(flags, WXLINK_PRODUCT_CONTROL_FLAGS, writable++))) {
            continue; /* the flags of a control count writable data points only */
        }
        if (!do_step(link, id, image + link->point.place, step)) {
            return false;
        }
    }
    return true;
}

bool wxlink_p0_control(wxlink *link, uint8_t *flags, wxlink_size size, wxlink_step step)
{
    link->due = link->due || step == WXLINK_TELL;
    return size == WXLINK_PRODUCT_CONTROL - 1 && walk(link, flags, flags + WXLINK_PRODUCT_CONTROL_FLAGS, step);
}

wxlink_size wxlink_p0_status(wxlink *link, uint8_t *body)
{
    memset(body, 0, WXLINK_PRODUCT_IMAGE);
    (void)walk(link, NULL, body, WXLINK_WRITE);
    return WXLINK_PRODUCT_IMAGE;
}

void wxlink_p0_all_due(wxlink *link)
{
    link->due = true;
}

bool wxlink_p0_collect(wxlink *link)
{
    return link->due || !walk(link, NULL, link->report, WXLINK_COMPARE);
}

wxlink_size wxlink_p0_report(wxlink *link)
{
    link->due = false;
    link->timers[WXLINK_TIMER_SLOW] = WXLINK_SLOW_MS;
    link->full_at = link->ticked_at;
    return wxlink_p0_status(link, link->report);
}

#endif
