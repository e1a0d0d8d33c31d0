#include "wxlink_boot.h"

#include <stddef.h>

#include "wxlink_journal.h"
#include "wxlink_md5.h"

#define CHUNK 64u /* bytes copied or hashed at a time; lives on the stack */

/* True when the area at `address` begins with the image. */
static bool holds(const wxlink_flash *flash, uint32_t address, const wxlink_image *image)
{
    uint8_t chunk[CHUNK];
    wxlink_md5 md5;
    wxlink_md5_start(&md5);
    for (uint32_t left = image->size; left > 0;) {
        const uint8_t size = (uint8_t)(left < CHUNK ? left : CHUNK);
        flash->read(flash->user, address, chunk, size);
        wxlink_md5_take(&md5, chunk, size);
        address += size;
        left -= size;
    }
    wxlink_md5_end(&md5, chunk);
    return wxlink_image_has(image, chunk);
}

static bool copy_page(const wxlink_flash *flash, uint32_t to, uint32_t from)
{
    uint8_t chunk[CHUNK];
    if (!flash->erase(flash->user, to)) {
        return false;
    }
    for (uint32_t left = flash->page_size; left > 0;) {
        const uint8_t size = (uint8_t)(left < CHUNK ? left : CHUNK);
        flash->read(flash->user, from, chunk, size);
        if (!flash->write(flash->user, to, chunk, size)) {
            return false;
        }
        from += size;
        to += size;
        left -= size;
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
    step = (uint16_t)(step - pages);
    const uint32_t program = flash->program + step / 2u * size;
    const uint32_t download = flash->download + step / 2u * size;
    if (step == 2u * pages) {
        return flash->erase(flash->user, program);
    }
    return step % 2u == 0 ? copy_page(flash, program, download) : copy_page(flash, download, program + size);
}

/* Begins an exchange, or goes on with the one that was cut. */
static bool exchange(const wxlink_flash *flash, wxlink_state *state)
{
    if (!wxlink_state_write(flash, state)) {
        return false;
    }
    while (state->done < WXLINK_STEPS(state->pages)) {
        if (!do_step(flash, state->pages, state->done) || !wxlink_state_step(flash, state)) {
            return false;
        }
    }
    return true;
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

/* True when a download is complete and its content is what was announced. */
static bool is_ready(const wxlink_flash *flash, wxlink_image *image)
{
    wxlink_state download;
    if (wxlink_part_noted(flash, WXLINK_DOWNLOAD, (uint16_t)WXLINK_COMPLETE_AT(flash->pages), 1) == 0 ||
        !wxlink_part_read(flash, WXLINK_DOWNLOAD, &download) || !holds(flash, flash->download, &download.image)) {
        return false;
    }
    *image = download.image;
    return true;
}

/* Moves to a phase of which nothing is done yet. */
static void enter(wxlink_state *state, wxlink_phase phase)
{
    state->phase = (uint8_t)phase;
    state->done = 0;
}

/* Brings the program before back. */
static bool revert(const wxlink_flash *flash, wxlink_state *state)
{
    if (!exchange(flash, state)) {
        return false;
    }
    enter(state, WXLINK_IDLE);
    return wxlink_state_write(flash, state);
}

/* Gives the new program one more start, or, when it is damaged or had all of them, the one before. */
static bool try_program(const wxlink_flash *flash, wxlink_state *state)
{
    if (state->done < WXLINK_BOOT_TRIALS && holds(flash, flash->program, &state->image)) {
        state->done++;
        return wxlink_state_write(flash, state);
    }
    enter(state, WXLINK_REVERT);
    return revert(flash, state);
}

static bool install(const wxlink_flash *flash, wxlink_state *state)
{
    if (!exchange(flash, state) || !wxlink_part_drop(flash, WXLINK_DOWNLOAD)) {
        return false;
    }
    enter(state, WXLINK_TRIAL);
    return try_program(flash, state);
}

bool wxlink_boot(const wxlink_flash *flash)
{
    wxlink_state state;
    wxlink_state_read(flash, &state);
    switch (state.phase) {
    case WXLINK_INSTALL:
        return install(flash, &state);
    case WXLINK_TRIAL:
        return try_program(flash, &state);
    case WXLINK_REVERT:
        return revert(flash, &state);
    default:
        if (!is_ready(flash, &state.image)) {
            return true;
        }
        enter(&state, WXLINK_INSTALL);
        state.pages = pages_to_exchange(flash, &state.image);
        return install(flash, &state);
    }
}
