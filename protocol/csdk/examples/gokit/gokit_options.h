/* The command line of the simulated board. */
#ifndef GOKIT_OPTIONS_H
#define GOKIT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    const char *port;
    const char *log;         /* NULL: standard output */
    const char *secret_file; /* NULL: no product secret is sent */
    uint32_t seed;
    uint32_t drift_ms;
    bool help;
} gokit_options;

/* Reads the command line. False, with a message on standard error, when it is wrong. */
bool options_read(gokit_options *options, int count, char **words);

/* Prints what there is to say to standard output. */
void options_help(void);

#endif
