#include "wxlink_frame.h"

#define HEADER 0xFFu
#define STUFFING 0x55u

static uint8_t checksum(const uint8_t *frame, uint16_t size)
{
    uint8_t sum = 0;
    for (uint16_t i = 0; i < size; i++) {
        sum = (uint8_t)(sum + frame[i]);
    }
    return sum;
}

static uint16_t len_field(const uint8_t *frame)
{
    return (uint16_t)((uint16_t)frame[WXLINK_AT_LEN] << 8 | frame[WXLINK_AT_LEN + 1]);
}

/* Bytes the frame must reach: 2 until its length is known. */
static uint32_t needed(const wxlink_parser *parser)
{
    return parser->size < 2 ? 2 : (uint32_t)len_field(parser->frame) + 2;
}

/* Appends one byte of the frame, stuffing already taken away. */
static wxlink_parsed collect(wxlink_parser *parser, uint8_t byte)
{
    parser->frame[parser->size++] = byte;
    if (parser->size == 2) {
        const uint16_t len = len_field(parser->frame);
        const wxlink_parsed verdict = len < WXLINK_LEN_MIN                       ? WXLINK_TOO_SHORT
                                      : (uint32_t)len + 2 > parser->capacity ? WXLINK_TOO_LONG
                                                                             : WXLINK_MORE;
        parser->inside = verdict == WXLINK_MORE;
        return verdict;
    }
    if (parser->size < needed(parser)) {
        return WXLINK_MORE;
    }
    parser->inside = false;
    return byte == checksum(parser->frame, (uint16_t)(parser->size - 1)) ? WXLINK_FRAME : WXLINK_WRONG_CHECKSUM;
}

/* True when only the checksum is missing. */
static bool at_checksum(const wxlink_parser *parser)
{
    return parser->size > 2 && parser->size + 1u == needed(parser);
}

/* The byte before was an FF that is not yet in the frame; this one settles what it was. */
static wxlink_parsed settle(wxlink_parser *parser, uint8_t byte)
{
    if (byte == STUFFING) {
        return collect(parser, HEADER);
    }
    if (byte == HEADER) { /* a new header; straight behind a header only an FF too many */
        const wxlink_parsed cut = parser->size > 0 ? WXLINK_CUT_SHORT : WXLINK_MORE;
        parser->size = 0;
        return cut;
    }
    if (parser->size == 0) {
        return collect(parser, byte); /* FF FF FF: the last two were the header */
    }
    if (parser->size == WXLINK_AT_SN && len_field(parser->frame) == WXLINK_LEN_MIN &&
        (parser->frame[WXLINK_AT_CMD] & 1u) == 0) {
        (void)collect(parser, HEADER); /* modules in the field leave sn FF of a short ack unstuffed */
        return collect(parser, byte);
    }
    parser->inside = false;
    return WXLINK_NOT_STUFFED;
}

void wxlink_parser_start(wxlink_parser *parser, uint8_t *frame, uint16_t capacity)
{
    parser->frame = frame;
    parser->capacity = capacity;
    parser->size = 0;
    parser->inside = false;
    parser->after_ff = false;
}

wxlink_parsed wxlink_parse(wxlink_parser *parser, uint8_t byte)
{
    const bool after_ff = parser->after_ff;
    parser->after_ff = false;
    if (!parser->inside) {
        parser->inside = after_ff && byte == HEADER;
        parser->after_ff = !parser->inside && byte == HEADER;
        parser->size = 0;
        return WXLINK_MORE;
    }
    if (after_ff) {
        return settle(parser, byte);
    }
    if (byte != HEADER) {
        return collect(parser, byte);
    }
    parser->after_ff = true;
    if (at_checksum(parser) && checksum(parser->frame, parser->size) == HEADER) {
        return collect(parser, HEADER); /* right as it is, whether its stuffing follows or not */
    }
    return WXLINK_MORE;
}

uint16_t wxlink_payload_size(const uint8_t *frame)
{
    return (uint16_t)(len_field(frame) - WXLINK_LEN_MIN);
}

uint16_t wxlink_frame_seal(uint8_t *frame, uint8_t cmd, uint8_t sn, uint16_t flags, uint16_t payload_size)
{
    const uint16_t len = (uint16_t)(payload_size + WXLINK_LEN_MIN);
    const uint16_t end = (uint16_t)(WXLINK_AT_PAYLOAD + payload_size);
    frame[WXLINK_AT_LEN] = (uint8_t)(len >> 8);
    frame[WXLINK_AT_LEN + 1] = (uint8_t)len;
    frame[WXLINK_AT_CMD] = cmd;
    frame[WXLINK_AT_SN] = sn;
    frame[WXLINK_AT_FLAGS] = (uint8_t)(flags >> 8);
    frame[WXLINK_AT_FLAGS + 1] = (uint8_t)flags;
    frame[end] = checksum(frame, end);
    return (uint16_t)(end + 1);
}

void wxlink_frame_send(const uint8_t *frame, uint16_t size,
                       void (*write)(void *user, const uint8_t *bytes, uint16_t size), void *user)
{
    uint8_t chunk[WXLINK_CHUNK] = {HEADER, HEADER};
    uint16_t used = 2;
    for (uint16_t i = 0; i < size; i++) {
        if (used + 2u > WXLINK_CHUNK) {
            write(user, chunk, used);
            used = 0;
        }
        chunk[used++] = frame[i];
        if (frame[i] == HEADER) {
            chunk[used++] = STUFFING;
        }
    }
    write(user, chunk, used);
}
