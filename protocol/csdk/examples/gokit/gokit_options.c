#include "gokit_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEED 1u
#define DRIFT_MS 5000u

void options_help(void)
{
    fputs("usage: gokit --port TTY [--log FILE] [--product-secret-file FILE] [--seed N] [--drift-ms N]\n"
          "\n"
          "A GoKit board on a serial line: answers the Wi-Fi module, logs every frame and what its hardware does.\n"
          "\n"
          "  --port TTY                  serial line to the module\n"
          "  --log FILE                  append the log here instead of printing it\n"
          "  --product-secret-file FILE  its first line is the product secret, 32 lower-case hex digits;\n"
          "                              without it the module gets the form with no secret\n"
          "  --seed N                    where the room's temperature and humidity begin, and how they drift (1)\n"
          "  --drift-ms N                milliseconds between two steps of the drift (5000)\n"
          "\n"
          "example: gokit --port /dev/ttyUSB0 --log gokit.log\n",
          stdout);
}

static bool read_number(const char *text, uint32_t *number)
{
    char *end;
    errno = 0;
    const unsigned long value = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value > UINT32_MAX) {
        return false;
    }
    *number = (uint32_t)value;
    return true;
}

/* Takes one option and its value. False when there is no such option, or the value does not suit it. */
static bool take(gokit_options *options, const char *name, const char *value)
{
    if (strcmp(name, "--port") == 0) {
        options->port = value;
        return true;
    }
    if (strcmp(name, "--log") == 0) {
        options->log = value;
        return true;
    }
    if (strcmp(name, "--product-secret-file") == 0) {
        options->secret_file = value;
        return true;
    }
    if (strcmp(name, "--seed") == 0) {
        return read_number(value, &options->seed);
    }
    if (strcmp(name, "--drift-ms") == 0) {
        return read_number(value, &options->drift_ms) && options->drift_ms > 0;
    }
    return false;
}

bool options_read(gokit_options *options, int count, char **words)
{
    *options = (gokit_options){.seed = SEED, .drift_ms = DRIFT_MS};
    for (int i = 1; i < count; i++) {
        if (strcmp(words[i], "--help") == 0) {
            options->help = true;
            return true;
        }
    }
    for (int i = 1; i < count; i += 2) {
        if (i + 1 == count || !take(options, words[i], words[i + 1])) {
            fprintf(stderr, "gokit: %s: no such option, or not with this value; see gokit --help\n", words[i]);
            return false;
        }
    }
    if (options->port == NULL) {
        fputs("gokit: --port is missing; see gokit --help\n", stderr);
        return false;
    }
    return true;
}
