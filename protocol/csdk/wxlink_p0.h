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

/* Copies the row of a data point out of program memory. */
void wxlink_point_row(wxlink_point *point, wxlink_place id);

/* True when a data point's image (`at`: its byte `place`) shows its current value. */
bool wxlink_point_told(const wxlink_point *point, const void *values, const uint8_t *at);

/* Writes the current value of a data point into its image. Numbers beyond their limits are clamped. */
void wxlink_point_tell(const wxlink_point *point, const void *values, uint8_t *at);

/* Bit of a bit array of `size` bytes: bit 0 is the lowest bit of the last byte. */
bool wxlink_flag(const uint8_t *flags, uint8_t size, wxlink_place index);
void wxlink_set_flag(uint8_t *flags, uint8_t size, wxlink_place index);

/* Writes the current values behind the action of a report or read reply: all of a fixed product, of a variable one those
 * whose flags stand there already. Gives the size without the action. */
uint16_t wxlink_p0_status(const void *values, uint8_t *body);

/* What is done with the data points that a control names, in this order. */
typedef enum {
    WXLINK_CHECK, /* false when bytes are too few or too many, one is not writable, or an enum has no such value */
    WXLINK_STORE, /* stores them; numbers beyond their limits are clamped */
    WXLINK_TELL   /* tells the maker, and has them reported */
} wxlink_step;

/* Goes over a control behind its action; the second and third step only after the first was true. */
bool wxlink_p0_control(wxlink *link, const uint8_t *flags, uint16_t size, wxlink_step step);

#endif
