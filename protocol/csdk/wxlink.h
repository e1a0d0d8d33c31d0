/* wxlink MCU SDK: the product MCU's end of the serial link to the Wi-Fi module (protocol version 4).
 *
 * No heap, no operating system, no floating point. One context struct (`wxlink`) holds everything, so one program may
 * drive several links. The maker supplies `write` and `milliseconds`, gets one callback per controlled data point and
 * calls three functions:
 *
 *     interrupt:  wxlink_receive(&link, &byte, 1);
 *     main loop:  wxlink_poll(&link);       frames, time-outs, callbacks
 *                 wxlink_report(&link);     after the values were brought up to date
 *
 * The tables that describe a product (`wxlink_product`) are generated from its product file, together with a struct
 * that sizes every buffer. Clauses ("README 3") are those of protocol/README.md.
 */
#ifndef WXLINK_H
#define WXLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wxlink_frame.h"
#include "wxlink_product.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Limits and times (README 3.3 and 3.4; the book reads them here). */
#define WXLINK_RESEND_MS 200u   /* an unanswered report is sent again after this time */
#define WXLINK_SENDS 3u         /* sends in total before a report is given up */
#define WXLINK_REPEAT_MS 600u   /* an equal command within this time is a repeat: as long as a module goes on sending */
#define WXLINK_SLOW_MS 6000u    /* read-only numbers and binaries are not reported more often */
#define WXLINK_FULL_MS 600000u  /* everything is reported again after this time */
#define WXLINK_RETRY_MS 6000u   /* pause after a report was given up, so that a dead module is not flooded */
#define WXLINK_RESTART_MS 600u  /* from the ack of a restart command to the restart */
#define WXLINK_POLL_BYTES 255u  /* handled by one wxlink_poll, so that a noisy line cannot hold the main loop */

/* Module status bits handed to `status` (command 0D, README 3.5). */
#define WXLINK_STATUS_SOFTAP 0x0001u
#define WXLINK_STATUS_STATION 0x0002u
#define WXLINK_STATUS_ONBOARDING 0x0004u
#define WXLINK_STATUS_BINDING 0x0008u
#define WXLINK_STATUS_ROUTER 0x0010u
#define WXLINK_STATUS_CLOUD 0x0020u
#define WXLINK_STATUS_SIGNAL 0x0700u  /* 0 to 7, valid while WXLINK_STATUS_ROUTER is set */
#define WXLINK_STATUS_SIGNAL_SHIFT 8
#define WXLINK_STATUS_APP 0x0800u
#define WXLINK_STATUS_TEST 0x1000u

/* What the maker's code does for the SDK. Only `write` and `milliseconds` must be there; the others may be NULL. */
typedef struct {
    /* Sends bytes to the module. Called with at most WXLINK_CHUNK bytes; returns when they are sent or queued. */
    void (*write)(void *user, const uint8_t *bytes, uint16_t size);
    /* Milliseconds since any moment; wraps at 2^32. */
    uint32_t (*milliseconds)(void *user);
    /* A user set this data point; its value already stands in the values struct. Called once per data point of a
     * command, in id order, after the ack was sent and every value of the command was stored. */
    void (*control)(void *user, uint16_t point);
    /* The module's status changed; `changed` holds the bits that differ from before. */
    void (*status)(void *user, uint16_t status, uint16_t changed);
    /* The module asked for a restart of the MCU WXLINK_RESTART_MS ago. */
    void (*restart)(void *user);
    /* Transparent data for the MCU (P0 action 05). */
    void (*transparent)(void *user, const uint8_t *data, uint16_t size);
    /* A frame went out (sent), or came in good or bad (what); without header and stuffing, see wxlink_frame.h. Of a bad
     * frame other than WXLINK_WRONG_CHECKSUM no bytes are shown. Frame 02 holds the product secret: mask it in logs. */
    void (*trace)(void *user, bool sent, wxlink_parsed what, const uint8_t *frame, uint16_t size);
} wxlink_port;

/* What the MCU tells the module about itself (command 02). Versions are up to 8 ASCII characters. */
typedef struct {
    const char *hardware_version;
    const char *software_version;
    const char *product_secret; /* up to 32 characters, or NULL: the shorter form without a secret is sent */
    uint16_t bindable_s;        /* seconds in which users may bind after power-on; 0 = always */
} wxlink_identity;

/* Memory that the generated code sizes for a product. All of it must live as long as the link. */
typedef struct {
    void *values;         /* struct of current values, shared with the maker's code */
    void *reported;       /* the same struct again: what the module was last told */
    uint8_t *due;         /* flag_size bytes: data points to report whether they changed or not */
    volatile uint8_t *ring; /* bytes from the interrupt, not yet handled */
    uint8_t ring_size;    /* 2 to 255; one byte stays free */
    uint8_t *frame;       /* the frame being received, then its answer */
    uint16_t frame_size;
    uint8_t *report;      /* the report that waits for its ack */
    uint16_t report_size;
} wxlink_memory;

/* One link. Read the counters, leave the rest to the SDK. */
typedef struct {
    const wxlink_product *product;
    const wxlink_port *port;
    const wxlink_identity *identity;
    void *user;
    wxlink_memory memory;
    wxlink_parser parser;
    volatile uint8_t ring_head;   /* one byte each: main loop and interrupt see them whole on every MCU */
    volatile uint8_t ring_tail;
    volatile uint8_t lost_bytes;  /* counter, stops at 255: the ring was full, call wxlink_poll more often */
    uint8_t bad_frames;           /* counter, stops at 255: everything behind WXLINK_FRAME */
    uint8_t refused;              /* counter, stops at 255: P0 that does not fit the product */
    uint8_t given_up;             /* counter, stops at 255: reports without an ack */
    uint8_t next_sn;
    bool up;                      /* the module knows this MCU: reports may go out */
    bool restarting;              /* restart_at is valid */
    bool pausing;                 /* a report was given up; paused_at is valid */
    bool slow_reported;           /* slow_at is valid */
    uint16_t status;
    uint32_t restart_at;          /* when the command came */
    uint32_t paused_at;
    uint32_t slow_at;
    uint32_t full_at;
    struct {                      /* the report that waits for its ack; sends 0 = none */
        uint8_t sends;
        uint8_t sn;
        uint16_t size;
        uint32_t sent_at;
    } report;
    struct {                      /* the last command, to know a repeat */
        bool known;
        uint32_t digest;          /* of cmd, sn, flags and payload */
        uint32_t at;
    } last;
} wxlink;

/* Starts a link. `user` is handed to every callback. False when a callback is missing, a buffer too small or a text too
 * long: nothing may be called then. Values keep what the maker put there; everything is reported once the module is up. */
bool wxlink_start(wxlink *link, const wxlink_product *product, const wxlink_memory *memory, const wxlink_port *port,
                  const wxlink_identity *identity, void *user);

/* Takes bytes from the UART. The only function that may be called from an interrupt (one interrupt, one core). */
void wxlink_receive(wxlink *link, const uint8_t *bytes, uint16_t size);

/* Handles what was received, repeats an unanswered report, runs the callbacks. Call it often, at least every 10 ms. */
void wxlink_poll(wxlink *link);

/* Compares the values with what was last reported and sends what the report rules (README 3.4) allow now. */
void wxlink_report(wxlink *link);

#ifdef __cplusplus
}
#endif

#endif
