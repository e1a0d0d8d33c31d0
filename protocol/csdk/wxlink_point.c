#include "wxlink_p0.h"

#include <string.h>

#include "wxlink_rom.h"

typedef char a_bool_is_one_byte[sizeof(bool) == 1 ? 1 : -1];

void wxlink_point_read(wxlink *link, wxlink_place id)
{
    wxlink_rom_copy(&link->point, &wxlink_points[id], sizeof link->point);
}

bool wxlink_flag(const uint8_t *flags, uint8_t size, wxlink_place index)
{
    return (flags[size - 1 - index / 8] & 1u << (index % 8)) != 0;
}

static bool is_little_endian(void)
{
    const uint16_t one = 1;
    return *(const uint8_t *)&one == 1;
}

static bool is_binary(const wxlink_point *point)
{
    return WXLINK_PRODUCT_BINARY && point->bits == 0;
}

/* Bytes of the member of anything but a binary. */
static uint8_t bytes_of(const wxlink_point *point)
{
    return (uint8_t)((point->bits + 7u) / 8u);
}

wxlink_size wxlink_point_size(const wxlink *link)
{
    return (wxlink_size)(is_binary(&link->point) ? link->point.max : bytes_of(&link->point));
}

static uint8_t *member_of(const wxlink *link)
{
    return (uint8_t *)link->values + link->point.member;
}

static wxlink_number clamped(const wxlink_point *point, wxlink_number value)
{
    return value < point->min ? point->min : value > point->max ? point->max : value;
}

/* A number from bytes: `at` is the highest one, `step` leads to the next lower one. */
static wxlink_number gather(const uint8_t *at, int8_t step, uint8_t size)
{
    wxlink_number value = *at;
    while (--size > 0) {
        at += step;
        value = (wxlink_number)(value << 8 | *at);
    }
    return value;
}

/* Bits of a number into bytes, others keep theirs: `at` is the lowest one, `step` leads to the next higher one. */
static void scatter(uint8_t *at, int8_t step, wxlink_number value, wxlink_number mask)
{
    for (;;) {
        *at = (uint8_t)((*at & ~mask) | value);
        mask = (wxlink_number)(mask >> 8);
        if (mask == 0) {
            return;
        }
        value = (wxlink_number)(value >> 8);
        at += step;
    }
}

static wxlink_number mask_of(const wxlink_point *point)
{
    return (wxlink_number)((wxlink_number)~0u >> (sizeof(wxlink_number) * 8 - point->bits));
}

static uint8_t shift_of(const wxlink_point *point)
{
    return point->traits & WXLINK_SHIFT;
}

/* The current value of link->point. */
static wxlink_number load(const wxlink *link)
{
    const uint8_t size = bytes_of(&link->point);
    const uint8_t *member = member_of(link);
    return clamped(&link->point, is_little_endian() ? gather(member + size - 1, -1, size) : gather(member, 1, size));
}

static void store(wxlink *link, wxlink_number value)
{
    const uint8_t size = bytes_of(&link->point);
    const wxlink_number mask = (wxlink_number)((wxlink_number)~0u >> (sizeof(wxlink_number) - size) * 8);
    uint8_t *member = member_of(link);
    value = clamped(&link->point, value);
    if (is_little_endian()) {
        scatter(member, 1, value, mask);
    } else {
        scatter(member + size - 1, -1, value, mask);
    }
}

/* Numbers and bits alike: a field of a big-endian number, `at` is the byte with its lowest bit. */
static wxlink_number get(const wxlink_point *point, const uint8_t *at)
{
    const uint8_t size = (uint8_t)((7u + shift_of(point) + point->bits) / 8u);
    return (wxlink_number)(gather(at - (size - 1), 1, size) >> shift_of(point)) & mask_of(point);
}

static void put(const wxlink_point *point, uint8_t *at, wxlink_number value)
{
    scatter(at, -1, (wxlink_number)(value << shift_of(point)), (wxlink_number)(mask_of(point) << shift_of(point)));
}

bool wxlink_point_accepts(const wxlink *link, const uint8_t *at)
{
    const uint8_t traits = link->point.traits;
    return (traits & WXLINK_WRITABLE) && (!(traits & WXLINK_CHOICE) || get(&link->point, at) <= link->point.max);
}

void wxlink_point_store(wxlink *link, const uint8_t *at)
{
    if (is_binary(&link->point)) {
        memcpy(member_of(link), at, (wxlink_size)link->point.max);
    } else {
        store(link, get(&link->point, at));
    }
}

void wxlink_point_write(const wxlink *link, uint8_t *at)
{
    if (is_binary(&link->point)) {
        memcpy(at, member_of(link), (wxlink_size)link->point.max);
    } else {
        put(&link->point, at, load(link));
    }
}

bool wxlink_point_differs(const wxlink *link, const uint8_t *at)
{
    if ((link->point.traits & WXLINK_SLOW) && link->timers[WXLINK_TIMER_SLOW] > 0) {
        return false;
    }
    if (is_binary(&link->point)) {
        return memcmp(at, member_of(link), (wxlink_size)link->point.max) != 0;
    }
    return get(&link->point, at) != load(link);
}

void wxlink_point_tell(const wxlink *link, wxlink_place id)
{
    if (link->port->control != NULL) {
        link->port->control(link->user, id);
    }
}
