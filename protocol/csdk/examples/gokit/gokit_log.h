/* The simulated board's log: one line an event, `<Unix time in ms> <what> ...`. */
#ifndef GOKIT_LOG_H
#define GOKIT_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "wxlink.h"

/* Appends to a file, line by line; NULL means standard output. False with errno set when it cannot be opened. */
bool log_open(const char *path);

#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
void log_line(const char *format, ...);

/* `tx FFFF...`, `rx FFFF...` as it stood on the wire, or `bad <reason>`; the product secret is shown as stars. */
void log_frame(bool sent, wxlink_parsed what, const uint8_t *frame, uint16_t size);

#endif
