/* The bootloader for an ATmega328P: 4 KB at 0x7000 (fuses BOOTSZ 00, BOOTRST 0). Everything below is program, download and
 * journal. Compiled as boot/README.md says: with link-time optimisation the table below
 * becomes constants in the code, so there is nothing for start files to copy to RAM.
 */
#include <avr/boot.h>
#include <avr/io.h>
#include <avr/pgmspace.h>

#include "wxlink_boot.h"
#include "wxlink_journal.h"

#define PAGES 102u /* of the longest image: 13 056 bytes */
#define DOWNLOAD ((PAGES + 1u) * (uint32_t)SPM_PAGESIZE)
#define JOURNAL ((2u * PAGES + 1u) * (uint32_t)SPM_PAGESIZE)
#define BOOTLOADER 0x7000ul

typedef char areas_fit_below_the_bootloader[JOURNAL + WXLINK_JOURNAL_PAGES(SPM_PAGESIZE, 2u, PAGES) * SPM_PAGESIZE <=
                                                    BOOTLOADER
                                                ? 1
                                                : -1];

int main(void) __attribute__((OS_main, used));
bool flash_erase(void *user, uint32_t page) __attribute__((used));
bool flash_write(void *user, uint32_t address, const uint8_t *bytes, uint16_t size) __attribute__((used));
void reset(void) __attribute__((naked, used, section(".vectors")));

/* Stands first in the section: the MCU starts here. The program calls the two others, at 0x7004 and 0x7006 with interrupts
 * off, for its table of the flash: only code in the boot section may write. */
void reset(void)
{
    __asm__ volatile("clr __zero_reg__\n\trjmp main\n\trjmp flash_erase\n\trjmp flash_write");
}

static void finish(void)
{
    boot_spm_busy_wait();
    boot_rww_enable();
}

bool flash_erase(void *user, uint32_t page)
{
    (void)user;
    boot_page_erase(page);
    finish();
    return true;
}

/* Words that are not filled stay FF, and a write of FF changes nothing. */
bool flash_write(void *user, uint32_t address, const uint8_t *bytes, uint16_t size)
{
    (void)user;
    for (uint16_t i = 0; i < size; i += 2) {
        boot_page_fill(address + i, (uint16_t)(bytes[i] | (uint16_t)bytes[i + 1] << 8));
    }
    boot_page_write(address);
    finish();
    return true;
}

static void read_bytes(void *user, uint32_t address, uint8_t *bytes, uint16_t size)
{
    (void)user;
    memcpy_P(bytes, (const void *)(uint16_t)address, size);
}

int main(void)
{
    static const wxlink_flash flash = {.erase = flash_erase,
                                       .write = flash_write,
                                       .read = read_bytes,
                                       .download = DOWNLOAD,
                                       .journal = JOURNAL,
                                       .page_size = SPM_PAGESIZE,
                                       .pages = PAGES,
                                       .unit = 2};
    while (!wxlink_boot(&flash)) {
    }
    __asm__ volatile("jmp 0");
    __builtin_unreachable();
}
