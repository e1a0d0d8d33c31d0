#include "wxlink_p0.h"

#include <string.h>

#include "wxlink_rom.h"

typedef char a_bool_is_one_byte[sizeof(bool) == 1 ? 1 : -1];

void wxlink_point_read(wxlink *link, wxlink_place id)
{
    link->id = id;
    wxlink_rom_copy(&link->point, &wxlink_points[id], sizeof link->point);
}

static bool is_binary(const wxlink_point *point)
{
    return WXLINK_PRODUCT_BINARY && point->bits == 0;
}

wxlink_size wxlink_point_size(const wxlink *link)
{
    return (wxlink_size)(is_binary(&link->point) ? link->point.max : (link->point.bits + 7u) / 8u);
}

static uint8_t *member_of(const wxlink *link)
{
    return (uint8_t *)link->values + link->point.member;
}

static wxlink_number clamped(const wxlink_point *point, wxlink_number value)
{
    return value < point->min ? point->min : value > point->max ? point->max : value;
}

/* The current value of link->point. */
static wxlink_number load(const wxlink *link)
{
    const uint8_t *member = member_of(link);
    wxlink_number value = *member;
    if (link->point.bits > 8) {
        uint16_t number;
        memcpy(&number, member, sizeof number);
        value = number;
    }
#if WXLINK_PRODUCT_UINT32
    if (link->point.bits > 16) {
        memcpy(&value, member, sizeof value);
    }
#endif
    return clamped(&link->point, value);
}

static void store(wxlink *link, wxlink_number value)
{
    uint8_t *member = member_of(link);
    value = clamped(&link->point, value);
    if (link->point.bits <= 8) {
        *member = (uint8_t)value;
        return;
    }
#if WXLINK_PRODUCT_UINT32
    if (link->point.bits > 16) {
        memcpy(member, &value, sizeof value);
        return;
    }
#endif
    const uint16_t number = (uint16_t)value;
    memcpy(member, &number, sizeof number);
}

static wxlink_number mask_of(const wxlink_point *point)
{
    return (wxlink_number)((wxlink_number)~0u >> (uint8_t)(sizeof(wxlink_number) * 8 - point->bits));
}

/* Numbers and bits alike are a field of a big-endian number: `at` is the byte with its lowest bit. */
static wxlink_number get(const wxlink_point *point, const uint8_t *at)
{
    const uint8_t shift = point->traits & WXLINK_SHIFT;
    uint8_t size = (uint8_t)(7u + shift + point->bits) / 8u;
    wxlink_number value = 0;
    for (at -= size; size > 0; size--) {
        value = (wxlink_number)(value << 8 | *++at);
    }
    return (wxlink_number)(value >> shift) & mask_of(point);
}

/* True when it changed what stood there. */
static bool put(const wxlink_point *point, uint8_t *at, wxlink_number value)
{
    const uint8_t shift = point->traits & WXLINK_SHIFT;
    wxlink_number mask = (wxlink_number)(mask_of(point) << shift);
    uint8_t changed = 0;
    for (value = (wxlink_number)(value << shift); mask != 0; value = (wxlink_number)(value >> 8)) {
        const uint8_t bits = (uint8_t)((*at ^ value) & mask);
        *at-- ^= bits;
        changed |= bits;
        mask = (wxlink_number)(mask >> 8);
    }
    return changed != 0;
}

bool wxlink_point_accepts(wxlink *link, uint8_t *at)
{
    return !(link->point.traits & WXLINK_CHOICE) || get(&link->point, at) <= link->point.max;
}

bool wxlink_point_store(wxlink *link, uint8_t *at)
{
    if (is_binary(&link->point)) {
        memcpy(member_of(link), at, (wxlink_size)link->point.max);
    } else {
        store(link, get(&link->point, at));
    }
    return true;
}

bool wxlink_point_tell(wxlink *link, uint8_t *at)
{
    (void)at;
    if (link->port->control != NULL) {
        link->port->control(link->user, link->id);
    }
    return true;
}

bool wxlink_point_write(wxlink *link, uint8_t *at)
{
    if (is_binary(&link->point)) {
        const wxlink_size size = (wxlink_size)link->point.max;
        const bool changed = memcmp(at, member_of(link), size) != 0;
        memcpy(at, member_of(link), size);
        return changed;
    }
    return put(&link->point, at, load(link));
}
