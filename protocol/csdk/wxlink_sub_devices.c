#include "wxlink_sub_devices.h"

#include <string.h>

#if WXLINK_WITH_SUB_DEVICES

#define PRESENCE 0x71u
#define P0 0x73u
#define COUNT_SIZE 2u

static void put_u16(uint8_t *bytes, uint16_t number)
{
    bytes[0] = (uint8_t)(number >> 8);
    bytes[1] = (uint8_t)number;
}

/* One entry of a list that came. */
typedef struct {
    const uint8_t *id;
    const uint8_t *p0;
    uint16_t size; /* of P0 */
} entry;

/* Takes the entry that begins at `at`; gives where the next one begins, or NULL when it does not fit. */
static const uint8_t *read_entry(entry *one, const uint8_t *at, const uint8_t *end)
{
    if (at == end || end - at < 1 + at[0] + 2) {
        return NULL;
    }
    one->id = at + 1;
    one->size = wxlink_u16(one->id + at[0]);
    one->p0 = one->id + at[0] + 2;
    return (size_t)(end - one->p0) < one->size ? NULL : one->p0 + one->size;
}

/* True when the list has exactly its count of entries. */
static bool fits(const uint8_t *list, const uint8_t *end)
{
    entry one;
    if (end - list < (int)COUNT_SIZE) {
        return false;
    }
    const uint8_t *at = list + COUNT_SIZE;
    for (uint16_t left = wxlink_u16(list); left > 0 && at != NULL; left--) {
        at = read_entry(&one, at, end);
    }
    return at == end;
}

void wxlink_sub_devices_take(wxlink *link, const uint8_t *p0, uint16_t size)
{
    const uint8_t *end = p0 + size;
    wxlink_acknowledge(link);
    if (!fits(p0 + 1, end)) {
        wxlink_count(&link->refused);
        return;
    }
    const uint8_t *at = p0 + 1 + COUNT_SIZE;
    while (at != end && !link->repeat && link->port->sub_device != NULL) {
        entry one;
        const uint8_t id_size = at[0];
        at = read_entry(&one, at, end);
        link->port->sub_device(link->user, one.id, id_size, one.p0, one.size);
    }
}

void wxlink_sub_list_start(wxlink_sub_list *list, uint8_t *buffer, uint16_t capacity)
{
    list->buffer = buffer;
    list->capacity = capacity;
    list->size = 0;
    list->action = 0;
}

/* Begins an entry with `rest` bytes behind its id; gives where they go, or NULL when it does not fit. */
static uint8_t *append(wxlink_sub_list *list, uint8_t action, const uint8_t *id, uint8_t id_size, uint16_t rest)
{
    const uint16_t before = list->size > 0 ? list->size : COUNT_SIZE;
    const uint32_t end = (uint32_t)before + 1u + id_size + rest;
    if (end > list->capacity || (list->size > 0 && list->action != action)) {
        return NULL;
    }
    const uint16_t count = list->size > 0 ? wxlink_u16(list->buffer) : 0;
    uint8_t *at = list->buffer + before;
    put_u16(list->buffer, (uint16_t)(count + 1u));
    *at++ = id_size;
    memcpy(at, id, id_size);
    list->action = action;
    list->size = (uint16_t)end;
    return at + id_size;
}

bool wxlink_sub_list_presence(wxlink_sub_list *list, const uint8_t *id, uint8_t id_size, bool online)
{
    uint8_t *at = append(list, PRESENCE, id, id_size, 1);
    if (at == NULL) {
        return false;
    }
    *at = online;
    return true;
}

bool wxlink_sub_list_p0(wxlink_sub_list *list, const uint8_t *id, uint8_t id_size, const uint8_t *p0, uint16_t size)
{
    uint8_t *at = size > UINT16_MAX - 2u ? NULL : append(list, P0, id, id_size, (uint16_t)(size + 2u));
    if (at == NULL) {
        return false;
    }
    put_u16(at, size);
    memcpy(at + 2, p0, size);
    return true;
}

bool wxlink_sub_devices(wxlink *link, const wxlink_sub_list *list)
{
    return list->size > 0 &&
           wxlink_ask_with(link, WXLINK_SUB_DEVICES_UP, WXLINK_CMD_P0_UP, list->action, list->buffer, list->size);
}

#endif
