/* P0 of fixed length: every data point has its place in an image of all of them, and every report carries that image. */
#include "wxlink_p0.h"

#include <string.h>

#if !WXLINK_PRODUCT_VARIABLE

/* Does a step with the data points that a control names, until one is false. */
static bool walk_control(wxlink *link, const uint8_t *flags, uint8_t *image, wxlink_step step)
{
    const uint8_t *flag = flags + WXLINK_PRODUCT_CONTROL_FLAGS - 1;
    uint8_t bit = 1;
    for (wxlink_place id = 0; id < WXLINK_PRODUCT_POINTS; id++) {
        wxlink_point_read(link, id);
        if (!(link->point.traits & WXLINK_WRITABLE)) {
            continue; /* only the others have a flag */
        }
        if ((*flag & bit) && !step(link, image + link->point.place)) {
            return false;
        }
        bit = (uint8_t)(bit << 1);
        if (bit == 0) {
            bit = 1;
            flag--;
        }
    }
    return true;
}

/* Writes the data points without these traits into an image. True when one of them changed. */
static bool write_but(wxlink *link, uint8_t traits, uint8_t *image)
{
    bool changed = false;
    for (wxlink_place id = 0; id < WXLINK_PRODUCT_POINTS; id++) {
        wxlink_point_read(link, id);
        if (!(link->point.traits & traits) && wxlink_point_write(link, image + link->point.place)) {
            changed = true;
        }
    }
    return changed;
}

bool wxlink_p0_control(wxlink *link, uint8_t *flags, wxlink_size size, wxlink_step step)
{
    return size == WXLINK_PRODUCT_CONTROL - 1 &&
           walk_control(link, flags, flags + WXLINK_PRODUCT_CONTROL_FLAGS, step);
}

wxlink_size wxlink_p0_status(wxlink *link, uint8_t *body)
{
    memset(body, 0, WXLINK_PRODUCT_IMAGE);
    (void)write_but(link, 0, body);
    return WXLINK_PRODUCT_IMAGE;
}

wxlink_size wxlink_p0_report(wxlink *link)
{
    const uint8_t resting = link->timers[WXLINK_TIMER_SLOW] > 0 ? WXLINK_SLOW : 0;
    if (!write_but(link, resting, link->report) && link->due[0] == 0) {
        return 0;
    }
    link->due[0] = 0;
    link->timers[WXLINK_TIMER_SLOW] = WXLINK_SLOW_MS;
    link->full_at = link->ticked_at;
    (void)write_but(link, 0, link->report);
    return WXLINK_PRODUCT_IMAGE;
}

#endif
