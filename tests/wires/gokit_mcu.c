/* The C SDK as a GoKit on a clock of its own. A line in: `MS HEX`, the time and bytes from the module. A line out:
 * `ok =HEX RRGGBB...`, the bytes to the module and the colours after each control that named the last of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gokit_product.h"

#define RING 60u /* bytes handed over between two polls: the ring keeps 63 */

static gokit_device device;
static uint32_t clock_ms;
static uint8_t sent[1u << 16];
static size_t sent_size;
static char colours[1u << 16];
static size_t colours_size;

static void on_write(void *user, const uint8_t *bytes, uint16_t size)
{
    (void)user;
    memcpy(sent + sent_size, bytes, size);
    sent_size += size;
}

static uint32_t on_milliseconds(void *user)
{
    (void)user;
    return clock_ms;
}

static void on_control(void *user, uint16_t point)
{
    (void)user;
    if (point == GOKIT_POINT_LED_B) {
        colours_size += (size_t)sprintf(colours + colours_size, " %02X%02X%02X", device.values.LED_R,
                                        device.values.LED_G, device.values.LED_B);
    }
}

static void receive(const char *hex)
{
    size_t count = 0;
    for (; hex[0] != '\0' && hex[1] != '\0' && hex[0] != '\n'; hex += 2) {
        const char digits[3] = {hex[0], hex[1], '\0'};
        const uint8_t byte = (uint8_t)strtoul(digits, NULL, 16);
        wxlink_receive(&device.link, &byte, 1);
        if (++count % RING == 0) {
            wxlink_poll(&device.link);
        }
    }
}

int main(void)
{
    static char line[1u << 17];
    static const wxlink_port port = {.write = on_write, .milliseconds = on_milliseconds, .control = on_control};
    static const wxlink_identity identity = {.hardware_version = "00000001", .software_version = "00000001"};
    if (!gokit_start(&device, &port, &identity, NULL)) {
        return 1;
    }
    while (fgets(line, sizeof line, stdin) != NULL) {
        char *rest;
        clock_ms = (uint32_t)strtoul(line, &rest, 10);
        receive(rest + 1);
        wxlink_poll(&device.link);
        wxlink_report(&device.link);
        printf("ok =");
        for (size_t i = 0; i < sent_size; i++) {
            printf("%02X", sent[i]);
        }
        colours[colours_size] = '\0';
        puts(colours);
        fflush(stdout);
        sent_size = colours_size = 0;
    }
    return 0;
}
