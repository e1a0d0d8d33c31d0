/* wxlink on a POSIX system: a tty instead of a UART. For simulators and for boards that run Linux. */
#ifndef WXLINK_POSIX_H
#define WXLINK_POSIX_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WXLINK_POSIX_WRITE_MS 1000 /* longest wait for a line that takes no bytes; 9600 baud moves 960 bytes meanwhile */

/* Opens a tty as the serial link needs it: raw, non-blocking, WXLINK_BAUD 8N1, what waited on the line thrown away.
 * Gives a file descriptor, or -1 with errno set. */
int wxlink_posix_open(const char *tty);

/* Waits up to `timeout_ms` for bytes and reads them. Gives their number (0 = none came) or -1 with errno set. */
int wxlink_posix_read(int fd, uint8_t *bytes, uint16_t size, int timeout_ms);

/* Writes all bytes. False when the line took none for WXLINK_POSIX_WRITE_MS; the rest is lost, the peer will resend. */
bool wxlink_posix_write(int fd, const uint8_t *bytes, uint16_t size);

/* Milliseconds of a clock that never jumps; wraps at 2^32. */
uint32_t wxlink_posix_milliseconds(void);

#ifdef __cplusplus
}
#endif

#endif
