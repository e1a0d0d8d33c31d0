#define _POSIX_C_SOURCE 200809L

#include "gokit_log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#define DEVICE_INFO 0x02u
#define SECRET_AT (WXLINK_AT_PAYLOAD + 74u)
#define SECRET_SIZE 32u

static FILE *output;

bool log_open(const char *path)
{
    output = path == NULL ? stdout : fopen(path, "a");
    return output != NULL && setvbuf(output, NULL, _IOLBF, BUFSIZ) == 0;
}

static void begin_line(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    fprintf(output, "%lld%03ld ", (long long)now.tv_sec, now.tv_nsec / 1000000L);
}

void log_line(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    begin_line();
    vfprintf(output, format, arguments);
    fputc('\n', output);
    va_end(arguments);
}

static const char *reason_of(wxlink_parsed what)
{
    switch (what) {
    case WXLINK_WRONG_CHECKSUM:
        return "wrong checksum";
    case WXLINK_CUT_SHORT:
        return "cut short by a new header";
    case WXLINK_NOT_STUFFED:
        return "FF followed by neither 55 nor FF";
    case WXLINK_TOO_SHORT:
        return "len below 5";
    default:
        return "len above the limit";
    }
}

static bool is_secret(const uint8_t *frame, uint16_t at)
{
    return frame[WXLINK_AT_CMD] == DEVICE_INFO && at >= SECRET_AT && at < SECRET_AT + SECRET_SIZE &&
           wxlink_payload_size(frame) >= SECRET_AT + SECRET_SIZE - WXLINK_AT_PAYLOAD;
}

void log_frame(bool sent, wxlink_parsed what, const uint8_t *frame, uint16_t size)
{
    if (what != WXLINK_FRAME) {
        log_line("bad %s", reason_of(what));
        return;
    }
    begin_line();
    fputs(sent ? "tx FFFF" : "rx FFFF", output);
    for (uint16_t i = 0; i < size; i++) {
        if (is_secret(frame, i)) {
            fputs("**", output);
        } else {
            fprintf(output, frame[i] == 0xFF ? "FF55" : "%02X", frame[i]);
        }
    }
    fputc('\n', output);
}
