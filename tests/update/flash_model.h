/* Flash memory of an MCU as physics has it, with a power switch.
 *
 * An erase sets every bit of a page, a write clears bits only, a unit may be written once after an erase and again with
 * zeros. Power may go at every byte that is written and at every erase: before it, or in the middle of it. What was in
 * the middle is left with some bits done, some not, and some weak: those read differently every time until they are
 * erased or written anew. A bit that was clear before a write stays clear. A page whose erase was cut may hold anything at all.
 */
#ifndef FLASH_MODEL_H
#define FLASH_MODEL_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>

#include "wxlink_flash.h"

#define FLASH_BYTES 0x40000u
#define NEVER UINT64_MAX

/* When power goes: after so many events, bytes written and pages erased; in the middle of the next one or before it. */
typedef struct {
    uint64_t after; /* or NEVER */
    bool torn;
    bool journal;   /* only events in the journal count */
} flash_cut;

typedef struct {
    uint8_t value[FLASH_BYTES];
    uint8_t weak[FLASH_BYTES];
    bool written[FLASH_BYTES]; /* of a unit's first byte: since the last erase */
    uint32_t size;             /* bytes there are */
    wxlink_flash table;
    uint64_t random;
    uint64_t events;    /* bytes written and pages erased, ever */
    uint64_t journal_events;
    uint64_t erased;    /* pages */
    flash_cut cut;      /* `after` counts down */
    jmp_buf *power_off;
} flash_model;

/* A blank flash of this geometry; the areas lie one behind the other. */
void flash_start(flash_model *flash, uint32_t page_size, uint8_t unit, uint16_t pages, uint64_t seed);

/* A number below `below`. */
uint32_t flash_draw(flash_model *flash, uint32_t below);

#endif
