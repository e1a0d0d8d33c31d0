#include "wxlink_download.h"

#if WXLINK_WITH_UPDATE

#include <string.h>

#define HASHED_AT_ONCE 256u /* bytes by one wxlink_poll, so that hashing holds up nothing */

uint16_t wxlink_download_pages(const wxlink_flash *flash)
{
    const uint16_t pages = wxlink_part_noted(flash, WXLINK_DOWNLOAD, WXLINK_PAGES_AT, flash->pages);
    return (uint16_t)(pages > 0 ? pages - 1u : 0);
}

static bool is_complete(const wxlink_flash *flash)
{
    return wxlink_part_noted(flash, WXLINK_DOWNLOAD, WXLINK_COMPLETE_AT(flash->pages), 1) > 0;
}

bool wxlink_download_begun(const wxlink_flash *flash, wxlink_image *image)
{
    wxlink_state download;
    const bool any = wxlink_part_read(flash, WXLINK_DOWNLOAD, &download) && !is_complete(flash);
    *image = download.image;
    return any && image->size > 0 && image->size <= wxlink_flash_room(flash);
}

bool wxlink_download_begin(wxlink_update *update)
{
    wxlink_state download = {.image = update->image};
    update->kept = 0;
    return wxlink_part_write(update->flash, WXLINK_DOWNLOAD, &download);
}

/* True when the flash holds these bytes. */
static bool holds(const wxlink_flash *flash, uint32_t address, const uint8_t *bytes, uint16_t size)
{
    uint8_t byte;
    for (uint16_t i = 0; i < size; i++) {
        flash->read(flash->user, address + i, &byte, 1);
        if (byte != bytes[i]) {
            return false;
        }
    }
    return true;
}

/* Writes the part of a piece that lies in one page; at the page's begin it is erased, at its end noted. */
static bool write_part(wxlink_update *update, uint32_t offset, uint8_t *bytes, uint16_t size)
{
    const wxlink_flash *flash = update->flash;
    const uint32_t end = offset + size;
    if (offset % flash->page_size == 0 && !flash->erase(flash->user, flash->download + offset)) {
        return false;
    }
    while (size % flash->unit != 0) {
        bytes[size++] = 0xFF; /* a short piece is the last one: it leaves room in the receive buffer */
    }
    if (!flash->write(flash->user, flash->download + offset, bytes, size)) {
        return false;
    }
    return (end % flash->page_size != 0 && end != update->image.size) ||
           wxlink_part_note(flash, WXLINK_DOWNLOAD, (uint16_t)(WXLINK_PAGES_AT + offset / flash->page_size));
}

wxlink_stored wxlink_download_take(wxlink_update *update, uint8_t *bytes, uint16_t size)
{
    const wxlink_flash *flash = update->flash;
    uint32_t offset = (update->next - 1u) * (uint32_t)WXLINK_PIECE_SIZE;
    while (size > 0) {
        const uint32_t left = flash->page_size - offset % flash->page_size;
        const uint16_t part = (uint16_t)(size < left ? size : left);
        if (offset / flash->page_size >= update->kept) {
            if (!write_part(update, offset, bytes, part)) {
                return WXLINK_REFUSED;
            }
        } else if (!holds(flash, flash->download + offset, bytes, part)) {
            return WXLINK_DIFFERS;
        }
        offset += part;
        bytes += part;
        size = (uint16_t)(size - part);
    }
    return WXLINK_STORED;
}

wxlink_checked wxlink_download_check(wxlink_update *update)
{
    const wxlink_flash *flash = update->flash;
    uint8_t block[WXLINK_MD5_BLOCK];
    for (uint16_t i = 0; i < HASHED_AT_ONCE && update->hashed < update->image.size; i = (uint16_t)(i + sizeof block)) {
        const uint32_t rest = update->image.size - update->hashed;
        const uint16_t size = (uint16_t)(rest < sizeof block ? rest : sizeof block);
        flash->read(flash->user, flash->download + update->hashed, block, size);
        wxlink_md5_take(&update->md5, block, size);
        update->hashed += size;
    }
    if (update->hashed < update->image.size) {
        return WXLINK_MORE_TO_CHECK;
    }
    wxlink_md5_end(&update->md5, block);
    if (!wxlink_image_has(&update->image, block)) {
        return wxlink_part_drop(flash, WXLINK_DOWNLOAD) ? WXLINK_WRONG : WXLINK_NOT_NOTED;
    }
    const uint16_t at = (uint16_t)WXLINK_COMPLETE_AT(flash->pages);
    return wxlink_part_note(flash, WXLINK_DOWNLOAD, at) ? WXLINK_RIGHT : WXLINK_NOT_NOTED;
}

#endif
