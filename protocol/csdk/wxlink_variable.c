/* P0 of variable length: flags tell which data points it carries, and a report carries those that are due. */
#include "wxlink_p0.h"

#include <string.h>

#if WXLINK_PRODUCT_VARIABLE

/* Where the next data point lies behind flags: those that are present follow each other, bits first. */
typedef struct {
    wxlink_size last; /* byte of the bit group's bit 0 */
    uint16_t bit;     /* more of them than bytes of a frame */
    wxlink_size byte;
} cursor;

/* Flags are a bit array whose bit 0 is the lowest bit of the last byte. */
static bool is_set(const uint8_t *flags, wxlink_place id)
{
    return (flags[WXLINK_PRODUCT_FLAGS - 1 - id / 8] & 1u << (id % 8)) != 0;
}

static void set(uint8_t *flags, wxlink_place id)
{
    uint8_t *byte = &flags[WXLINK_PRODUCT_FLAGS - 1 - id / 8];
    *byte = (uint8_t)(*byte | 1u << (id % 8));
}

static cursor start_of(wxlink *link, const uint8_t *flags)
{
    uint16_t bits = 0;
    for (wxlink_place id = 0; id < WXLINK_PRODUCT_POINTS; id++) {
        wxlink_point_read(link, id);
        if ((link->point.traits & WXLINK_BITS) && is_set(flags, id)) {
            bits = (uint16_t)(bits + link->point.bits);
        }
    }
    const wxlink_size end = (wxlink_size)(WXLINK_PRODUCT_FLAGS + (bits + 7u) / 8u);
    return (cursor){.last = (wxlink_size)(end - 1u), .bit = 0, .byte = end};
}

/* Moves to link->point, which is present: gives its place, and the row tells the bit. */
static wxlink_size move_to(wxlink *link, cursor *at)
{
    wxlink_point *point = &link->point;
    const wxlink_size first = at->byte;
    if (point->traits & WXLINK_BITS) {
        const uint16_t bit = at->bit;
        point->traits = (uint8_t)((point->traits & ~WXLINK_SHIFT) | bit % 8u);
        at->bit = (uint16_t)(bit + point->bits);
        return (wxlink_size)(at->last - bit / 8u);
    }
    at->byte = (wxlink_size)(first + wxlink_point_size(link));
    return point->bits == 0 ? first : (wxlink_size)(at->byte - 1u);
}

/* Does a step with the data points whose flags begin P0, if they have these traits. Gives the size of P0, or 0 when one
 * has not, when a step of a control was false, or when `size` is too small. */
static wxlink_size walk(wxlink *link, uint8_t *flags, wxlink_size size, uint8_t traits, wxlink_step step)
{
    cursor at = start_of(link, flags);
    for (wxlink_place id = 0; id < WXLINK_PRODUCT_POINTS; id++) {
        if (is_set(flags, id)) {
            wxlink_point_read(link, id);
            const wxlink_size place = move_to(link, &at);
            if (at.byte > size || (link->point.traits & traits) != traits ||
                (!step(link, flags + place) && traits != 0)) {
                return 0;
            }
        }
    }
    return at.byte;
}

bool wxlink_p0_control(wxlink *link, uint8_t *flags, wxlink_size size, wxlink_step step)
{
    return size >= WXLINK_PRODUCT_FLAGS && walk(link, flags, size, WXLINK_WRITABLE, step) == size;
}

wxlink_size wxlink_p0_status(wxlink *link, uint8_t *body)
{
#if WXLINK_PRODUCT_POINTS % 8
    body[0] &= (1u << WXLINK_PRODUCT_POINTS % 8) - 1u; /* bits of no data point are sent as 0 */
#endif
    memset(body + WXLINK_PRODUCT_FLAGS, 0, WXLINK_PRODUCT_IMAGE);
    return walk(link, body, WXLINK_PRODUCT_FLAGS + WXLINK_PRODUCT_IMAGE, 0, wxlink_point_write);
}

/* Marks what changed and may be reported now. True when anything is due. */
static bool collect(wxlink *link)
{
    bool any = false;
    for (wxlink_place id = 0; id < WXLINK_PRODUCT_POINTS; id++) {
        wxlink_point_read(link, id);
        const bool rests = (link->point.traits & WXLINK_SLOW) && link->timers[WXLINK_TIMER_SLOW] > 0;
        if (!rests && wxlink_point_write(link, link->told + link->point.place)) {
            set(link->due, id);
        }
        any = any || is_set(link->due, id);
    }
    return any;
}

wxlink_size wxlink_p0_report(wxlink *link)
{
    bool every = true;
    if (!collect(link)) {
        return 0;
    }
    for (wxlink_place id = 0; id < WXLINK_PRODUCT_POINTS; id++) {
        if (!is_set(link->due, id)) {
            every = false;
            continue;
        }
        wxlink_point_read(link, id);
        (void)wxlink_point_write(link, link->told + link->point.place);
        if (link->point.traits & WXLINK_SLOW) {
            link->timers[WXLINK_TIMER_SLOW] = WXLINK_SLOW_MS;
        }
    }
    if (every) {
        link->full_at = link->ticked_at;
    }
    memcpy(link->report, link->due, sizeof link->due);
    memset(link->due, 0, sizeof link->due);
    return wxlink_p0_status(link, link->report);
}

#endif
