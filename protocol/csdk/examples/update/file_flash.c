#define _POSIX_C_SOURCE 200809L

#include "file_flash.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "wxlink_journal.h"

#define UNIT 8u
#define PAGES (1u + 2u * FLASH_PAGES + WXLINK_JOURNAL_PAGES(FLASH_PAGE, UNIT, FLASH_PAGES))

static int file = -1;

static bool erase(void *user, uint32_t page)
{
    uint8_t blank[FLASH_PAGE];
    (void)user;
    memset(blank, 0xFF, sizeof blank);
    return pwrite(file, blank, sizeof blank, (off_t)page) == (ssize_t)sizeof blank;
}

/* Clears bits only, as a flash does. */
static bool write_bytes(void *user, uint32_t address, const uint8_t *bytes, uint16_t size)
{
    (void)user;
    for (uint16_t i = 0; i < size; i++) {
        uint8_t byte;
        if (pread(file, &byte, 1, (off_t)(address + i)) != 1) {
            return false;
        }
        byte &= bytes[i];
        if (pwrite(file, &byte, 1, (off_t)(address + i)) != 1) {
            return false;
        }
    }
    return true;
}

static void read_bytes(void *user, uint32_t address, uint8_t *bytes, uint16_t size)
{
    (void)user;
    if (pread(file, bytes, size, (off_t)address) != size) {
        memset(bytes, 0, size);
    }
}

bool file_flash_open(wxlink_flash *flash, const char *path)
{
    *flash = (wxlink_flash){
        .erase = erase,
        .write = write_bytes,
        .read = read_bytes,
        .program = 0,
        .download = (FLASH_PAGES + 1u) * FLASH_PAGE,
        .journal = (2u * FLASH_PAGES + 1u) * FLASH_PAGE,
        .page_size = FLASH_PAGE,
        .pages = FLASH_PAGES,
        .unit = UNIT,
    };
    file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) {
        return false;
    }
    for (off_t size = lseek(file, 0, SEEK_END); size < (off_t)(PAGES * FLASH_PAGE); size += (off_t)FLASH_PAGE) {
        if (!erase(NULL, (uint32_t)size)) {
            return false;
        }
    }
    return true;
}
