/* What the SDK knows about a product: constant tables, generated from its product file. */
#ifndef WXLINK_PRODUCT_H
#define WXLINK_PRODUCT_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum { WXLINK_WRITABLE, WXLINK_READONLY, WXLINK_ALERT, WXLINK_FAULT } wxlink_kind;
#define WXLINK_KINDS 4

/* Member of the values struct: bool for WXLINK_BOOL, uint8_t for WXLINK_ENUM, uint8_t[length] for WXLINK_BINARY. */
typedef enum { WXLINK_BOOL, WXLINK_ENUM, WXLINK_UINT8, WXLINK_UINT16, WXLINK_UINT32, WXLINK_BINARY } wxlink_type;

typedef struct {
    uint8_t kind;    /* wxlink_kind */
    uint8_t type;    /* wxlink_type */
    uint16_t length; /* bits of a bool or enum, bytes of anything else */
    uint16_t member; /* offset of its member in the values struct */
    uint16_t place;  /* fixed product: bit number in its class's bit group, or byte in dev_status; variable: 0 */
    uint32_t min;    /* limits of the raw value */
    uint32_t max;
} wxlink_point;

/* The bits of one class in a fixed product's dev_status (README 4.3). */
typedef struct {
    uint16_t start;
    uint16_t size;
} wxlink_group;

typedef struct {
    const char *product_key;    /* 32 characters */
    const wxlink_point *points; /* in id order: the index is the id */
    uint16_t point_count;
    bool variable;
    uint16_t flag_size;         /* bytes of one bit per data point */
    uint16_t control_flag_size; /* bytes of attr_flags in a control: fixed products count writable points only */
    uint16_t control_size;      /* fixed: bytes of attr_vals; variable: most bytes that can follow the flags */
    uint16_t status_size;       /* the same for dev_status */
    uint16_t values_size;       /* bytes of the values struct */
    wxlink_group groups[WXLINK_KINDS]; /* fixed products only */
} wxlink_product;

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
