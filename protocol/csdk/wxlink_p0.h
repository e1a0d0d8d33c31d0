/* P0: the data points inside commands 03 to 06 (README 4). */
#ifndef WXLINK_P0_H
#define WXLINK_P0_H

#include <stdbool.h>
#include <stdint.h>

#include "wxlink_product.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Actions: the first byte of P0. A variable product's is the fixed one plus WXLINK_VARIABLE. */
#define WXLINK_CONTROL 0x01u
#define WXLINK_READ 0x02u
#define WXLINK_READ_REPLY 0x03u
#define WXLINK_REPORT 0x04u
#define WXLINK_TRANSPARENT 0x05u
#define WXLINK_VARIABLE 0x10u

/* Bit `index` of a big-endian bit array of `size` bytes: bit 0 is the lowest bit of the last byte. */
bool wxlink_flag(const uint8_t *flags, uint16_t size, uint16_t index);
void wxlink_set_flag(uint8_t *flags, uint16_t size, uint16_t index);

/* True for a product's bool and enum data points, which travel as bits. */
bool wxlink_is_bits(const wxlink_point *point);

/* True when the data point has the same value in both values structs. */
bool wxlink_same(const wxlink_point *point, const void *values, const void *others);

/* Copies one data point from one values struct to another. */
void wxlink_copy(const wxlink_point *point, void *to, const void *from);

/* True when a control's bytes fit its flags, only writable data points are flagged and every enum has its value. */
bool wxlink_p0_control_fits(const wxlink_product *product, const uint8_t *p0, uint16_t size);

/* Stores the values of a control that fits. Numbers beyond their limits are clamped. */
void wxlink_p0_control_store(const wxlink_product *product, const uint8_t *p0, void *values);

/* True when a control names this data point (by id). */
bool wxlink_p0_controls(const wxlink_product *product, const uint8_t *p0, uint16_t id);

/* Encodes a report or read reply behind an action byte; `flags` (flag_size bytes, bit = id) names the data points of a
 * variable product and may stand at p0 + 1 already. A fixed product's frame always holds everything. Numbers
 * beyond their limits are clamped. Gives the size. */
uint16_t wxlink_p0_status(const wxlink_product *product, uint8_t action, const uint8_t *flags, const void *values,
                          uint8_t *p0);

#ifdef __cplusplus
}
#endif

#endif
