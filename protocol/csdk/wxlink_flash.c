#include "wxlink_flash.h"

#include <stddef.h>

#define BLANK 0xFFu

bool wxlink_flash_is_sound(const wxlink_flash *flash)
{
    const uint8_t unit = flash->unit;
    return flash->erase != NULL && flash->write != NULL && flash->read != NULL && unit > 0 &&
           unit <= WXLINK_FLASH_UNIT_MAX && (unit & (unit - 1u)) == 0 && flash->page_size >= WXLINK_FLASH_PAGE_MIN &&
           flash->page_size % unit == 0 && flash->pages > 0 && flash->pages <= WXLINK_FLASH_PAGES_MAX;
}

uint32_t wxlink_flash_room(const wxlink_flash *flash)
{
    return flash->pages * flash->page_size;
}

bool wxlink_flash_is_blank(const wxlink_flash *flash, uint32_t address, uint32_t size)
{
    uint8_t byte = BLANK;
    for (; size > 0 && byte == BLANK; size--) {
        flash->read(flash->user, address++, &byte, 1);
    }
    return byte == BLANK;
}
