/* An ATmega328P in simavr that starts in its bootloader: `simavr_boot ELF FLASH CYCLES [program]`. FLASH is a file with what stands
 * below the bootloader; it is written back when the bootloader jumps to the program (status 0) or when power goes after
 * so many cycles (status 3). With the word `program` it starts in the program, until that sleeps for ever (status 0). */
#include <simavr/sim_avr.h>
#include <simavr/sim_elf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BOOTLOADER 0x7000u
#define POWER_WENT 3
#define CRASHED 4
#define PAGE 128u
#define SPMCSR 0x57 /* and what it says: */
#define FILL 1
#define WRITE 5

static uint8_t memory[BOOTLOADER];

static int transfer(const char *path, const char *mode)
{
    FILE *file = fopen(path, mode);
    if (file == NULL) {
        return 0;
    }
    const size_t done = mode[0] == 'r' ? fread(memory, 1, sizeof memory, file) : fwrite(memory, 1, sizeof memory, file);
    return fclose(file) == 0 && done == sizeof memory;
}

/* One instruction. simavr writes a page as a whole, with 00FF in words that were not filled; in an ATmega328P those stay as
 * they are, and the others lose bits only. */
static int step(avr_t *avr)
{
    static uint8_t filled[PAGE];
    uint8_t before[PAGE];
    const int is_spm = avr->flash[avr->pc] == 0xE8 && avr->flash[avr->pc + 1] == 0x95;
    const uint8_t what = is_spm ? avr->data[SPMCSR] & 0x17 : 0; /* with the bit that ends an access, too */
    const uint16_t z = (uint16_t)(avr->data[30] | avr->data[31] << 8);
    uint8_t *page = avr->flash + (z & ~(PAGE - 1u));
    memcpy(before, page, PAGE);
    const int state = avr_run(avr);
    if (what == FILL) {
        filled[z % PAGE] = filled[z % PAGE + 1] = 0xFF;
    } else if (what == WRITE) {
        for (unsigned i = 0; i < PAGE; i++) {
            page[i] = filled[i] ? page[i] & before[i] : before[i];
        }
        memset(filled, 0, PAGE);
    }
    return state;
}

static int run(avr_t *avr, uint64_t cycles)
{
    const int in_program = avr->pc < BOOTLOADER;
    while (in_program || avr->pc >= BOOTLOADER) {
        const int state = step(avr);
        if (state == cpu_Done || state == cpu_Crashed) {
            return in_program && state == cpu_Done ? EXIT_SUCCESS : CRASHED;
        }
        if (avr->cycle >= cycles) {
            return POWER_WENT;
        }
    }
    return EXIT_SUCCESS;
}

int main(int count, char **words)
{
    elf_firmware_t firmware = {0};
    avr_t *avr = avr_make_mcu_by_name("atmega328p");
    if (count < 4 || avr == NULL || elf_read_firmware(words[1], &firmware) != 0 || !transfer(words[2], "rb")) {
        return 2;
    }
    avr_init(avr);
    firmware.frequency = 16000000;
    firmware.flashbase = BOOTLOADER; /* the reader of ELF files leaves it 0 */
    avr_load_firmware(avr, &firmware);
    for (uint32_t i = 0; i < BOOTLOADER; i++) {
        avr->flash[i] = memory[i];
    }
    avr->pc = count > 4 ? 0 : BOOTLOADER;
    const int status = run(avr, strtoull(words[3], NULL, 10));
    for (uint32_t i = 0; i < BOOTLOADER; i++) {
        memory[i] = avr->flash[i];
    }
    return transfer(words[2], "wb") ? status : 2;
}
