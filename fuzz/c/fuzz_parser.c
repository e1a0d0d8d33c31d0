/* libFuzzer on the C parser. The first byte sets its capacity; whatever follows, it keeps to its buffer, tells frames as
 * they are, and reads a good frame that comes behind. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "wxlink_frame.h"

static const uint8_t heartbeat[] = {0xFF, 0xFF, 0x00, 0x05, 0x07, 0x01, 0x00, 0x00, 0x0D};

/* A frame's len field, size and checksum agree. */
static void check_frame(const wxlink_parser *parser)
{
    const uint8_t *frame = parser->frame;
    const unsigned len = (unsigned)frame[WXLINK_AT_LEN] << 8 | frame[WXLINK_AT_LEN + 1];
    unsigned sum = 0;
    assert(len >= WXLINK_LEN_MIN);
    assert(parser->size == len + 2u);
    assert(parser->size <= parser->capacity);
    assert(wxlink_payload_size(frame) == len - WXLINK_LEN_MIN);
    for (unsigned i = 0; i < len + 1u; i++) {
        sum += frame[i];
    }
    assert((sum & 0xFFu) == frame[len + 1u]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const uint16_t capacity = (uint16_t)WXLINK_FRAME_SIZE(data[0]);
    uint8_t *frame = malloc(capacity); /* of exactly this size, so that the sanitizer sees its ends */
    wxlink_parser parser;
    wxlink_parsed parsed = WXLINK_MORE;
    wxlink_parser_start(&parser, frame, capacity);
    for (size_t i = 1; i < size; i++) {
        parsed = wxlink_parse(&parser, data[i]);
        assert(parsed >= WXLINK_MORE && parsed <= WXLINK_TOO_LONG);
        assert(parser.size <= capacity);
        if (parsed == WXLINK_FRAME) {
            check_frame(&parser);
        }
    }
    for (size_t i = 0; i < sizeof heartbeat; i++) {
        parsed = wxlink_parse(&parser, heartbeat[i]);
    }
    assert(parsed == WXLINK_FRAME);
    assert(parser.size == sizeof heartbeat - 2u);
    assert(memcmp(frame, heartbeat + 2, sizeof heartbeat - 2u) == 0);
    free(frame);
    return 0;
}
