/* What of an update survives a loss of power: records, and notes that count on from them.
 *
 * The journal has three parts: one of the download, and two copies of what the bootloader does, of which the newer whole
 * one counts. A part is a record, the same bytes inverted, and notes. A note is one write unit of zeros; note 0 says that
 * the record is whole.
 *
 * What was being written when the power went may read one way now and another way later. A copy is therefore never
 * changed but by notes, and what a start reads of them goes into the other copy, with a higher number, before anything
 * is built on it; and before the other copy is erased, the note that makes this one whole is written again. Zeros are
 * what every flash takes twice, also one that keeps check bits. An erase that is cut raises bits: no record survives it
 * together with its inverse.
 */
#ifndef WXLINK_JOURNAL_H
#define WXLINK_JOURNAL_H

#include "wxlink_flash.h"

#ifdef __cplusplus
extern "C" {
#endif

#define WXLINK_IMAGE_MD5 32u       /* characters of an MD5 as the serial link writes it */
#define WXLINK_JOURNAL_RECORD 64u  /* bytes: a multiple of every write unit; as many again are its inverse */

/* Notes of the download: its record, one for each page, then that all of it is there and right. */
#define WXLINK_PAGES_AT 1u
#define WXLINK_COMPLETE_AT(pages) (WXLINK_PAGES_AT + (pages))

/* Steps of an exchange of two images (boot/wxlink_boot.c), each with a note behind that of the record. */
#define WXLINK_STEPS(pages) (3u * (pages) + 1u)

/* Pages of a part and of the journal, for a linker script or a table. */
#define WXLINK_PART_PAGES(page_size, unit, pages) \
    WXLINK_FLASH_PAGES_OF(2u * WXLINK_JOURNAL_RECORD + (unit) * (WXLINK_STEPS((uint32_t)(pages)) + 1u), page_size)
#define WXLINK_JOURNAL_PAGES(page_size, unit, pages) (3u * WXLINK_PART_PAGES(page_size, unit, pages))

/* The parts, in their order. */
enum { WXLINK_DOWNLOAD, WXLINK_COPY_A, WXLINK_COPY_B };

/* An image: bytes, and the hex digits of its MD5 as they were announced, without a zero at the end. */
typedef struct {
    uint32_t size;
    char md5[WXLINK_IMAGE_MD5];
} wxlink_image;

typedef enum {
    WXLINK_IDLE,    /* the program is the one to run */
    WXLINK_INSTALL, /* the download takes the program's place */
    WXLINK_TRIAL,   /* the new program has to show that it works */
    WXLINK_REVERT   /* the program before comes back */
} wxlink_phase;

/* What the bootloader does. */
typedef struct {
    wxlink_image image;
    uint32_t number;  /* of the record: the higher one is the newer */
    uint16_t pages;   /* that are exchanged */
    uint16_t done;    /* steps of the exchange, or starts of a trial */
    uint16_t noted;   /* of them by notes behind the record */
    uint8_t phase;    /* wxlink_phase */
    uint8_t copy;     /* part it was read from or written to */
} wxlink_state;

/* Begins a part: erases it, writes its record. */
bool wxlink_part_write(const wxlink_flash *flash, uint8_t part, const wxlink_state *state);

/* Makes a part's record unreadable. */
bool wxlink_part_drop(const wxlink_flash *flash, uint8_t part);

/* Reads the record of a part. False when there is no whole one. */
bool wxlink_part_read(const wxlink_flash *flash, uint8_t part, wxlink_state *state);

/* Writes a note, or writes it again. */
bool wxlink_part_note(const wxlink_flash *flash, uint8_t part, uint16_t index);

/* How many of `count` notes from `first` on are there: the highest that is not blank tells, for they come in order. */
uint16_t wxlink_part_noted(const wxlink_flash *flash, uint8_t part, uint16_t first, uint16_t count);

/* Reads the newer whole copy; WXLINK_IDLE when there is none. */
void wxlink_state_read(const wxlink_flash *flash, wxlink_state *state);

/* Writes again what makes the copy whole that a state was read from: no later start will see another. */
bool wxlink_state_settle(const wxlink_flash *flash, const wxlink_state *state);

/* Writes a state that was read, and maybe changed, to the other copy. */
bool wxlink_state_write(const wxlink_flash *flash, wxlink_state *state);

/* Notes one more step as done. */
bool wxlink_state_step(const wxlink_flash *flash, wxlink_state *state);

/* True when a digest is the one of an image. */
bool wxlink_image_has(const wxlink_image *image, const uint8_t *digest);

#ifdef __cplusplus
}
#endif

#endif
