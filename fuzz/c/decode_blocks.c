/* The C parser behind the same pipe as fuzz/decode_blocks.py: blocks in, one line of figures out for each. */
#include <stdio.h>
#include <stdlib.h>

#include "wxlink_frame.h"

#define LARGEST 65535u

static uint8_t frame[LARGEST];
static uint32_t table[256];
static uint32_t crc;

static void make_table(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t word = i;
        for (int bit = 0; bit < 8; bit++) {
            word = (word & 1u) != 0 ? word >> 1 ^ 0xEDB88320u : word >> 1;
        }
        table[i] = word;
    }
}

static void add(uint8_t byte)
{
    crc = crc >> 8 ^ table[(crc ^ byte) & 0xFFu];
}

static void add_frame(void)
{
    add('F');
    for (uint16_t i = WXLINK_AT_CMD; i < WXLINK_AT_PAYLOAD + wxlink_payload_size(frame); i++) {
        add(frame[i]);
    }
}

static void add_bad(wxlink_parsed parsed)
{
    add((uint8_t)(parsed - WXLINK_WRONG_CHECKSUM));
    if (parsed == WXLINK_WRONG_CHECKSUM) {
        add(frame[WXLINK_AT_CMD]);
        add(frame[WXLINK_AT_SN]);
    }
}

int main(int count, char **words)
{
    const uint16_t capacity = (uint16_t)WXLINK_FRAME_SIZE(count > 1 ? (unsigned)atoi(words[1]) : 4096u);
    wxlink_parser parser;
    uint8_t head[4];
    make_table();
    wxlink_parser_start(&parser, frame, capacity);
    while (fread(head, 1, sizeof head, stdin) == sizeof head) {
        const uint32_t size = (uint32_t)head[0] << 24 | (uint32_t)head[1] << 16 | (uint32_t)head[2] << 8 | head[3];
        unsigned good = 0;
        unsigned bad = 0;
        crc = UINT32_MAX;
        if (size == 0) {
            wxlink_parser_start(&parser, frame, capacity);
        }
        for (uint32_t i = 0; i < size; i++) {
            const int byte = getchar();
            if (byte == EOF) {
                return 1;
            }
            const wxlink_parsed parsed = wxlink_parse(&parser, (uint8_t)byte);
            if (parsed == WXLINK_FRAME) {
                good++;
                add_frame();
            } else if (parsed != WXLINK_MORE) {
                bad++;
                add_bad(parsed);
            }
        }
        printf("%u %u %08lx\n", good, bad, (unsigned long)~crc & 0xFFFFFFFFul);
        fflush(stdout);
    }
    return 0;
}
