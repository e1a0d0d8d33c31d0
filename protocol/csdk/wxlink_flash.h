/* Flash memory as an update sees it: the maker's port and the areas.
 *
 *     program    pages + 1 pages; the image runs here, the last page is spare
 *     download   pages pages; the image that comes in, later the one that was replaced
 *     journal    WXLINK_JOURNAL_PAGES; what survives a loss of power, see wxlink_journal.h
 */
#ifndef WXLINK_FLASH_H
#define WXLINK_FLASH_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WXLINK_FLASH_UNIT_MAX 32u     /* bytes: the widest write unit of common MCUs (STM32H7) */
#define WXLINK_FLASH_PAGE_MIN 64u     /* bytes: half a record of the journal fits one page */
#define WXLINK_FLASH_PAGES_MAX 10000u /* pages of an image: every note has a 16-bit number */

/* The maker's flash. False from `erase` and `write` means that the flash refused. `write` gets whole units, from a pointer
 * that need not be aligned, and never crosses a page; a unit is written once after an erase, and otherwise only with
 * zeros. Addresses are the maker's: memory may be internal or not. */
typedef struct {
    bool (*erase)(void *user, uint32_t page);
    bool (*write)(void *user, uint32_t address, const uint8_t *bytes, uint16_t size);
    void (*read)(void *user, uint32_t address, uint8_t *bytes, uint16_t size);
    void *user;
    uint32_t program;
    uint32_t download;
    uint32_t journal;
    uint32_t page_size; /* bytes that one erase clears; a multiple of unit, WXLINK_FLASH_PAGE_MIN at least */
    uint16_t pages;     /* of the longest image */
    uint8_t unit;       /* bytes that one write takes: 1, 2, 4, 8, 16 or 32 */
} wxlink_flash;

#define WXLINK_FLASH_PAGES_OF(bytes, page_size) (((bytes) + (page_size) - 1u) / (page_size))

/* True when the numbers of the table are possible ones. */
bool wxlink_flash_is_sound(const wxlink_flash *flash);

/* Bytes of the longest image. */
uint32_t wxlink_flash_room(const wxlink_flash *flash);

/* True when `size` bytes at `address` read as erased. */
bool wxlink_flash_is_blank(const wxlink_flash *flash, uint32_t address, uint32_t size);

#ifdef __cplusplus
}
#endif

#endif
