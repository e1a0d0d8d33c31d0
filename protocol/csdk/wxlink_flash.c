#include "wxlink_flash.h"

#include <string.h>

#include "wxlink_md5.h"

#define BLANK 0xFFu

/* Where the fields of a record stand. */
enum { AT_MAGIC = 0, AT_SIZE = 4, AT_PAGES = 8, AT_MD5 = 10 };

static const uint8_t magic[AT_SIZE - AT_MAGIC] = {'W', 'X', 'U', '1'};

bool wxlink_flash_is_sound(const wxlink_flash *flash)
{
    const uint8_t unit = flash->unit;
    return flash->erase != NULL && flash->write != NULL && flash->read != NULL && unit > 0 &&
           unit <= WXLINK_FLASH_UNIT_MAX && (unit & (unit - 1u)) == 0 && flash->page_size >= WXLINK_FLASH_PAGE_MIN &&
           flash->page_size % unit == 0 && flash->pages > 0 && flash->pages < WXLINK_FLASH_PAGES_MAX;
}

uint32_t wxlink_flash_room(const wxlink_flash *flash)
{
    return flash->pages * flash->page_size;
}

static uint16_t notes_of(const wxlink_flash *flash, wxlink_part part)
{
    return (uint16_t)(part == WXLINK_DOWNLOAD ? WXLINK_DOWNLOAD_NOTES(flash->pages) : WXLINK_BOOT_NOTES(flash->pages));
}

static uint32_t pages_of(const wxlink_flash *flash, wxlink_part part)
{
    if (part == WXLINK_CLOSED) {
        return 1;
    }
    return WXLINK_FLASH_PAGES_OF(WXLINK_IMAGE_RECORD + (uint32_t)flash->unit * notes_of(flash, part), flash->page_size);
}

static uint32_t address_of(const wxlink_flash *flash, wxlink_part part)
{
    uint32_t pages = 0;
    for (uint8_t before = WXLINK_CLOSED; before < part; before++) {
        pages += pages_of(flash, (wxlink_part)before);
    }
    return flash->journal + pages * flash->page_size;
}

static uint32_t note_address(const wxlink_flash *flash, wxlink_part part, uint16_t index)
{
    const uint32_t notes = address_of(flash, part) + (part == WXLINK_CLOSED ? 0 : WXLINK_IMAGE_RECORD);
    return notes + (uint32_t)flash->unit * index;
}

bool wxlink_part_erase(const wxlink_flash *flash, wxlink_part part)
{
    const uint32_t pages = pages_of(flash, part);
    for (uint32_t page = 0; page < pages; page++) {
        if (!flash->erase(flash->user, address_of(flash, part) + page * flash->page_size)) {
            return false;
        }
    }
    return true;
}

bool wxlink_part_describe(const wxlink_flash *flash, wxlink_part part, const wxlink_image *image)
{
    uint8_t record[WXLINK_IMAGE_RECORD];
    memset(record, BLANK, sizeof record);
    memcpy(record + AT_MAGIC, magic, sizeof magic);
    for (uint8_t i = 0; i < 4; i++) {
        record[AT_SIZE + i] = (uint8_t)(image->size >> 8u * i);
    }
    record[AT_PAGES] = (uint8_t)image->pages;
    record[AT_PAGES + 1] = (uint8_t)(image->pages >> 8);
    memcpy(record + AT_MD5, image->md5, WXLINK_IMAGE_MD5);
    return flash->write(flash->user, address_of(flash, part), record, sizeof record) && wxlink_part_note(flash, part, 0);
}

bool wxlink_part_read(const wxlink_flash *flash, wxlink_part part, wxlink_image *image)
{
    uint8_t record[AT_MD5 + WXLINK_IMAGE_MD5];
    flash->read(flash->user, address_of(flash, part), record, sizeof record);
    image->size = 0;
    for (uint8_t i = 4; i > 0; i--) {
        image->size = image->size << 8 | record[AT_SIZE + i - 1];
    }
    image->pages = (uint16_t)((uint16_t)record[AT_PAGES + 1] << 8 | record[AT_PAGES]);
    memcpy(image->md5, record + AT_MD5, WXLINK_IMAGE_MD5);
    return wxlink_part_noted(flash, part, 0, 1) > 0 && memcmp(record, magic, sizeof magic) == 0 && image->size > 0 && image->size <= wxlink_flash_room(flash) &&
           image->pages <= flash->pages;
}

bool wxlink_part_note(const wxlink_flash *flash, wxlink_part part, uint16_t index)
{
    static const uint8_t zeros[WXLINK_FLASH_UNIT_MAX] = {0};
    return flash->write(flash->user, note_address(flash, part, index), zeros, flash->unit);
}

uint16_t wxlink_part_noted(const wxlink_flash *flash, wxlink_part part, uint16_t first, uint16_t count)
{
    while (count > 0 && wxlink_flash_is_blank(flash, note_address(flash, part, (uint16_t)(first + count - 1u)), flash->unit)) {
        count--;
    }
    return count;
}

bool wxlink_flash_is_blank(const wxlink_flash *flash, uint32_t address, uint32_t size)
{
    uint8_t byte = BLANK;
    for (uint32_t i = 0; i < size && byte == BLANK; i++) {
        flash->read(flash->user, address + i, &byte, 1);
    }
    return byte == BLANK;
}

bool wxlink_flash_holds(const wxlink_flash *flash, uint32_t address, const wxlink_image *image)
{
    uint8_t block[WXLINK_MD5_BLOCK];
    wxlink_md5 md5;
    wxlink_md5_start(&md5);
    for (uint32_t done = 0; done < image->size; done += sizeof block) {
        const uint32_t rest = image->size - done;
        const uint16_t size = (uint16_t)(rest < sizeof block ? rest : sizeof block);
        flash->read(flash->user, address + done, block, size);
        wxlink_md5_take(&md5, block, size);
    }
    wxlink_md5_end(&md5, block);
    return wxlink_image_has(image, block);
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
