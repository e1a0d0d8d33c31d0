/* Inside the SDK: P0, the data points inside commands 03 to 06 (README 4). */
#ifndef WXLINK_P0_H
#define WXLINK_P0_H

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

/* The steps of a control, in this order; the second and third only when the first was true. */
enum {
    WXLINK_CHECK, /* false when bytes are too few or too many, one is not writable, or an enum has no such value */
    WXLINK_STORE, /* into the values; numbers beyond their limits are clamped */
    WXLINK_TELL,  /* to the maker */
    WXLINK_WRITE, /* not of a control: the values into P0 */
    WXLINK_COMPARE /* not of a control: false when one that may be reported now differs from what was told */
};
typedef uint8_t wxlink_step;

/* Of wxlink_fixed.c or wxlink_variable.c, as the product is. */

/* Does a step with the data points that a control names; `flags` begins behind its action. */
bool wxlink_p0_control(wxlink *link, uint8_t *flags, wxlink_size size, wxlink_step step);

/* Writes the current values behind the action of a read reply: all of a fixed product, of a variable one those whose
 * flags stand there already. Gives the size without the action. */
wxlink_size wxlink_p0_status(wxlink *link, uint8_t *body);

/* Has everything reported next. */
void wxlink_p0_all_due(wxlink *link);

/* Looks for data points that changed and may be reported now. True when anything is due. */
bool wxlink_p0_collect(wxlink *link);

/* Writes what is due to link->report and takes it for told, and starts the times that hang on it. Gives the size without
 * the action. */
wxlink_size wxlink_p0_report(wxlink *link);

/* Of wxlink_point.c, about the data point whose row is link->point. `at` is the byte with its lowest bit, of a binary its
 * first, in an image of the product or in other P0. */

/* Takes a row out of program memory. */
void wxlink_point_read(wxlink *link, wxlink_place id);

/* Bytes of its member in the values struct. */
wxlink_size wxlink_point_size(const wxlink *link);

/* True when what a control asks of it can be done. */
bool wxlink_point_accepts(const wxlink *link, const uint8_t *at);

/* From P0 into the values, and back. Numbers beyond their limits are clamped. */
void wxlink_point_store(wxlink *link, const uint8_t *at);
void wxlink_point_write(const wxlink *link, uint8_t *at);

/* Tells the maker that a user set it. */
void wxlink_point_tell(const wxlink *link, wxlink_place id);

/* True when it may be reported now and P0 shows another value. */
bool wxlink_point_differs(const wxlink *link, const uint8_t *at);

/* Bit of a bit array of `size` bytes: bit 0 is the lowest bit of the last byte. */
bool wxlink_flag(const uint8_t *flags, uint8_t size, wxlink_place index);

#endif
