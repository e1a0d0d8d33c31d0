#include "bench_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEED 1u
#define DRIFT_MS 5000u

void options_help(const bench_options *options, bool keeps)
{
    printf("usage: %s --port TTY [--log FILE] [--product-secret-file FILE] [--seed N] [--drift-ms N]%s\n"
           "\n"
           "A board on a serial line: answers the Wi-Fi module, logs every frame and what its hardware does.\n"
           "\n"
           "  --port TTY                  serial line to the module\n"
           "  --log FILE                  append the log here instead of printing it\n"
           "  --product-secret-file FILE  its first line is the product secret, 32 lower-case hex digits;\n"
           "                              without it the module gets the form with no secret\n"
           "  --seed N                    where the simulated hardware begins, and how it goes on (1)\n"
           "  --drift-ms N                milliseconds between two steps of the simulation (5000)\n"
           "%s"
           "\n"
           "example: %s --port /dev/ttyUSB0 --log mcu.log\n",
           options->program, keeps ? " [--memory FILE]" : "",
           keeps ? "  --memory FILE               what outlives a restart is kept here\n" : "", options->program);
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
static bool take(bench_options *options, bool keeps, const char *name, const char *value)
{
    const struct {
        const char *name;
        const char **place;
    } texts[] = {
        {"--port", &options->port},
        {"--log", &options->log},
        {"--product-secret-file", &options->secret_file},
        {"--memory", keeps ? &options->memory : NULL},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (texts[i].place != NULL && strcmp(name, texts[i].name) == 0) {
            *texts[i].place = value;
            return true;
        }
    }
    if (strcmp(name, "--seed") == 0) {
        return read_number(value, &options->seed);
    }
    if (strcmp(name, "--drift-ms") == 0) {
        return read_number(value, &options->drift_ms) && options->drift_ms > 0;
    }
    return false;
}

bool options_read(bench_options *options, bool keeps, int count, char **words)
{
    const char *folder_end = strrchr(words[0], '/');
    *options = (bench_options){
        .program = folder_end == NULL ? words[0] : folder_end + 1, .seed = SEED, .drift_ms = DRIFT_MS};
    for (int i = 1; i < count; i++) {
        if (strcmp(words[i], "--help") == 0) {
            options->help = true;
            return true;
        }
    }
    for (int i = 1; i < count; i += 2) {
        if (i + 1 == count || !take(options, keeps, words[i], words[i + 1])) {
            fprintf(stderr, "%s: %s: no such option, or not with this value; see %s --help\n", options->program,
                    words[i], options->program);
            return false;
        }
    }
    if (options->port == NULL) {
        fprintf(stderr, "%s: --port is missing; see %s --help\n", options->program, options->program);
        return false;
    }
    return true;
}
