/* A whole small world: a flash, the bootloader, a program that takes updates, and a module that offers one. Power comes,
 * goes when it is told to, and comes again; the world says whether every start found a whole program. */
#ifndef WORLD_H
#define WORLD_H

#include "flash_model.h"

#define IMAGE_MAX 0x10000u
#define LIVES_MAX 400 /* power-ons after which an update ought to be through */

typedef struct {
    uint32_t page_size;
    uint8_t unit;
    uint16_t pages;
    uint32_t old_size;
    uint32_t new_size;
    bool hangs;   /* the new program never says that it works: it must be replaced by the old one */
    bool forgets; /* the module announces anew after each power-on, instead of waiting to be asked */
    uint64_t seed;
} world_plan;

typedef struct {
    bool dead;          /* a start found neither a whole old nor a whole new program, or the end was not reached */
    const char *why;
    uint64_t events;    /* of flash in all */
    uint64_t journal_events;
    uint32_t lives;
    uint32_t cuts;      /* that took place */
} world_result;

/* Lives until the update is through. `cuts` take place one after the other, each counted from the start or from the cut
 * before. */
world_result world_run(const world_plan *plan, const flash_cut *cuts, uint32_t count);

#endif
