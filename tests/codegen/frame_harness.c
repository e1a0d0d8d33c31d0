/* One line of hex in, one line out: what the parser made of it. The first argument is the largest payload. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wxlink_frame.h"

static uint8_t frame[WXLINK_FRAME_SIZE(65000u)];

static void show(wxlink_parsed parsed)
{
    if (parsed == WXLINK_MORE) {
        return;
    }
    if (parsed != WXLINK_FRAME) {
        static const char *const names[] = {[WXLINK_WRONG_CHECKSUM] = "checksum", [WXLINK_CUT_SHORT] = "cut",
                                            [WXLINK_NOT_STUFFED] = "unstuffed", [WXLINK_TOO_SHORT] = "short",
                                            [WXLINK_TOO_LONG] = "long"};
        printf("%s", names[parsed]);
        if (parsed == WXLINK_WRONG_CHECKSUM) {
            printf(":%02X:%02X", frame[WXLINK_AT_CMD], frame[WXLINK_AT_SN]);
        }
        putchar(' ');
        return;
    }
    printf("frame:%02X:%02X:%02X%02X:", frame[WXLINK_AT_CMD], frame[WXLINK_AT_SN], frame[WXLINK_AT_FLAGS],
           frame[WXLINK_AT_FLAGS + 1]);
    for (uint16_t i = 0; i < wxlink_payload_size(frame); i++) {
        printf("%02X", frame[WXLINK_AT_PAYLOAD + i]);
    }
    putchar(' ');
}

int main(int count, char **words)
{
    static char line[1 << 20];
    const uint16_t capacity = (uint16_t)WXLINK_FRAME_SIZE(count > 1 ? (unsigned)atoi(words[1]) : 4096u);
    while (fgets(line, sizeof line, stdin) != NULL) {
        wxlink_parser parser;
        wxlink_parser_start(&parser, frame, capacity);
        const size_t length = strcspn(line, "\n");
        for (size_t i = 0; i + 1 < length; i += 2) {
            const char digits[3] = {line[i], line[i + 1], '\0'};
            show(wxlink_parse(&parser, (uint8_t)strtoul(digits, NULL, 16)));
        }
        putchar('\n');
    }
    return 0;
}
