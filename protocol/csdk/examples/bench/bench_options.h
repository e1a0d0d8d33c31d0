/* The command line of a simulated board. */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    const char *program;     /* for messages: as it was called, without folders */
    const char *port;
    const char *log;         /* NULL: standard output */
    const char *secret_file; /* NULL: no product secret is sent */
    const char *memory;      /* NULL: nothing outlives the program */
    uint32_t seed;
    uint32_t drift_ms;
    bool help;
} bench_options;

/* Reads the command line; `--memory` is there only for a board that keeps values. False, with a message on standard
 * error, when it is wrong. */
bool options_read(bench_options *options, bool keeps, int count, char **words);

/* Prints what there is to say to standard output. */
void options_help(const bench_options *options, bool keeps);

#endif
