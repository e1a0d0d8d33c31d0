#include "flash_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wxlink_journal.h"

static void forbid(bool wrong, const char *what, uint32_t address)
{
    if (wrong) {
        printf("FORBIDDEN: %s at %05X\n", what, (unsigned)address);
        exit(1);
    }
}

/* SplitMix64: every seed is a good one. */
static uint64_t random_bits(flash_model *flash)
{
    flash->random += 0x9E3779B97F4A7C15u;
    uint64_t bits = flash->random;
    bits = (bits ^ bits >> 30) * 0xBF58476D1CE4E5B9u;
    bits = (bits ^ bits >> 27) * 0x94D049BB133111EBu;
    return bits ^ bits >> 31;
}

uint32_t flash_draw(flash_model *flash, uint32_t below)
{
    return (uint32_t)(random_bits(flash) % below);
}

static bool power_goes(flash_model *flash, uint32_t address)
{
    const bool journal = address >= flash->table.journal;
    flash->events++;
    flash->journal_events += journal;
    if (flash->cut.after == NEVER || (flash->cut.journal && !journal)) {
        return false;
    }
    return flash->cut.after-- == 0;
}

/* Moves the bits of `changing` towards `to`: none, some or nearly all arrive, and a few or many are weak. */
static void tear(flash_model *flash, uint32_t address, uint8_t changing, uint8_t to)
{
    const uint64_t bits = random_bits(flash);
    const uint8_t few = (uint8_t)(bits >> 8 & bits >> 16 & bits >> 24);
    const uint8_t reached[] = {0x00, 0x00, (uint8_t)bits, 0xFF};
    const uint8_t weak[] = {few, (uint8_t)bits, (uint8_t)(bits >> 8), few};
    const uint8_t kind = (uint8_t)(bits >> 32 & 3);
    const uint8_t arrived = changing & reached[kind];
    flash->value[address] = (uint8_t)((flash->value[address] & ~arrived) | (to & arrived));
    flash->weak[address] = (uint8_t)((flash->weak[address] & ~arrived) | (changing & weak[kind]));
}

static bool erase(void *user, uint32_t page)
{
    flash_model *flash = user;
    const uint32_t size = flash->table.page_size;
    forbid(page % size != 0 || page + size > flash->size, "erase of no page", page);
    const bool goes = power_goes(flash, page);
    flash->erased++;
    if (goes && !flash->cut.torn) {
        longjmp(*flash->power_off, 1);
    }
    const bool anything = flash_draw(flash, 2) == 0;
    for (uint32_t at = page; at < page + size; at++) {
        if (!goes) {
            flash->value[at] = 0xFF;
            flash->weak[at] = 0;
            flash->written[at] = false;
        } else if (anything) {
            tear(flash, at, 0xFF, (uint8_t)random_bits(flash));
        } else {
            tear(flash, at, 0xFF, 0xFF);
        }
    }
    if (goes) {
        longjmp(*flash->power_off, 1);
    }
    return true;
}

static bool is_zeros(const uint8_t *bytes, uint16_t size)
{
    for (uint16_t i = 0; i < size; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

static bool write(void *user, uint32_t address, const uint8_t *bytes, uint16_t size)
{
    flash_model *flash = user;
    const uint8_t unit = flash->table.unit;
    const uint32_t page = flash->table.page_size;
    forbid(size == 0 || address % unit != 0 || size % unit != 0, "write of no whole unit", address);
    forbid(address / page != (address + size - 1) / page || address + size > flash->size, "write across pages", address);
    for (uint16_t i = 0; i < size; i++) {
        const uint32_t at = address + i;
        if (i % unit == 0) {
            forbid(flash->written[at] && !is_zeros(bytes + i, unit), "second write of a unit", at);
            flash->written[at] = true;
        }
        const bool goes = power_goes(flash, at);
        if (goes) {
            if (flash->cut.torn) {
                tear(flash, at, (uint8_t)(~bytes[i] & (flash->value[at] | flash->weak[at])), 0x00);
            }
            longjmp(*flash->power_off, 1);
        }
        flash->value[at] &= bytes[i];
        flash->weak[at] &= bytes[i];
    }
    return true;
}

static void read(void *user, uint32_t address, uint8_t *bytes, uint16_t size)
{
    flash_model *flash = user;
    forbid(address + size > flash->size, "read of no memory", address);
    for (uint16_t i = 0; i < size; i++) {
        const uint8_t weak = flash->weak[address + i];
        bytes[i] = (uint8_t)(flash->value[address + i] ^ (weak != 0 ? weak & random_bits(flash) : 0));
    }
}

void flash_start(flash_model *flash, uint32_t page_size, uint8_t unit, uint16_t pages, uint64_t seed)
{
    const uint32_t program = page_size; /* the bootloader's own */
    const uint32_t download = program + (pages + 1u) * page_size;
    const uint32_t journal = download + pages * page_size;
    flash->size = journal + WXLINK_JOURNAL_PAGES(page_size, unit, pages) * page_size;
    forbid(flash->size > FLASH_BYTES, "journal", journal);
    memset(flash->value, 0xFF, flash->size);
    memset(flash->weak, 0, flash->size);
    memset(flash->written, 0, flash->size);
    flash->table = (wxlink_flash){.erase = erase, .write = write, .read = read, .user = flash, .program = program,
                                  .download = download, .journal = journal,
                                  .page_size = page_size, .pages = pages, .unit = unit};
    flash->random = seed;
    flash->events = 0;
    flash->journal_events = 0;
    flash->erased = 0;
    flash->cut = (flash_cut){.after = NEVER};
    flash->power_off = NULL;
}
