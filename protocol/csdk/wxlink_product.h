/* What the SDK knows about a product: constant tables, generated from its product file. */
#ifndef WXLINK_PRODUCT_H
#define WXLINK_PRODUCT_H

#include <stdbool.h>
#include <stdint.h>

#include "wxlink_config.h"
#include "wxlink_rom.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Raw value of any number of the product, and any offset in its values and in its P0. */
#if WXLINK_PRODUCT_UINT32
typedef uint32_t wxlink_number;
#else
typedef uint16_t wxlink_number;
#endif
#if WXLINK_PRODUCT_LARGE
typedef uint16_t wxlink_place;
#else
typedef uint8_t wxlink_place;
#endif

/* Traits of a data point. */
#define WXLINK_SHIFT 0x07u    /* where its lowest bit lies in its byte */
#define WXLINK_WRITABLE 0x08u /* users may set it */
#define WXLINK_SLOW 0x10u     /* read-only number or binary: not reported at once (README 3.4) */
#define WXLINK_BITS 0x20u     /* bool or enum: part of a bit group */
#define WXLINK_CHOICE 0x40u   /* enum: values above the maximum mean nothing */

/* One data point. Its image is dev_status (README 4.5); that of a variable product is a report of everything. The member
 * of a bool, enum and uint8 has one byte, that of a uint16 two, of a uint32 four, of a binary `max`. */
typedef struct {
    wxlink_place member; /* offset of its member in the values struct */
    wxlink_place place;  /* byte of the image with its lowest bit; of a binary: its first byte */
    uint8_t traits;
    uint8_t bits;        /* 1 to 8 of a bool or enum; 8, 16, 32 of a number; 0 of a binary */
    wxlink_number min;   /* limits of the raw value */
    wxlink_number max;   /* of a binary: its bytes */
} wxlink_point;

extern const wxlink_point wxlink_points[WXLINK_PRODUCT_POINTS]; /* in id order: the index is the id; in program memory */
extern const char wxlink_product_key[32];                       /* in program memory, without a zero behind it */

/* Raw value for a displayed one, y = ratio * x + addition, rounded to the nearest step and clamped to min..max. The
 * generated macros <PRODUCT>_<POINT>_RAW(y) call these. */
static inline uint32_t wxlink_raw(int32_t y, int32_t ratio, int32_t addition, uint32_t min, uint32_t max)
{
    const uint32_t distance = y <= addition ? 0 : (uint32_t)y - (uint32_t)addition;
    const uint32_t raw = (distance + (uint32_t)ratio / 2) / (uint32_t)ratio;
    return raw < min ? min : raw > max ? max : raw;
}

/* The same for data points whose displayed values do not fit 31 bits. */
static inline uint32_t wxlink_raw_wide(int64_t y, int64_t ratio, int64_t addition, uint32_t min, uint32_t max)
{
    const int64_t steps = y <= addition ? 0 : (y - addition + ratio / 2) / ratio;
    return steps < (int64_t)min ? min : steps > (int64_t)max ? max : (uint32_t)steps;
}

#ifdef __cplusplus
}
#endif

#endif
