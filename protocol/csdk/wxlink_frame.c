#include "wxlink_frame.h"

#define HEADER 0xFFu
#define STUFFING 0x55u

uint16_t wxlink_u16(const uint8_t *bytes)
{
    return (uint16_t)((uint16_t)bytes[0] << 8 | bytes[1]);
}

static uint16_t len_field(const uint8_t *frame)
{
    return wxlink_u16(frame + WXLINK_AT_LEN);
}

/* Looks for a header again. */
static wxlink_parsed leave(wxlink_parser *parser, wxlink_parsed verdict)
{
    parser->inside = false;
    return verdict;
}

/* Appends one byte of the frame, stuffing already taken away. */
static wxlink_parsed collect(wxlink_parser *parser, uint8_t byte)
{
    parser->frame[parser->size++] = byte;
    if (parser->size < parser->needed) {
        parser->sum = (uint8_t)(parser->sum + byte);
        return WXLINK_MORE;
    }
    if (parser->size > 2) {
        return leave(parser, parser->sum == byte ? WXLINK_FRAME : WXLINK_WRONG_CHECKSUM);
    }
    const uint16_t len = len_field(parser->frame);
    if (len < WXLINK_LEN_MIN) {
        return leave(parser, WXLINK_TOO_SHORT);
    }
    if (len > parser->capacity - 2u) {
        return leave(parser, WXLINK_TOO_LONG);
    }
    parser->sum = (uint8_t)(parser->sum + byte);
    parser->needed = (wxlink_size)(len + 2u);
    return WXLINK_MORE;
}

static void begin(wxlink_parser *parser)
{
    parser->size = 0;
    parser->needed = 2;
    parser->sum = 0;
}

/* The byte before was an FF that is not yet in the frame; this one settles what it was. */
static wxlink_parsed settle(wxlink_parser *parser, uint8_t byte)
{
    if (byte == STUFFING) {
        return collect(parser, HEADER);
    }
    if (byte == HEADER) { /* a new header; straight behind a header only an FF too many */
        const wxlink_parsed cut = parser->size > 0 ? WXLINK_CUT_SHORT : WXLINK_MORE;
        begin(parser);
        return cut;
    }
    if (parser->size == 0) {
        return collect(parser, byte); /* FF FF FF: the last two were the header */
    }
    if (parser->size == WXLINK_AT_SN && parser->needed == WXLINK_FRAME_SIZE(0) &&
        (parser->frame[WXLINK_AT_CMD] & 1u) == 0) {
        (void)collect(parser, HEADER); /* modules in the field leave sn FF of a short ack unstuffed */
        return collect(parser, byte);
    }
    return leave(parser, WXLINK_NOT_STUFFED);
}

void wxlink_parser_start(wxlink_parser *parser, uint8_t *frame, wxlink_size capacity)
{
    parser->frame = frame;
    parser->capacity = capacity;
    parser->inside = false;
    parser->after_ff = false;
    begin(parser);
}

wxlink_parsed wxlink_parse(wxlink_parser *parser, uint8_t byte)
{
    const bool after_ff = parser->after_ff;
    parser->after_ff = false;
    if (!parser->inside) {
        begin(parser);
        if (byte == HEADER) {
            parser->inside = after_ff;
            parser->after_ff = !after_ff;
        }
        return WXLINK_MORE;
    }
    if (after_ff) {
        return settle(parser, byte);
    }
    if (byte != HEADER) {
        return collect(parser, byte);
    }
    parser->after_ff = true;
    if (parser->size + 1u == parser->needed && parser->size > 1 && parser->sum == HEADER) {
        return collect(parser, HEADER); /* a checksum that is right as it is, whether its stuffing follows or not */
    }
    return WXLINK_MORE;
}

wxlink_size wxlink_payload_size(const uint8_t *frame)
{
    return (wxlink_size)(len_field(frame) - WXLINK_LEN_MIN);
}

static void flush(wxlink_sender *sender)
{
    sender->write(sender->user, sender->chunk, sender->used);
    sender->sent = (uint16_t)(sender->sent + sender->used);
    sender->used = 0;
}

static void put(wxlink_sender *sender, uint8_t byte)
{
    sender->chunk[sender->used++] = byte;
    if (sender->used == WXLINK_CHUNK) {
        flush(sender);
    }
}

void wxlink_send_byte(wxlink_sender *sender, uint8_t byte)
{
    sender->sum = (uint8_t)(sender->sum + byte);
    put(sender, byte);
    if (byte == HEADER) {
        put(sender, STUFFING);
    }
}

void wxlink_send_bytes(wxlink_sender *sender, const uint8_t *bytes, wxlink_size size)
{
    while (size-- > 0) {
        wxlink_send_byte(sender, *bytes++);
    }
}

void wxlink_send_start(wxlink_sender *sender, uint8_t cmd, uint8_t sn, uint8_t flags, wxlink_size payload_size)
{
    const uint16_t len = (uint16_t)(payload_size + WXLINK_LEN_MIN);
    sender->sent = 0;
    put(sender, HEADER);
    put(sender, HEADER);
    sender->sum = 0;
    wxlink_send_byte(sender, (uint8_t)(len >> 8));
    wxlink_send_byte(sender, (uint8_t)len);
    wxlink_send_byte(sender, cmd);
    wxlink_send_byte(sender, sn);
    wxlink_send_byte(sender, 0);
    wxlink_send_byte(sender, flags);
}

void wxlink_send_end(wxlink_sender *sender)
{
    wxlink_send_byte(sender, sender->sum);
    if (sender->used > 0) {
        flush(sender);
    }
}
