/* Frames of the serial link (README 2).
 *
 * On the wire:  FF FF | len(2) | cmd | sn | flags(2) | payload | checksum, with 55 stuffed after every FF behind the
 * header. What the parser collects is the same without header and stuffing.
 */
#ifndef WXLINK_FRAME_H
#define WXLINK_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "wxlink_config.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A number of bytes in a frame. */
#if WXLINK_LONG_FRAMES
typedef uint16_t wxlink_size;
#else
typedef uint8_t wxlink_size;
#endif

/* Places of the fields in a collected frame. */
#define WXLINK_AT_LEN 0
#define WXLINK_AT_CMD 2
#define WXLINK_AT_SN 3
#define WXLINK_AT_FLAGS 4
#define WXLINK_AT_PAYLOAD 6

#define WXLINK_LEN_MIN 5u  /* smallest len field: cmd, sn, flags, checksum */
#define WXLINK_FRAME_SIZE(payload) ((payload) + 7u) /* bytes of memory for a frame with this much payload */
#define WXLINK_CHUNK 16u   /* bytes handed to `write` at once */

/* What a frame is; in this order on the wire and in a collected frame. */
typedef struct {
    uint8_t cmd;
    uint8_t sn;
    uint8_t flags[2];
} wxlink_head;

/* What one byte led to. Everything behind WXLINK_FRAME is a bad frame. */
enum {
    WXLINK_MORE,           /* nothing yet */
    WXLINK_FRAME,          /* a good frame */
    WXLINK_WRONG_CHECKSUM, /* a whole frame, but damaged */
    WXLINK_CUT_SHORT,      /* by a new header */
    WXLINK_NOT_STUFFED,    /* FF followed by neither 55 nor FF */
    WXLINK_TOO_SHORT,      /* len below WXLINK_LEN_MIN */
    WXLINK_TOO_LONG        /* len above the parser's capacity */
};
typedef uint8_t wxlink_parsed;

typedef struct {
    uint8_t *frame;
    wxlink_size capacity;
    wxlink_size size;   /* bytes collected; after WXLINK_FRAME and WXLINK_WRONG_CHECKSUM the frame's size */
    wxlink_size needed; /* bytes the frame must reach: 2 until its length is known; 0 outside of a frame */
    uint8_t sum;        /* of the bytes collected */
    bool after_ff;      /* the byte before was an FF whose meaning the next byte settles */
} wxlink_parser;

/* Starts a parser that collects frames of up to `capacity` bytes (2 at least) in `frame`. Longer ones are dropped. */
void wxlink_parser_start(wxlink_parser *parser, uint8_t *frame, wxlink_size capacity);

/* Takes one byte from the wire. The frame it completes stands in parser->frame until the next call. */
wxlink_parsed wxlink_parse(wxlink_parser *parser, uint8_t byte);

/* Two bytes of a frame as a number. */
static inline uint16_t wxlink_u16(const uint8_t *bytes)
{
    return (uint16_t)((uint16_t)bytes[0] << 8 | bytes[1]);
}

/* Payload bytes of a frame. */
static inline wxlink_size wxlink_payload_size(const uint8_t *frame)
{
    const uint8_t *len = frame + WXLINK_AT_LEN;
    return (wxlink_size)((WXLINK_LONG_FRAMES ? wxlink_u16(len) : len[1]) - WXLINK_LEN_MIN);
}

/* A way out for frames: they leave in pieces of WXLINK_CHUNK bytes, without a buffer for a whole one. */
typedef struct {
    void (*write)(void *user, const uint8_t *bytes, uint16_t size);
    void *user;
    uint16_t sent; /* bytes of the frame so far, header and stuffing included */
    uint8_t sum;
    uint8_t chunk[WXLINK_CHUNK]; /* those that `write` has not got yet */
} wxlink_sender;

/* Begins a frame whose payload has this many bytes. */
void wxlink_send_start(wxlink_sender *sender, const wxlink_head *head, wxlink_size payload_size);

/* Appends to the payload. */
void wxlink_send_byte(wxlink_sender *sender, uint8_t byte);
void wxlink_send_bytes(wxlink_sender *sender, const uint8_t *bytes, wxlink_size size);
void wxlink_send_rom(wxlink_sender *sender, const char *text, uint8_t size); /* out of program memory */

/* Ends the frame: what is left goes out. */
void wxlink_send_end(wxlink_sender *sender);

#ifdef __cplusplus
}
#endif

#endif
