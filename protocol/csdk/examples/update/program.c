/* A board that updates itself, on a POSIX system: the program, run by the bootloader as `program FLASH TTY`. Two versions
 * differ in FIRMWARE_VERSION only. */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>

#include "file_flash.h"
#include "gokit_product.h"
#include "restart.h"
#include "wxlink_posix.h"
#include "wxlink_update.h"

#ifndef FIRMWARE_VERSION
#define FIRMWARE_VERSION "00000001"
#endif

#define WAIT_MS 10 /* longest time without wxlink_poll */

static gokit_device device;
static wxlink_update update;
static wxlink_flash flash;
static int line;
static bool restart;

static void write_line(void *user, const uint8_t *bytes, uint16_t size)
{
    (void)user;
    (void)wxlink_posix_write(line, bytes, size);
}

static uint32_t milliseconds(void *user)
{
    (void)user;
    return wxlink_posix_milliseconds();
}

static void on_restart(void *user)
{
    (void)user;
    restart = true;
}

static void on_ended(void *user, wxlink_update_end end)
{
    (void)user;
    fprintf(stderr, "program %s: update ended with %d\n", FIRMWARE_VERSION, end);
}

int main(int count, char **words)
{
    static const wxlink_port port = {.write = write_line, .milliseconds = milliseconds, .restart = on_restart};
    static const wxlink_identity identity = {.hardware_version = "03010100", .software_version = FIRMWARE_VERSION};
    uint8_t bytes[WXLINK_RING_SIZE - 1];
    if (count != 3 || !file_flash_open(&flash, words[1]) || (line = wxlink_posix_open(words[2])) < 0 ||
        !gokit_start(&device, &port, &identity, NULL) ||
        !wxlink_update_start(&update, &device.link, &flash, on_ended)) {
        perror("program");
        return EXIT_FAILURE;
    }
    while (!restart) {
        const int got = wxlink_posix_read(line, bytes, sizeof bytes, WAIT_MS);
        if (got < 0) {
            return EXIT_FAILURE;
        }
        wxlink_receive(&device.link, bytes, (uint16_t)got);
        wxlink_poll(&device.link);
        wxlink_report(&device.link);
        if (device.link.up && !wxlink_update_confirm(&flash)) { /* the module is heard: this program works */
            return EXIT_FAILURE;
        }
    }
    return RESTART_STATUS;
}
