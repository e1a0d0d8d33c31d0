/* Frames of the serial link (README 2).
 *
 * On the wire:  FF FF | len(2) | cmd | sn | flags(2) | payload | checksum, with 55 stuffed after every FF behind the
 * header. In memory the same without header and stuffing: that is what every function here calls a frame.
 */
#ifndef WXLINK_FRAME_H
#define WXLINK_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Places of the fields in a frame. */
#define WXLINK_AT_LEN 0
#define WXLINK_AT_CMD 2
#define WXLINK_AT_SN 3
#define WXLINK_AT_FLAGS 4
#define WXLINK_AT_PAYLOAD 6

#define WXLINK_LEN_MIN 5u  /* smallest len field: cmd, sn, flags, checksum */
#define WXLINK_FRAME_SIZE(payload) ((payload) + 7u) /* bytes of memory for a frame with this much payload */
#define WXLINK_CHUNK 16u   /* bytes handed to `write` at once; lives on the stack */

/* What one byte led to. Everything behind WXLINK_FRAME is a bad frame. */
typedef enum {
    WXLINK_MORE,           /* nothing yet */
    WXLINK_FRAME,          /* a good frame */
    WXLINK_WRONG_CHECKSUM, /* a whole frame, but damaged */
    WXLINK_CUT_SHORT,      /* by a new header */
    WXLINK_NOT_STUFFED,    /* FF followed by neither 55 nor FF */
    WXLINK_TOO_SHORT,      /* len below WXLINK_LEN_MIN */
    WXLINK_TOO_LONG        /* len above the parser's capacity */
} wxlink_parsed;

typedef struct {
    uint8_t *frame;
    uint16_t capacity;
    uint16_t size;  /* bytes collected; after WXLINK_FRAME and WXLINK_WRONG_CHECKSUM the frame's size */
    bool inside;    /* behind a header */
    bool after_ff;  /* the byte before was an FF whose meaning the next byte settles */
} wxlink_parser;

/* Starts a parser that collects frames of up to `capacity` bytes (2 at least) in `frame`. Longer ones are dropped. */
void wxlink_parser_start(wxlink_parser *parser, uint8_t *frame, uint16_t capacity);

/* Takes one byte from the wire. The frame it completes stands in parser->frame until the next call. */
wxlink_parsed wxlink_parse(wxlink_parser *parser, uint8_t byte);

/* Payload bytes of a frame. */
uint16_t wxlink_payload_size(const uint8_t *frame);

/* Fills in everything around a payload that already stands at WXLINK_AT_PAYLOAD. Gives the frame's size. */
uint16_t wxlink_frame_seal(uint8_t *frame, uint8_t cmd, uint8_t sn, uint16_t flags, uint16_t payload_size);

/* Sends a frame: header, stuffing, in pieces of WXLINK_CHUNK bytes. */
void wxlink_frame_send(const uint8_t *frame, uint16_t size,
                       void (*write)(void *user, const uint8_t *bytes, uint16_t size), void *user);

#ifdef __cplusplus
}
#endif

#endif
