/* An MCU board with a flash, a bootloader and a clock of its own. What it reports as its software version stands in the
 * first 8 bytes of the program that the bootloader finds. Arguments: bytes of a page, bytes of a write, pages.
 *
 * Lines in: `at MS`, `image HEX` (burns a program), `on` (power comes), `off AFTER TORN` (power goes at an event of the
 * flash from now), `rx HEX`, `poll`, `confirm`, `flash`. Lines out: `tx HEX`, `program VERSION`, `restart`, `ended N`,
 * `dark` (power went), `erased N written N`; then a dot for each line in.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flash_model.h"
#include "gokit_product.h"
#include "wxlink_boot.h"
#include "wxlink_update.h"

#define VERSION_SIZE 8

static flash_model flash;
static gokit_device device;
static wxlink_update update;
static char version[VERSION_SIZE + 1];
static uint32_t clock_ms;
static bool on;

static void on_write(void *user, const uint8_t *bytes, uint16_t size)
{
    (void)user;
    printf("tx ");
    for (uint16_t i = 0; i < size; i++) {
        printf("%02X", bytes[i]);
    }
    putchar('\n');
}

static uint32_t milliseconds(void *user)
{
    (void)user;
    return clock_ms;
}

static void on_restart(void *user)
{
    (void)user;
    puts("restart");
}

static void on_ended(void *user, wxlink_update_end end)
{
    (void)user;
    printf("ended %d\n", end);
}

static void power_on(void)
{
    static const wxlink_port port = {.write = on_write, .milliseconds = milliseconds, .restart = on_restart};
    static const wxlink_identity identity = {.hardware_version = "03010100", .software_version = version};
    on = wxlink_boot(&flash.table);
    flash.table.read(&flash, flash.table.program, (uint8_t *)version, VERSION_SIZE);
    printf("program %s\n", version);
    if (!on || !gokit_start(&device, &port, &identity, NULL) ||
        !wxlink_update_start(&update, &device.link, &flash.table, on_ended)) {
        puts("dead");
    }
}

static uint8_t hex_byte(const char *hex)
{
    const char digits[3] = {hex[0], hex[1], '\0'};
    return (uint8_t)strtoul(digits, NULL, 16);
}

static void receive(const char *hex)
{
    for (; hex[0] >= '0' && hex[1] >= '0'; hex += 2) {
        const uint8_t byte = hex_byte(hex);
        wxlink_receive(&device.link, &byte, 1);
        wxlink_poll(&device.link);
    }
}

static void burn(const char *hex)
{
    for (uint32_t at = flash.table.program; hex[0] >= '0' && hex[1] >= '0'; hex += 2) {
        flash.value[at++] = hex_byte(hex);
    }
}

static void obey(const char *line)
{
    char *rest;
    if (strncmp(line, "at ", 3) == 0) {
        clock_ms = (uint32_t)strtoul(line + 3, NULL, 10);
    } else if (strncmp(line, "image ", 6) == 0) {
        burn(line + 6);
    } else if (strncmp(line, "on", 2) == 0) {
        power_on();
    } else if (strncmp(line, "off ", 4) == 0) {
        flash.cut.after = strtoul(line + 4, &rest, 10);
        flash.cut.torn = strtoul(rest, NULL, 10) != 0;
    } else if (strncmp(line, "flash", 5) == 0) {
        printf("erased %u written %u\n", (unsigned)flash.erased, (unsigned)(flash.events - flash.erased));
    } else if (on && strncmp(line, "rx ", 3) == 0) {
        receive(line + 3);
    } else if (on && strncmp(line, "poll", 4) == 0) {
        wxlink_poll(&device.link);
    } else if (on && strncmp(line, "confirm", 7) == 0) {
        (void)wxlink_update_confirm(&flash.table);
    }
}

int main(int count, char **words)
{
    static char line[300000];
    static jmp_buf power_off;
    if (count != 4) {
        return 2;
    }
    flash_start(&flash, (uint32_t)atoi(words[1]), (uint8_t)atoi(words[2]), (uint16_t)atoi(words[3]), 1);
    flash.power_off = &power_off;
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (setjmp(power_off) == 0) {
            obey(line);
        } else {
            on = false;
            flash.cut.after = NEVER;
            puts("dark");
        }
        puts(".");
        fflush(stdout);
    }
    return 0;
}
