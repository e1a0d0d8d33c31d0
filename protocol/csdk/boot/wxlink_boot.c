#include "wxlink_boot.h"

#include <stddef.h>

#define CHUNK 64u /* bytes copied at a time; lives on the stack */

#define INSTALL_AT 0u

/* Notes of the bootloader: two exchanges, each with a note that it began and one for every step, and the trials. */
static uint16_t steps_max(const wxlink_flash *flash)
{
    return (uint16_t)(3u * flash->pages + 1u);
}

static uint16_t revert_at(const wxlink_flash *flash)
{
    return (uint16_t)(1u + steps_max(flash));
}

static uint16_t trials_at(const wxlink_flash *flash)
{
    return (uint16_t)(2u * revert_at(flash));
}

static bool copy_page(const wxlink_flash *flash, uint32_t to, uint32_t from)
{
    uint8_t chunk[CHUNK];
    if (!flash->erase(flash->user, to)) {
        return false;
    }
    for (uint32_t done = 0; done < flash->page_size; done += CHUNK) {
        const uint32_t rest = flash->page_size - done;
        const uint16_t size = (uint16_t)(rest < CHUNK ? rest : CHUNK);
        flash->read(flash->user, from + done, chunk, size);
        if (!flash->write(flash->user, to + done, chunk, size)) {
            return false;
        }
    }
    return true;
}

/* One step of an exchange. The program moves up by one page, last page first; then page by page the download takes the
 * place below and what stood there, now one page up, goes to the download; at the end the spare page is cleared. No step
 * destroys what it reads, so it may be done again. */
static bool do_step(const wxlink_flash *flash, uint16_t pages, uint16_t step)
{
    const uint32_t size = flash->page_size;
    if (step < pages) {
        const uint32_t from = flash->program + (pages - 1u - step) * size;
        return copy_page(flash, from + size, from);
    }
    const uint32_t offset = (uint16_t)(step - pages) / 2u * size;
    if (step == 3u * pages) {
        return flash->erase(flash->user, flash->program + offset);
    }
    if ((step - pages) % 2u == 0) {
        return copy_page(flash, flash->program + offset, flash->download + offset);
    }
    return copy_page(flash, flash->download + offset, flash->program + offset + size);
}

/* Does, or finishes, the exchange whose notes begin at `at`. */
static bool exchange(const wxlink_flash *flash, uint16_t pages, uint16_t at)
{
    const uint16_t steps = (uint16_t)(3u * pages + 1u);
    uint16_t done = wxlink_part_noted(flash, WXLINK_BOOT, (uint16_t)(at + 1u), steps);
    if (done == 0 && !wxlink_part_erase(flash, WXLINK_CLOSED)) {
        return false;
    }
    if (!wxlink_part_note(flash, WXLINK_BOOT, (uint16_t)(at + done))) {
        return false;
    }
    for (; done < steps; done++) {
        if (!do_step(flash, pages, done) || !wxlink_part_note(flash, WXLINK_BOOT, (uint16_t)(at + 1u + done))) {
            return false;
        }
    }
    return true;
}

static bool is_noted(const wxlink_flash *flash, wxlink_part part, uint16_t index)
{
    return wxlink_part_noted(flash, part, index, 1) > 0;
}

/* True when a download is complete and its content is what was announced. */
static bool is_ready(const wxlink_flash *flash, wxlink_image *image)
{
    return is_noted(flash, WXLINK_DOWNLOAD, WXLINK_COMPLETE_AT(flash->pages)) && wxlink_part_read(flash, WXLINK_DOWNLOAD, image) &&
           wxlink_flash_holds(flash, flash->download, image);
}

/* Pages to exchange: those of the new image, and all of the program. */
static uint16_t pages_to_exchange(const wxlink_flash *flash, const wxlink_image *image)
{
    const uint32_t size = flash->page_size;
    const uint16_t least = (uint16_t)WXLINK_FLASH_PAGES_OF(image->size, size);
    uint16_t pages = flash->pages;
    while (pages > least && wxlink_flash_is_blank(flash, flash->program + (pages - 1u) * size, size)) {
        pages--;
    }
    return pages;
}

/* Writes the notes of a new exchange. While "closed" is noted they may be anything. */
static bool open(const wxlink_flash *flash, wxlink_image *image)
{
    image->pages = pages_to_exchange(flash, image);
    return wxlink_part_note(flash, WXLINK_CLOSED, 0) && wxlink_part_erase(flash, WXLINK_BOOT) &&
           wxlink_part_erase(flash, WXLINK_CLOSED) && wxlink_part_describe(flash, WXLINK_BOOT, image);
}

/* Gives the new image one more start, unless it is damaged or had all of them. */
static bool try_once(const wxlink_flash *flash, const wxlink_image *image, bool *failed)
{
    const uint16_t trials = wxlink_part_noted(flash, WXLINK_BOOT, trials_at(flash), WXLINK_FLASH_TRIALS);
    *failed = trials == WXLINK_FLASH_TRIALS || !wxlink_flash_holds(flash, flash->program, image);
    if (*failed) {
        return true;
    }
    return (trials > 0 || wxlink_part_erase(flash, WXLINK_DOWNLOAD)) &&
           wxlink_part_note(flash, WXLINK_BOOT, (uint16_t)(trials_at(flash) + trials));
}

bool wxlink_boot(const wxlink_flash *flash)
{
    wxlink_image image;
    bool failed = false;
    if (is_noted(flash, WXLINK_CLOSED, 0) || !is_noted(flash, WXLINK_BOOT, INSTALL_AT)) {
        if (!is_ready(flash, &image)) {
            return true;
        }
        if (!open(flash, &image)) {
            return false;
        }
    } else {
        (void)wxlink_part_read(flash, WXLINK_BOOT, &image);
    }
    if (!is_noted(flash, WXLINK_BOOT, revert_at(flash))) {
        if (!exchange(flash, image.pages, INSTALL_AT) || !try_once(flash, &image, &failed)) {
            return false;
        }
        if (!failed) {
            return true;
        }
    }
    return exchange(flash, image.pages, revert_at(flash)) && wxlink_part_note(flash, WXLINK_CLOSED, 0);
}
