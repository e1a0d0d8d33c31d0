#define _DEFAULT_SOURCE /* speeds above 38400 baud are not in POSIX */

#include "wxlink_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "wxlink_config.h"

/* termios.h names speeds B9600 and so on; one that it does not name is an error here. */
#define SPEED_OF(baud) SPEED_NAMED(baud)
#define SPEED_NAMED(baud) B##baud

/* What cfmakeraw does where it exists; POSIX does not have it. */
static void make_raw(struct termios *line)
{
    line->c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    line->c_oflag &= ~(tcflag_t)OPOST;
    line->c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
    line->c_cflag &= ~(tcflag_t)(CSIZE | PARENB | CSTOPB);
    line->c_cflag |= (tcflag_t)(CS8 | CREAD | CLOCAL);
    line->c_cc[VMIN] = 1; /* with O_NONBLOCK: EAGAIN when nothing is there; 0 could not be told from a hang-up */
    line->c_cc[VTIME] = 0;
}

int wxlink_posix_open(const char *tty)
{
    const int fd = open(tty, O_RDWR | O_NOCTTY | O_NONBLOCK);
    struct termios line;
    if (fd < 0) {
        return -1;
    }
    if (tcgetattr(fd, &line) == 0) {
        make_raw(&line);
        if (cfsetispeed(&line, SPEED_OF(WXLINK_BAUD)) == 0 && cfsetospeed(&line, SPEED_OF(WXLINK_BAUD)) == 0 &&
            tcsetattr(fd, TCSANOW, &line) == 0 && tcflush(fd, TCIFLUSH) == 0) {
            return fd;
        }
    }
    const int reason = errno;
    close(fd);
    errno = reason;
    return -1;
}

int wxlink_posix_read(int fd, uint8_t *bytes, uint16_t size, int timeout_ms)
{
    struct pollfd line = {.fd = fd, .events = POLLIN};
    const int ready = poll(&line, 1, timeout_ms);
    if (ready <= 0) {
        return ready < 0 && errno != EINTR ? -1 : 0;
    }
    const ssize_t count = read(fd, bytes, size);
    if (count > 0) {
        return (int)count;
    }
    if (count == 0) { /* the other end of the line is gone */
        errno = EIO;
        return -1;
    }
    return errno == EAGAIN || errno == EINTR ? 0 : -1;
}

bool wxlink_posix_write(int fd, const uint8_t *bytes, uint16_t size)
{
    while (size > 0) {
        const ssize_t count = write(fd, bytes, size);
        if (count > 0) {
            bytes += count;
            size = (uint16_t)(size - count);
            continue;
        }
        if (count < 0 && errno != EAGAIN && errno != EINTR) {
            return false;
        }
        struct pollfd line = {.fd = fd, .events = POLLOUT};
        if (poll(&line, 1, WXLINK_POSIX_WRITE_MS) == 0) {
            return false;
        }
    }
    return true;
}

uint32_t wxlink_posix_milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)((uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u);
}
