/* The simulated board's log: one line an event, `<Unix time in ms> <what> ...`. */
#ifndef BENCH_LOG_H
#define BENCH_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "wxlink.h"

/* Appends to a file, line by line; NULL means standard output. False with errno set when it cannot be opened. */
bool log_open(const char *path);

#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
void log_line(const char *format, ...);

/* Bytes that went to the module or came from it: a frame is logged when it is complete, as `tx FFFF...` or `rx FFFF...`
 * with the product secret as stars, or as `bad <reason>`. */
void log_bytes(bool sent, const uint8_t *bytes, uint16_t size);

#endif
