/* A link with a clock of its own. Lines in: `at MS`, `rx HEX`, `set ID HEX`, `poll`, `report`. Lines out: what the SDK
 * did, then a dot for each line in. Compiled for one product: -DPREFIX=gokit -DHEADER='"gokit_product.h"'. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include HEADER

#define PASTE(a, b) a##b
#define JOIN(a, b) PASTE(a, b)
#define NAME(word) JOIN(PREFIX, word)

static NAME(_device) device;
static uint32_t clock_ms;

static void show(const char *what, const uint8_t *bytes, size_t size)
{
    printf("%s", what);
    for (size_t i = 0; i < size; i++) {
        printf("%02X", bytes[i]);
    }
    putchar('\n');
}

/* Puts the pieces that `write` gets back together. */
static uint8_t sent[70000];
static size_t sent_size;

static void flush_sent(void)
{
    if (sent_size > 0) {
        show("tx ", sent, sent_size);
    }
    sent_size = 0;
}

static void on_write(void *user, const uint8_t *bytes, uint16_t size)
{
    (void)user;
    if (size >= 2 && bytes[0] == 0xFF && bytes[1] == 0xFF) {
        flush_sent();
    }
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
    flush_sent();
    printf("control %u\n", point);
}

static void on_status(void *user, uint16_t status, uint16_t changed)
{
    (void)user;
    flush_sent();
    printf("status %04X %04X\n", status, changed);
}

static void on_restart(void *user)
{
    (void)user;
    flush_sent();
    puts("restart");
}

static void on_transparent(void *user, const uint8_t *data, uint16_t size)
{
    (void)user;
    flush_sent();
    show("transparent ", data, size);
}

static size_t bytes_of(const char *hex, uint8_t *bytes)
{
    size_t size = 0;
    for (; hex[0] != '\0' && hex[1] != '\0' && hex[0] != '\n'; hex += 2) {
        const char digits[3] = {hex[0], hex[1], '\0'};
        bytes[size++] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return size;
}

static void set_value(const char *words)
{
    char *rest;
    const wxlink_point *point = &NAME(_product).points[strtoul(words, &rest, 10)];
    uint8_t bytes[5000];
    const size_t size = bytes_of(rest + 1, bytes);
    uint8_t *member = (uint8_t *)&device.values + point->member;
    uint32_t number = 0;
    for (size_t i = 0; i < size; i++) {
        number = number << 8 | bytes[i];
    }
    const bool truth = number != 0;
    const uint16_t half = (uint16_t)number;
    switch (point->type) {
    case WXLINK_BOOL:
        memcpy(member, &truth, sizeof truth);
        break;
    case WXLINK_UINT16:
        memcpy(member, &half, sizeof half);
        break;
    case WXLINK_UINT32:
        memcpy(member, &number, sizeof number);
        break;
    case WXLINK_BINARY:
        memcpy(member, bytes, point->length);
        break;
    default:
        *member = (uint8_t)number;
        break;
    }
}

static void receive(const char *hex)
{
    static uint8_t bytes[70000];
    const size_t size = bytes_of(hex, bytes);
    for (size_t at = 0; at < size; at += 64) {
        wxlink_receive(&device.link, bytes + at, (uint16_t)(size - at < 64 ? size - at : 64));
        wxlink_poll(&device.link);
    }
}

int main(int count, char **words)
{
    static char line[150000];
    static const wxlink_port port = {.write = on_write, .milliseconds = on_milliseconds, .control = on_control,
                                     .status = on_status, .restart = on_restart, .transparent = on_transparent};
    const wxlink_identity identity = {"03010100", "03030000", count > 1 ? words[1] : NULL, 0};
    clock_ms = count > 2 ? (uint32_t)strtoul(words[2], NULL, 10) : 0;
    if (!NAME(_start)(&device, &port, &identity, NULL)) {
        return 1;
    }
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (strncmp(line, "at ", 3) == 0) {
            clock_ms = (uint32_t)strtoul(line + 3, NULL, 10);
        } else if (strncmp(line, "rx ", 3) == 0) {
            receive(line + 3);
        } else if (strncmp(line, "set ", 4) == 0) {
            set_value(line + 4);
        } else if (strncmp(line, "poll", 4) == 0) {
            wxlink_poll(&device.link);
        } else if (strncmp(line, "report", 6) == 0) {
            wxlink_report(&device.link);
        }
        flush_sent();
        puts(".");
        fflush(stdout);
    }
    return 0;
}
