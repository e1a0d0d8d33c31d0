#define _POSIX_C_SOURCE 200809L

#include "bench_log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#define DEVICE_INFO 0x02u
#define SECRET_AT (WXLINK_AT_PAYLOAD + 74u)
#define SECRET_SIZE 32u
#define LARGEST 4096u /* bytes of payload that the log can show, as large as any module sends */

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

static void log_frame(bool sent, const wxlink_parser *parser)
{
    begin_line();
    fputs(sent ? "tx FFFF" : "rx FFFF", output);
    for (uint16_t i = 0; i < parser->size; i++) {
        if (is_secret(parser->frame, i)) {
            fputs("**", output);
        } else {
            fprintf(output, parser->frame[i] == 0xFF ? "FF55" : "%02X", parser->frame[i]);
        }
    }
    fputc('\n', output);
}

void log_bytes(bool sent, const uint8_t *bytes, uint16_t size)
{
    static uint8_t frames[2][WXLINK_FRAME_SIZE(LARGEST)];
    static wxlink_parser parsers[2];
    wxlink_parser *parser = &parsers[sent];
    if (parser->frame == NULL) {
        wxlink_parser_start(parser, frames[sent], sizeof frames[sent]);
    }
    for (uint16_t i = 0; i < size; i++) {
        const wxlink_parsed what = wxlink_parse(parser, bytes[i]);
        if (what == WXLINK_FRAME) {
            log_frame(sent, parser);
        } else if (what != WXLINK_MORE) {
            log_line("bad %s", reason_of(what));
        }
    }
}
