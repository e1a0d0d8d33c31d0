#include "wxlink_p0.h"

#include <string.h>

#include "wxlink_rom.h"

typedef char a_bool_is_one_byte[sizeof(bool) == 1 ? 1 : -1];

void wxlink_point_row(wxlink_point *point, wxlink_place id)
{
    wxlink_rom_copy(point, &wxlink_points[id], sizeof *point);
}

bool wxlink_flag(const uint8_t *flags, uint8_t size, wxlink_place index)
{
    return (flags[size - 1 - index / 8] & 1u << (index % 8)) != 0;
}

void wxlink_set_flag(uint8_t *flags, uint8_t size, wxlink_place index)
{
    uint8_t *byte = &flags[size - 1 - index / 8];
    *byte = (uint8_t)(*byte | 1u << (index % 8));
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

/* Bytes of a member, of a number's image too. */
static uint8_t bytes_of(const wxlink_point *point)
{
    return (uint8_t)((point->bits + 7u) / 8u);
}

static wxlink_number clamped(const wxlink_point *point, wxlink_number value)
{
    return value < point->min ? point->min : value > point->max ? point->max : value;
}

static wxlink_number load(const wxlink_point *point, const void *values)
{
    const uint8_t *member = (const uint8_t *)values + point->member;
    const uint8_t size = bytes_of(point);
    wxlink_number value = 0;
    for (uint8_t i = size; i-- > 0;) {
        value = (wxlink_number)(value << 8 | member[is_little_endian() ? i : size - 1 - i]);
    }
    return clamped(point, value);
}

static void store(const wxlink_point *point, void *values, wxlink_number value)
{
    uint8_t *member = (uint8_t *)values + point->member;
    const uint8_t size = bytes_of(point);
    value = clamped(point, value);
    for (uint8_t i = 0; i < size; i++) {
        member[is_little_endian() ? i : size - 1 - i] = (uint8_t)value;
        value = (wxlink_number)(value >> 8);
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

/* Numbers and bits alike: a field of a big-endian number, `at` is the byte with its lowest bit. */
static wxlink_number get(const wxlink_point *point, const uint8_t *at)
{
    const uint8_t size = (uint8_t)((shift_of(point) + point->bits + 7u) / 8u);
    wxlink_number value = 0;
    at -= size - 1;
    for (uint8_t i = 0; i < size; i++) {
        value = (wxlink_number)(value << 8 | at[i]);
    }
    return (wxlink_number)(value >> shift_of(point)) & mask_of(point);
}

static void put(const wxlink_point *point, uint8_t *at, wxlink_number value)
{
    wxlink_number mask = (wxlink_number)(mask_of(point) << shift_of(point));
    value = (wxlink_number)(value << shift_of(point));
    for (;; at--) {
        *at = (uint8_t)((*at & ~mask) | value);
        mask = (wxlink_number)(mask >> 8);
        value = (wxlink_number)(value >> 8);
        if (mask == 0) {
            return;
        }
    }
}

bool wxlink_point_told(const wxlink_point *point, const void *values, const uint8_t *at)
{
    if (is_binary(point)) {
        return memcmp(at, (const uint8_t *)values + point->member, point->max) == 0;
    }
    return get(point, at) == load(point, values);
}

void wxlink_point_tell(const wxlink_point *point, const void *values, uint8_t *at)
{
    if (is_binary(point)) {
        memcpy(at, (const uint8_t *)values + point->member, point->max);
    } else {
        put(point, at, load(point, values));
    }
}

#if WXLINK_PRODUCT_VARIABLE

/* Where the next data point lies behind flags: those that are present follow each other, bits first. */
typedef struct {
    uint16_t last; /* byte of the bit group's bit 0 */
    uint16_t bit;
    uint16_t byte;
} cursor;

static cursor start_of(const uint8_t *flags)
{
    wxlink_point point;
    uint16_t bits = 0;
    for (wxlink_place id = 0; id < WXLINK_PRODUCT_POINTS; id++) {
        wxlink_point_row(&point, id);
        if ((point.traits & WXLINK_BITS) && wxlink_flag(flags, WXLINK_PRODUCT_FLAGS, id)) {
            bits = (uint16_t)(bits + point.bits);
        }
    }
    const uint16_t end = (uint16_t)(WXLINK_PRODUCT_FLAGS + (bits + 7u) / 8u);
    return (cursor){.last = (uint16_t)(end - 1u), .bit = 0, .byte = end};
}

/* Moves to a data point that is present: its byte `place`, and the row tells the bit. */
static uint16_t move_to(cursor *at, wxlink_point *point)
{
    uint16_t place = at->byte;
    if (point->traits & WXLINK_BITS) {
        place = (uint16_t)(at->last - at->bit / 8u);
        point->traits = (uint8_t)((point->traits & ~WXLINK_SHIFT) | at->bit % 8u);
        at->bit = (uint16_t)(at->bit + point->bits);
    } else if (is_binary(point)) {
        at->byte = (uint16_t)(at->byte + point->max);
    } else {
        at->byte = (uint16_t)(at->byte + bytes_of(point));
        place = (uint16_t)(at->byte - 1u);
    }
    return place;
}

uint16_t wxlink_p0_status(const void *values, uint8_t *body)
{
    wxlink_point point;
#if WXLINK_PRODUCT_POINTS % 8
    body[0] &= (1u << WXLINK_PRODUCT_POINTS % 8) - 1u; /* bits of no data point are sent as 0 */
#endif
    cursor at = start_of(body);
    memset(body + WXLINK_PRODUCT_FLAGS, 0, (uint16_t)(at.byte - WXLINK_PRODUCT_FLAGS));
    for (wxlink_place id = 0; id < WXLINK_PRODUCT_POINTS; id++) {
        if (wxlink_flag(body, WXLINK_PRODUCT_FLAGS, id)) {
            wxlink_point_row(&point, id);
            const uint16_t place = move_to(&at, &point);
            wxlink_point_tell(&point, values, body + place);
        }
    }
    return at.byte;
}

#else

uint16_t wxlink_p0_status(const void *values, uint8_t *body)
{
    wxlink_point point;
    memset(body, 0, WXLINK_PRODUCT_IMAGE);
    for (wxlink_place id = 0; id < WXLINK_PRODUCT_POINTS; id++) {
        wxlink_point_row(&point, id);
        wxlink_point_tell(&point, values, body + point.place);
    }
    return WXLINK_PRODUCT_IMAGE;
}

#endif

/* True when what a control asks of a data point can be done. */
static bool is_possible(const wxlink_point *point, const uint8_t *at)
{
    return (point->traits & WXLINK_WRITABLE) && (!(point->traits & WXLINK_CHOICE) || get(point, at) <= point->max);
}

static void take(wxlink *link, const wxlink_point *point, const uint8_t *at)
{
    if (is_binary(point)) {
        memcpy((uint8_t *)link->values + point->member, at, point->max);
    } else {
        store(point, link->values, get(point, at));
    }
}

static void tell(wxlink *link, wxlink_place id)
{
#if WXLINK_PRODUCT_VARIABLE
    wxlink_set_flag(link->due, WXLINK_PRODUCT_FLAGS, id);
#else
    link->due = true;
#endif
    if (link->port->control != NULL) {
        link->port->control(link->user, id);
    }
}

/* One step for one data point that a control names. */
static bool do_step(wxlink *link, wxlink_place id, const wxlink_point *point, const uint8_t *at, wxlink_step step)
{
    if (step == WXLINK_CHECK) {
        return is_possible(point, at);
    }
    if (step == WXLINK_STORE) {
        take(link, point, at);
    } else {
        tell(link, id);
    }
    return true;
}

#if WXLINK_PRODUCT_VARIABLE

bool wxlink_p0_control(wxlink *link, const uint8_t *flags, uint16_t size, wxlink_step step)
{
    wxlink_point point;
    if (size < WXLINK_PRODUCT_FLAGS) {
        return false;
    }
    cursor at = start_of(flags);
    for (wxlink_place id = 0; id < WXLINK_PRODUCT_POINTS; id++) {
        if (wxlink_flag(flags, WXLINK_PRODUCT_FLAGS, id)) {
            wxlink_point_row(&point, id);
            const uint16_t place = move_to(&at, &point);
            if (at.byte > size || !do_step(link, id, &point, flags + place, step)) {
                return false;
            }
        }
    }
    return at.byte == size;
}

#else

bool wxlink_p0_control(wxlink *link, const uint8_t *flags, uint16_t size, wxlink_step step)
{
    wxlink_point point;
    wxlink_place writable = 0;
    if (size != WXLINK_PRODUCT_CONTROL - 1) {
        return false;
    }
    for (wxlink_place id = 0; id < WXLINK_PRODUCT_POINTS; id++) {
        wxlink_point_row(&point, id);
        if ((point.traits & WXLINK_WRITABLE) && wxlink_flag(flags, WXLINK_PRODUCT_CONTROL_FLAGS, writable++) &&
            !do_step(link, id, &point, flags + WXLINK_PRODUCT_CONTROL_FLAGS + point.place, step)) {
            return false;
        }
    }
    return true;
}

#endif
