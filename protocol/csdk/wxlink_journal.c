#include "wxlink_journal.h"

#include <string.h>

/* Where the fields of a record stand; integers little endian. */
enum { AT_MAGIC = 0, AT_NUMBER = 4, AT_SIZE = 8, AT_PAGES = 12, AT_DONE = 14, AT_PHASE = 16, AT_MD5 = 17 };

#define MAGIC 0x31555857ul /* "WXU1" */

static uint32_t get(const uint8_t *bytes, uint8_t size)
{
    uint32_t number = 0;
    while (size-- > 0) {
        number = number << 8 | bytes[size];
    }
    return number;
}

static void put(uint8_t *bytes, uint8_t size, uint32_t number)
{
    for (; size > 0; size--) {
        *bytes++ = (uint8_t)number;
        number >>= 8;
    }
}

static uint32_t address_of(const wxlink_flash *flash, uint8_t part)
{
    return flash->journal + part * WXLINK_PART_PAGES(flash->page_size, flash->unit, flash->pages) * flash->page_size;
}

static uint32_t note_address(const wxlink_flash *flash, uint8_t part, uint16_t index)
{
    return address_of(flash, part) + 2 * WXLINK_JOURNAL_RECORD + (uint32_t)flash->unit * index;
}

static void invert(uint8_t *record)
{
    for (uint8_t i = 0; i < WXLINK_JOURNAL_RECORD; i++) {
        record[i] = (uint8_t)~record[i];
    }
}

bool wxlink_part_write(const wxlink_flash *flash, uint8_t part, const wxlink_state *state)
{
    const uint32_t address = address_of(flash, part);
    uint8_t record[WXLINK_JOURNAL_RECORD] = {0};
    for (uint32_t page = address; page < address_of(flash, (uint8_t)(part + 1)); page += flash->page_size) {
        if (!flash->erase(flash->user, page)) {
            return false;
        }
    }
    put(record + AT_MAGIC, 4, MAGIC);
    put(record + AT_NUMBER, 4, state->number);
    put(record + AT_SIZE, 4, state->image.size);
    put(record + AT_PAGES, 2, state->pages);
    put(record + AT_DONE, 2, state->done);
    record[AT_PHASE] = state->phase;
    memcpy(record + AT_MD5, state->image.md5, WXLINK_IMAGE_MD5);
    if (!flash->write(flash->user, address, record, sizeof record)) {
        return false;
    }
    invert(record);
    return flash->write(flash->user, address + sizeof record, record, sizeof record) && wxlink_part_note(flash, part, 0);
}

bool wxlink_part_drop(const wxlink_flash *flash, uint8_t part)
{
    return flash->erase(flash->user, address_of(flash, part));
}

/* True when the flash holds the inverse of a record. */
static bool is_inverse(const wxlink_flash *flash, uint32_t address, const uint8_t *record)
{
    uint8_t byte = 0;
    uint8_t i = 0;
    do {
        flash->read(flash->user, address + i, &byte, 1);
    } while ((record[i] ^ byte) == 0xFF && ++i < WXLINK_JOURNAL_RECORD);
    return i == WXLINK_JOURNAL_RECORD;
}

bool wxlink_part_read(const wxlink_flash *flash, uint8_t part, wxlink_state *state)
{
    const uint32_t address = address_of(flash, part);
    uint8_t record[WXLINK_JOURNAL_RECORD];
    flash->read(flash->user, address, record, sizeof record);
    state->number = get(record + AT_NUMBER, 4);
    state->image.size = get(record + AT_SIZE, 4);
    state->pages = (uint16_t)get(record + AT_PAGES, 2);
    state->done = (uint16_t)get(record + AT_DONE, 2);
    state->noted = 0;
    state->phase = record[AT_PHASE];
    state->copy = part;
    memcpy(state->image.md5, record + AT_MD5, WXLINK_IMAGE_MD5);
    return wxlink_part_noted(flash, part, 0, 1) > 0 && is_inverse(flash, address + sizeof record, record) &&
           get(record + AT_MAGIC, 4) == MAGIC;
}

bool wxlink_part_note(const wxlink_flash *flash, uint8_t part, uint16_t index)
{
    uint8_t zeros[WXLINK_FLASH_UNIT_MAX] = {0};
    return flash->write(flash->user, note_address(flash, part, index), zeros, flash->unit);
}

uint16_t wxlink_part_noted(const wxlink_flash *flash, uint8_t part, uint16_t first, uint16_t count)
{
    uint32_t address = note_address(flash, part, (uint16_t)(first + count));
    while (count > 0 && wxlink_flash_is_blank(flash, address -= flash->unit, flash->unit)) {
        count--;
    }
    return count;
}

void wxlink_state_read(const wxlink_flash *flash, wxlink_state *state)
{
    wxlink_state other;
    const bool any = wxlink_part_read(flash, WXLINK_COPY_A, state);
    if (wxlink_part_read(flash, WXLINK_COPY_B, &other) && (!any || other.number > state->number)) {
        *state = other;
    } else if (!any) {
        memset(state, 0, sizeof *state);
        state->copy = WXLINK_COPY_B;
    }
    if (state->phase == WXLINK_INSTALL || state->phase == WXLINK_REVERT) {
        const uint16_t left = (uint16_t)(WXLINK_STEPS(state->pages) - state->done);
        state->noted = wxlink_part_noted(flash, state->copy, 1, left);
        state->done = (uint16_t)(state->done + state->noted);
    }
}

bool wxlink_state_settle(const wxlink_flash *flash, const wxlink_state *state)
{
    return state->number == 0 || wxlink_part_note(flash, state->copy, 0);
}

bool wxlink_state_write(const wxlink_flash *flash, wxlink_state *state)
{
    if (!wxlink_state_settle(flash, state)) {
        return false;
    }
    state->copy = state->copy == WXLINK_COPY_A ? WXLINK_COPY_B : WXLINK_COPY_A;
    state->number++;
    state->noted = 0;
    return wxlink_part_write(flash, state->copy, state);
}

bool wxlink_state_step(const wxlink_flash *flash, wxlink_state *state)
{
    state->done++;
    state->noted++;
    return wxlink_part_note(flash, state->copy, state->noted);
}

static char hex_digit(uint8_t value, bool upper)
{
    return (char)(value < 10 ? '0' + value : (upper ? 'A' : 'a') + value - 10);
}

bool wxlink_image_has(const wxlink_image *image, const uint8_t *digest)
{
    for (uint8_t i = 0; i < WXLINK_IMAGE_MD5; i++) {
        const uint8_t value = (uint8_t)(i % 2 == 0 ? digest[i / 2] >> 4 : digest[i / 2] & 0x0F);
        if (image->md5[i] != hex_digit(value, false) && image->md5[i] != hex_digit(value, true)) {
            return false;
        }
    }
    return true;
}
