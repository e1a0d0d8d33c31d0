/* The simulated hardware under test, driven by lines on standard input; each is answered by the log lines it caused, by
 * every raw value in hex and by a line with a dot.
 *
 *     start SEED DRIFT_MS MEMORY   power-on at time 0; MEMORY is a file or -
 *     at MILLISECONDS              time goes on
 *     set ID HEX                   a user sets a data point; obeyed at the next line `obey`
 *     obey
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_log.h"
#include "board_hardware.h"

static board_hardware hardware;
static board_values values;
static char memory[4096];

void log_line(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
}

static uint8_t *place(unsigned point)
{
    return (uint8_t *)&values + board_rows[point].offset;
}

/* Numbers travel with the highest byte first, whatever this machine keeps them in. */
static void store(unsigned point, const char *digits)
{
    const uint32_t raw = (uint32_t)strtoul(digits, NULL, 16);
    const uint8_t one = (uint8_t)raw;
    const uint16_t two = (uint16_t)raw;
    if (board_rows[point].binary) {
        for (unsigned i = 0; i < board_rows[point].size; i++) {
            const char byte[] = {digits[2 * i], digits[2 * i + 1], '\0'};
            place(point)[i] = (uint8_t)strtoul(byte, NULL, 16);
        }
    } else if (board_rows[point].size == 1) {
        memcpy(place(point), &one, 1);
    } else if (board_rows[point].size == 2) {
        memcpy(place(point), &two, 2);
    } else {
        memcpy(place(point), &raw, 4);
    }
}

static void show(unsigned point)
{
    uint16_t two;
    uint32_t four;
    if (board_rows[point].binary || board_rows[point].size == 1) {
        for (unsigned i = 0; i < board_rows[point].size; i++) {
            printf("%02x", place(point)[i]);
        }
    } else if (board_rows[point].size == 2) {
        memcpy(&two, place(point), 2);
        printf("%04x", two);
    } else {
        memcpy(&four, place(point), 4);
        printf("%08" PRIx32, four);
    }
    putchar('\n');
}

int main(void)
{
    char line[8192];
    while (fgets(line, sizeof line, stdin) != NULL) {
        char text[4096];
        unsigned long first;
        unsigned long second;
        bool good = true;
        if (sscanf(line, "start %lu %lu %4095s", &first, &second, text) == 3) {
            strcpy(memory, text);
            hardware.memory = strcmp(memory, "-") == 0 ? NULL : memory;
            hardware_start(&hardware, &values, (uint32_t)first, (uint32_t)second, 0);
        } else if (sscanf(line, "at %lu", &first) == 1) {
            good = hardware_measure(&hardware, (uint32_t)first);
        } else if (sscanf(line, "set %lu %4095s", &first, text) == 2) {
            store((unsigned)first, text);
            hardware_control(&hardware, (uint16_t)first);
        } else if (strcmp(line, "obey\n") == 0) {
            good = hardware_obey(&hardware);
        }
        if (!good) {
            puts("the memory cannot be written");
        }
        for (unsigned i = 0; i < BOARD_POINTS; i++) {
            show(i);
        }
        puts(".");
        fflush(stdout);
    }
    return 0;
}
