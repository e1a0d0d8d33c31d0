/* Flash memory as an update sees it: the maker's port, the areas, and the notes that survive a loss of power.
 *
 *     program    pages + 1 pages; the image runs here, the last page is spare
 *     download   pages pages; the image that comes in, later the one that was replaced
 *     journal    one page "closed", then the notes of the download, then those of the bootloader
 *
 * A note is one write unit of zeros on an erased page. Zeros are what every flash takes twice, also one that keeps check
 * bits: a note that a loss of power left half written, so that it reads now this way and now the other, is written again
 * before anything is built on it. See boot/README.md for what follows from that.
 */
#ifndef WXLINK_FLASH_H
#define WXLINK_FLASH_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WXLINK_FLASH_UNIT_MAX 32u /* bytes: the widest write unit of common MCUs (STM32H7) */
#define WXLINK_FLASH_PAGE_MIN 64u /* bytes: an image's record fits one page */
#define WXLINK_FLASH_PAGES_MAX 10000u /* pages of an image: every note has a 16-bit number */
#define WXLINK_FLASH_TRIALS 3u    /* starts that a new image has to show that it works */
#define WXLINK_IMAGE_MD5 32u      /* characters of an MD5 as the serial link writes it */
#define WXLINK_IMAGE_RECORD 64u   /* bytes in flash: a multiple of every write unit */

/* The maker's flash. False from `erase` and `write` means that the flash refused. `write` gets whole units that were
 * erased before, or zeros; it never crosses a page. Addresses are the maker's: memory may be internal or not. */
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

/* What is known of an image. */
typedef struct {
    uint32_t size;                /* bytes */
    uint16_t pages;               /* that the bootloader exchanges; 0 in the notes of a download */
    char md5[WXLINK_IMAGE_MD5];   /* hex digits as they were announced, no zero at the end */
} wxlink_image;

/* Notes of a download: 0 its record, then one for each page, then that all of it is there and right. */
#define WXLINK_PAGES_AT 1u
#define WXLINK_COMPLETE_AT(pages) (WXLINK_PAGES_AT + (pages))

/* Pages of the journal, for a linker script or a table. */
#define WXLINK_FLASH_PAGES_OF(bytes, page_size) (((bytes) + (page_size) - 1u) / (page_size))
#define WXLINK_DOWNLOAD_NOTES(pages) ((pages) + 2u)
#define WXLINK_BOOT_NOTES(pages) (2u * (3u * (pages) + 2u) + WXLINK_FLASH_TRIALS)
#define WXLINK_JOURNAL_PAGES(page_size, unit, pages)                                                                \
    (1u + WXLINK_FLASH_PAGES_OF(WXLINK_IMAGE_RECORD + (unit) * WXLINK_DOWNLOAD_NOTES(pages), page_size) +           \
     WXLINK_FLASH_PAGES_OF(WXLINK_IMAGE_RECORD + (unit) * WXLINK_BOOT_NOTES(pages), page_size))

/* True when the numbers of the table are possible ones. */
bool wxlink_flash_is_sound(const wxlink_flash *flash);

/* Bytes of the longest image. */
uint32_t wxlink_flash_room(const wxlink_flash *flash);

/* Parts of the journal: an image's record, then notes. `closed` has one note and no record. */
typedef enum { WXLINK_CLOSED, WXLINK_DOWNLOAD, WXLINK_BOOT } wxlink_part;

/* Erases a part. */
bool wxlink_part_erase(const wxlink_flash *flash, wxlink_part part);

/* Writes the record of a part that was just erased, then its note 0: the record is whole. */
bool wxlink_part_describe(const wxlink_flash *flash, wxlink_part part, const wxlink_image *image);

/* Reads the record of a part. False when there is none, or no whole one. */
bool wxlink_part_read(const wxlink_flash *flash, wxlink_part part, wxlink_image *image);

/* Writes a note, or writes it again. */
bool wxlink_part_note(const wxlink_flash *flash, wxlink_part part, uint16_t index);

/* How many of `count` notes from `first` on are there: the highest that is not blank tells, for they come in order. */
uint16_t wxlink_part_noted(const wxlink_flash *flash, wxlink_part part, uint16_t first, uint16_t count);

/* True when the area at `address` begins with the image. Takes as long as hashing it. */
bool wxlink_flash_holds(const wxlink_flash *flash, uint32_t address, const wxlink_image *image);

/* True when a digest is the one of an image. */
bool wxlink_image_has(const wxlink_image *image, const uint8_t *digest);

/* True when `size` bytes at `address` are erased. */
bool wxlink_flash_is_blank(const wxlink_flash *flash, uint32_t address, uint32_t size);

#ifdef __cplusplus
}
#endif

#endif
