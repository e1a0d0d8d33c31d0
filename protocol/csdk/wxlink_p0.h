/* Inside the SDK: P0, the data points inside commands 03 to 06 (README 4). */
#ifndef WXLINK_P0_H
#define WXLINK_P0_H

#include <string.h>

#include "wxlink.h"

/* Actions: the first byte of P0. A variable product's is the fixed one plus WXLINK_VARIABLE. */
#define WXLINK_CONTROL 0x01u
#define WXLINK_READ 0x02u
#define WXLINK_READ_REPLY 0x03u
#define WXLINK_REPORT 0x04u
#define WXLINK_TRANSPARENT 0x05u
#define WXLINK_VARIABLE 0x10u

/* What the actions of this product have on top. */
#define WXLINK_FAMILY (WXLINK_PRODUCT_VARIABLE ? WXLINK_VARIABLE : 0u)

/* What is done with the data point whose row is link->point. `at` is the byte with its lowest bit, of a binary its first,
 * in an image of the product or in other P0. */
typedef bool (*wxlink_step)(wxlink *link, uint8_t *at);

/* The steps of a control, in this order; of wxlink_point.c. */
bool wxlink_point_accepts(wxlink *link, uint8_t *at); /* false: an enum has no such value */
bool wxlink_point_store(wxlink *link, uint8_t *at);   /* into the values; numbers beyond their limits are clamped */
bool wxlink_point_tell(wxlink *link, uint8_t *at);    /* to the maker */

/* The current value into P0, clamped to its limits. True when another one stood there. */
bool wxlink_point_write(wxlink *link, uint8_t *at);

/* Takes a row out of program memory. */
void wxlink_point_read(wxlink *link, wxlink_place id);

/* Bytes of its member in the values struct. */
wxlink_size wxlink_point_size(const wxlink *link);

/* Of wxlink_fixed.c or wxlink_variable.c, as the product is. */

/* Does a step with the data points that a control names, until one is false; `flags` begins behind its action. False, too,
 * when bytes are too few or too many, or a data point is not writable. */
bool wxlink_p0_control(wxlink *link, uint8_t *flags, wxlink_size size, wxlink_step step);

/* Writes the current values behind the action of a read reply: all of a fixed product, of a variable one those whose
 * flags stand there already. Gives the size without the action. */
wxlink_size wxlink_p0_status(wxlink *link, uint8_t *body);

/* Has everything reported next. */
static inline void wxlink_p0_all_due(wxlink *link)
{
    memset(link->due, 0xFF, sizeof link->due);
}

/* Has reported next what a control names; of a fixed product everything, as always. */
static inline void wxlink_p0_control_due(wxlink *link, const uint8_t *flags)
{
    for (wxlink_size i = 0; i < sizeof link->due; i++) {
        link->due[i] = (uint8_t)(link->due[i] | (WXLINK_PRODUCT_VARIABLE ? flags[i] : 1u));
    }
}

/* Writes what changed and may be reported now, and what is due anyway, to link->report, takes it for told and starts the
 * times that hang on it. Gives the size without the action; 0 when there is nothing to report. */
wxlink_size wxlink_p0_report(wxlink *link);

#endif
