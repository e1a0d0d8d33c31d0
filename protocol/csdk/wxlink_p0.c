#include "wxlink_p0.h"

#include <string.h>

/* Where the next data point lies in a P0 body. In a fixed product every point has its place; in a variable product the
 * points that are present follow each other, bits first. */
typedef struct {
    const wxlink_product *product;
    wxlink_group group; /* of the current point, when it is bits */
    uint16_t bit;       /* first bit in the group */
    uint16_t byte;      /* first byte in the body, when it is not bits */
    uint16_t next_bit;
    uint16_t next_byte;
} cursor;

bool wxlink_flag(const uint8_t *flags, uint16_t size, uint16_t index)
{
    return index / 8 < size && (flags[size - 1 - index / 8] & (1u << (index % 8))) != 0;
}

void wxlink_set_flag(uint8_t *flags, uint16_t size, uint16_t index)
{
    if (index / 8 < size) {
        uint8_t *byte = &flags[size - 1 - index / 8];
        *byte = (uint8_t)(*byte | 1u << (index % 8));
    }
}

bool wxlink_is_bits(const wxlink_point *point)
{
    return point->type == WXLINK_BOOL || point->type == WXLINK_ENUM;
}

/* Bytes of the data point's member in the values struct. */
static uint16_t member_size(const wxlink_point *point)
{
    return point->type == WXLINK_BOOL ? (uint16_t)sizeof(bool) : point->type == WXLINK_ENUM ? 1u : point->length;
}

bool wxlink_same(const wxlink_point *point, const void *values, const void *others)
{
    return memcmp((const uint8_t *)values + point->member, (const uint8_t *)others + point->member,
                  member_size(point)) == 0;
}

void wxlink_copy(const wxlink_point *point, void *to, const void *from)
{
    memcpy((uint8_t *)to + point->member, (const uint8_t *)from + point->member, member_size(point));
}

static uint32_t load(const wxlink_point *point, const void *values)
{
    const uint8_t *member = (const uint8_t *)values + point->member;
    bool truth;
    uint16_t half;
    uint32_t word;
    switch (point->type) {
    case WXLINK_BOOL:
        memcpy(&truth, member, sizeof truth);
        return truth;
    case WXLINK_UINT16:
        memcpy(&half, member, sizeof half);
        return half;
    case WXLINK_UINT32:
        memcpy(&word, member, sizeof word);
        return word;
    default:
        return *member;
    }
}

static void store(const wxlink_point *point, void *values, uint32_t value)
{
    uint8_t *member = (uint8_t *)values + point->member;
    const bool truth = value != 0;
    const uint16_t half = (uint16_t)value;
    switch (point->type) {
    case WXLINK_BOOL:
        memcpy(member, &truth, sizeof truth);
        break;
    case WXLINK_UINT16:
        memcpy(member, &half, sizeof half);
        break;
    case WXLINK_UINT32:
        memcpy(member, &value, sizeof value);
        break;
    default:
        *member = (uint8_t)value;
        break;
    }
}

static uint32_t clamped(const wxlink_point *point, uint32_t value)
{
    return value < point->min ? point->min : value > point->max ? point->max : value;
}

static uint32_t get_bits(const uint8_t *body, const cursor *at, uint16_t length)
{
    uint32_t value = 0;
    for (uint16_t i = length; i-- > 0;) {
        const bool bit = wxlink_flag(body + at->group.start, at->group.size, (uint16_t)(at->bit + i));
        value = value << 1 | (bit ? 1u : 0u);
    }
    return value;
}

static void put_bits(uint8_t *body, const cursor *at, uint16_t length, uint32_t value)
{
    for (uint16_t i = 0; i < length; i++) {
        if ((value >> i) & 1u) {
            wxlink_set_flag(body + at->group.start, at->group.size, (uint16_t)(at->bit + i));
        }
    }
}

static uint32_t get_number(const uint8_t *bytes, uint16_t length)
{
    uint32_t value = 0;
    for (uint16_t i = 0; i < length; i++) {
        value = (value << 8) | bytes[i];
    }
    return value;
}

static void put_number(uint8_t *bytes, uint16_t length, uint32_t value)
{
    for (uint16_t i = length; i-- > 0;) {
        bytes[i] = (uint8_t)value;
        value >>= 8;
    }
}

/* Bytes of the bit group that holds the present bits of a variable product. */
static uint16_t variable_group_size(const wxlink_product *product, const uint8_t *flags)
{
    uint16_t bits = 0;
    for (uint16_t id = 0; id < product->point_count; id++) {
        const wxlink_point *point = &product->points[id];
        if (wxlink_is_bits(point) && wxlink_flag(flags, product->flag_size, id)) {
            bits = (uint16_t)(bits + point->length);
        }
    }
    return (uint16_t)((bits + 7u) / 8u);
}

static cursor start_of(const wxlink_product *product, const uint8_t *flags)
{
    cursor at = {.product = product};
    if (product->variable) {
        at.group.size = variable_group_size(product, flags);
        at.next_byte = at.group.size;
    }
    return at;
}

/* Moves to a data point that is present. Must be called for each of them, in id order. */
static void move_to(cursor *at, const wxlink_point *point)
{
    if (!at->product->variable) {
        at->group = at->product->groups[point->kind];
        at->bit = point->place;
        at->byte = point->place;
    } else if (wxlink_is_bits(point)) {
        at->bit = at->next_bit;
        at->next_bit = (uint16_t)(at->next_bit + point->length);
    } else {
        at->byte = at->next_byte;
        at->next_byte = (uint16_t)(at->next_byte + point->length);
    }
}

/* attr_flags of a fixed control count writable points only; in every other case the bit is the id. */
static bool controls(const wxlink_product *product, const uint8_t *flags, uint16_t id, uint16_t writable_before)
{
    if (product->variable) {
        return wxlink_flag(flags, product->control_flag_size, id);
    }
    return product->points[id].kind == WXLINK_WRITABLE &&
           wxlink_flag(flags, product->control_flag_size, writable_before);
}

bool wxlink_p0_controls(const wxlink_product *product, const uint8_t *p0, uint16_t id)
{
    uint16_t writable_before = 0;
    for (uint16_t i = 0; i < id; i++) {
        writable_before = (uint16_t)(writable_before + (product->points[i].kind == WXLINK_WRITABLE ? 1u : 0u));
    }
    return controls(product, p0 + 1, id, writable_before);
}

/* Bytes that must follow the flags of a control. */
static uint32_t control_body_size(const wxlink_product *product, const uint8_t *flags)
{
    if (!product->variable) {
        return product->control_size;
    }
    uint32_t size = variable_group_size(product, flags);
    for (uint16_t id = 0; id < product->point_count; id++) {
        const wxlink_point *point = &product->points[id];
        if (!wxlink_is_bits(point) && wxlink_flag(flags, product->flag_size, id)) {
            size += point->length;
        }
    }
    return size;
}

/* One pass over a control: checks it when `values` is NULL, else stores. False when it asks for the impossible. */
static bool walk_control(const wxlink_product *product, const uint8_t *p0, void *values)
{
    const uint8_t *flags = p0 + 1;
    const uint8_t *body = flags + product->control_flag_size;
    cursor at = start_of(product, flags);
    uint16_t writable_before = 0;
    for (uint16_t id = 0; id < product->point_count; id++) {
        const wxlink_point *point = &product->points[id];
        const bool controlled = controls(product, flags, id, writable_before);
        writable_before = (uint16_t)(writable_before + (point->kind == WXLINK_WRITABLE ? 1u : 0u));
        if (!controlled) {
            continue;
        }
        if (point->kind != WXLINK_WRITABLE) {
            return false;
        }
        move_to(&at, point);
        if (point->type == WXLINK_BINARY) {
            if (values != NULL) {
                memcpy((uint8_t *)values + point->member, body + at.byte, point->length);
            }
            continue;
        }
        const uint32_t value = wxlink_is_bits(point) ? get_bits(body, &at, point->length)
                                                     : get_number(body + at.byte, point->length);
        if (point->type == WXLINK_ENUM && value > point->max) {
            return false;
        }
        if (values != NULL) {
            store(point, values, clamped(point, value));
        }
    }
    return true;
}

bool wxlink_p0_control_fits(const wxlink_product *product, const uint8_t *p0, uint16_t size)
{
    const uint32_t before = (uint32_t)product->control_flag_size + 1;
    return size >= before && size == before + control_body_size(product, p0 + 1) && walk_control(product, p0, NULL);
}

void wxlink_p0_control_store(const wxlink_product *product, const uint8_t *p0, void *values)
{
    (void)walk_control(product, p0, values);
}

uint16_t wxlink_p0_status(const wxlink_product *product, uint8_t action, const uint8_t *flags, const void *values,
                          uint8_t *p0)
{
    cursor at = start_of(product, flags);
    uint8_t *body = p0 + 1;
    p0[0] = action;
    if (product->variable) {
        memmove(p0 + 1, flags, product->flag_size);
        if (product->point_count % 8 != 0) {
            p0[1] &= (uint8_t)((1u << (product->point_count % 8)) - 1u); /* bits of no data point are sent as 0 */
        }
        flags = p0 + 1;
        body += product->flag_size;
        memset(body, 0, at.group.size);
    } else {
        memset(body, 0, product->status_size);
    }
    for (uint16_t id = 0; id < product->point_count; id++) {
        const wxlink_point *point = &product->points[id];
        if (product->variable && !wxlink_flag(flags, product->flag_size, id)) {
            continue;
        }
        move_to(&at, point);
        if (wxlink_is_bits(point)) {
            put_bits(body, &at, point->length, clamped(point, load(point, values)));
        } else if (point->type == WXLINK_BINARY) {
            memcpy(body + at.byte, (const uint8_t *)values + point->member, point->length);
        } else {
            put_number(body + at.byte, point->length, clamped(point, load(point, values)));
        }
    }
    const uint16_t before = (uint16_t)(body - p0);
    return (uint16_t)(before + (product->variable ? at.next_byte : product->status_size));
}
