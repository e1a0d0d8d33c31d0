#include "wxlink_frame.h"

#include "wxlink_rom.h"

#define HEADER 0xFFu
#define STUFFING 0x55u

/* Looks for a header again. */
static wxlink_parsed leave(wxlink_parser *parser, wxlink_parsed verdict)
{
    parser->needed = 0;
    return verdict;
}

/* Appends one byte of the frame, stuffing already taken away. */
static wxlink_parsed collect(wxlink_parser *parser, uint8_t byte)
{
    const uint8_t sum = parser->sum;
    parser->sum = (uint8_t)(sum + byte);
    parser->frame[parser->size++] = byte;
    if (parser->size < parser->needed) {
        return WXLINK_MORE;
    }
    if (parser->size > 2) {
        return leave(parser, sum == byte ? WXLINK_FRAME : WXLINK_WRONG_CHECKSUM);
    }
    const uint16_t len = wxlink_u16(parser->frame + WXLINK_AT_LEN);
    if (len < WXLINK_LEN_MIN) {
        return leave(parser, WXLINK_TOO_SHORT);
    }
    if (len > parser->capacity - 2u) {
        return leave(parser, WXLINK_TOO_LONG);
    }
    parser->needed = (wxlink_size)(len + 2u);
    return WXLINK_MORE;
}

/* A header came: a frame begins. One that was under way is cut short, unless it has only an FF too many before it. */
static wxlink_parsed begin(wxlink_parser *parser)
{
    const bool cut = parser->needed > 0 && parser->size > 0;
    parser->size = 0;
    parser->needed = 2;
    parser->sum = 0;
    return cut ? WXLINK_CUT_SHORT : WXLINK_MORE;
}

/* The byte before was an FF that is not yet in the frame; this one, which is no FF, settles what it was. */
static wxlink_parsed settle(wxlink_parser *parser, uint8_t byte)
{
    if (byte == STUFFING) {
        return collect(parser, HEADER);
    }
    if (parser->size == WXLINK_AT_SN && parser->needed == WXLINK_FRAME_SIZE(0) &&
        (parser->frame[WXLINK_AT_CMD] & 1u) == 0) {
        (void)collect(parser, HEADER); /* modules in the field leave sn FF of a short ack unstuffed */
    } else if (parser->size > 0) {
        return leave(parser, WXLINK_NOT_STUFFED);
    }
    return collect(parser, byte); /* FF FF FF: the last two were the header */
}

void wxlink_parser_start(wxlink_parser *parser, uint8_t *frame, wxlink_size capacity)
{
    parser->frame = frame;
    parser->capacity = capacity;
    parser->size = 0;
    parser->needed = 0;
    parser->after_ff = false;
}

wxlink_parsed wxlink_parse(wxlink_parser *parser, uint8_t byte)
{
    const bool after_ff = parser->after_ff;
    parser->after_ff = byte == HEADER && !after_ff;
    if (byte == HEADER) {
        if (after_ff) {
            return begin(parser);
        }
        if ((wxlink_size)(parser->size + 1u) == parser->needed && parser->size > 1 && parser->sum == HEADER) {
            return collect(parser, HEADER); /* a checksum that is right as it is, whether its stuffing follows or not */
        }
        return WXLINK_MORE;
    }
    if (parser->needed == 0) {
        return WXLINK_MORE;
    }
    return after_ff ? settle(parser, byte) : collect(parser, byte);
}

static void put(wxlink_sender *sender, uint8_t byte)
{
    const uint8_t place = (uint8_t)(sender->sent++ % WXLINK_CHUNK);
    sender->chunk[place] = byte;
    if (place == WXLINK_CHUNK - 1u) {
        sender->write(sender->user, sender->chunk, WXLINK_CHUNK);
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

void wxlink_send_rom(wxlink_sender *sender, const char *text, uint8_t size)
{
    while (size-- > 0) {
        wxlink_send_byte(sender, (uint8_t)wxlink_rom_byte(text++));
    }
}

void wxlink_send_start(wxlink_sender *sender, const wxlink_head *head, wxlink_size payload_size)
{
    const wxlink_size len = (wxlink_size)(payload_size + WXLINK_LEN_MIN);
    sender->sent = 0;
    put(sender, HEADER);
    put(sender, HEADER);
    sender->sum = 0;
    wxlink_send_byte(sender, (uint8_t)((uint16_t)len >> 8));
    wxlink_send_byte(sender, (uint8_t)len);
    wxlink_send_bytes(sender, (const uint8_t *)head, sizeof *head);
}

void wxlink_send_end(wxlink_sender *sender)
{
    wxlink_send_byte(sender, sender->sum);
    if (sender->sent % WXLINK_CHUNK != 0) {
        sender->write(sender->user, sender->chunk, sender->sent % WXLINK_CHUNK);
    }
}
