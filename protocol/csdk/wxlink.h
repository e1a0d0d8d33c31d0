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
 * wxlink_config.h chooses what else is built. The tables that describe a product are generated from its product file,
 * together with a struct that holds its values and its link. Clauses ("README 3") are those of protocol/README.md.
 */
#ifndef WXLINK_H
#define WXLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wxlink_config.h"
#include "wxlink_frame.h"
#include "wxlink_product.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Limits and times (README 3.3 and 3.4; the book reads them here). */
#define WXLINK_RESEND_MS 200u   /* time the module may take for an ack, beyond the time of both frames on the wire */
#define WXLINK_SENDS 3u         /* sends in total before a question is given up */
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

/* What the MCU may ask the module by wxlink_ask: a bit each, so that several may wait. */
typedef enum {
    WXLINK_SETUP_SOFTAP = 0x01,    /* onboarding by the module's own access point */
    WXLINK_SETUP_AIRLINK = 0x02,   /* onboarding by radio broadcast */
    WXLINK_RESET_MODULE = 0x04,    /* the module forgets its network and its users */
    WXLINK_PRODUCTION_TEST = 0x08,
    WXLINK_ALLOW_BINDING = 0x10,   /* users may bind for `bindable_s` from now */
    WXLINK_RESTART_MODULE = 0x20,  /* nothing is forgotten */
    WXLINK_NETWORK_TIME = 0x40,    /* the answer comes to `time` */
    WXLINK_MODULE_INFO = 0x80,     /* the answer comes to `module` */
    WXLINK_SETUP_NETWORK = 0x100,  /* wxlink_setup_network */
    WXLINK_TRANSPARENT_UP = 0x200, /* wxlink_transparent */
    WXLINK_SUB_DEVICES_UP = 0x400  /* wxlink_sub_devices */
} wxlink_question;

#define WXLINK_WITH_ASK (WXLINK_WITH_SETUP || WXLINK_WITH_TIME || WXLINK_WITH_MODULE_INFO)
#define WXLINK_WITH_ASKED (WXLINK_WITH_ASK || WXLINK_WITH_TRANSPARENT || WXLINK_WITH_SUB_DEVICES)

/* Network time. Local by the module's time zone; all zero while the module does not know it. */
typedef struct {
    uint16_t year;
    uint8_t month;
    uint8_t day;
    uint8_t hour;
    uint8_t minute;
    uint8_t second;
    uint32_t unix_s; /* seconds since 1970 in UTC; 0 from a module that does not send it */
} wxlink_time;

/* What a module says about itself. The pointers lead into the received frame: they hold until the callback returns.
 * Texts have the size below and end earlier in a zero. */
typedef struct {
    uint8_t kind;                 /* WXLINK_MODULE_WIFI or the kind of a cellular module */
    const char *protocol_version; /* 8 */
    const char *hardware_version; /* 8 */
    const char *software_version; /* 8 */
    const char *mac;              /* 16; NULL for a cellular module */
    const char *ip;               /* 16; NULL for a cellular module */
    const uint8_t *attributes;    /* 8 bytes */
    const char *imei;             /* 16; NULL for a Wi-Fi module, and so the next ones */
    const char *imsi;             /* 16 */
    const char *mcc;              /* 8 */
    const char *mnc;              /* 8 */
    uint8_t cell_count;
    uint8_t cell_size;            /* bytes of each: location area (2), cell (2), signal (1) */
    const uint8_t *cells;
} wxlink_module;

#define WXLINK_MODULE_WIFI 1u

/* What the maker's code does for the SDK. Only `write` and `milliseconds` must be there; the others may be NULL. */
typedef struct {
    /* Sends bytes to the module. Called with at most WXLINK_CHUNK bytes; returns when they are sent or queued. */
    void (*write)(void *user, const uint8_t *bytes, uint16_t size);
    /* Milliseconds since any moment; wraps at 2^32 and never goes back: an 8-bit MCU whose interrupt counts them reads them
     * with interrupts off. */
    uint32_t (*milliseconds)(void *user);
    /* A user set this data point; its value already stands in the values struct. Called once per data point of a
     * command, in id order, after the ack was sent and every value of the command was stored. */
    void (*control)(void *user, uint16_t point);
    /* The module's status changed; `changed` holds the bits that differ from before. */
    void (*status)(void *user, uint16_t status, uint16_t changed);
    /* The module asked for a restart of the MCU WXLINK_RESTART_MS ago. */
    void (*restart)(void *user);
#if WXLINK_WITH_ASKED
    /* A question ended: the module acknowledged it, or gave no ack to WXLINK_SENDS sends. */
    void (*asked)(void *user, wxlink_question question, bool acknowledged);
#endif
#if WXLINK_WITH_TIME
    /* The answer to WXLINK_NETWORK_TIME, before `asked`. */
    void (*time)(void *user, const wxlink_time *time);
#endif
#if WXLINK_WITH_MODULE_INFO
    /* The answer to WXLINK_MODULE_INFO, before `asked`. */
    void (*module)(void *user, const wxlink_module *module);
#endif
#if WXLINK_WITH_TRANSPARENT
    /* Transparent data for the MCU (P0 action 05). */
    void (*transparent)(void *user, const uint8_t *data, uint16_t size);
#endif
#if WXLINK_WITH_SUB_DEVICES
    /* P0, from its action on, for the device behind this one that has this id. */
    void (*sub_device)(void *user, const uint8_t *id, uint8_t id_size, const uint8_t *p0, uint16_t size);
#endif
} wxlink_port;

/* What the MCU tells the module about itself (command 02). Texts are ASCII; the module sees as much of them as fits. */
typedef struct {
    const char *hardware_version; /* 8 characters */
    const char *software_version; /* 8 characters */
    const char *product_secret;   /* 32 characters, or NULL: the shorter form without a secret is sent */
    uint16_t bindable_s;          /* seconds in which users may bind after power-on; 0 = always */
#if WXLINK_WITH_EXTRA
    const char *extra;            /* key=value&key=value, such as "apName=Lamp&tz=28800"; NULL: none is sent */
#endif
} wxlink_identity;

/* What waits for its time; see wxlink_tick. */
enum { WXLINK_TIMER_ASK, WXLINK_TIMER_REPEAT, WXLINK_TIMER_SLOW, WXLINK_TIMER_PAUSE, WXLINK_TIMER_RESTART, WXLINK_TIMERS };

struct wxlink;

/* A question that waits for its ack: a report or another; see wxlink_session.h. */
typedef struct {
    uint8_t sends;                /* 0 = none */
    wxlink_head head;             /* no question has flags */
    uint8_t lead;                 /* goes before the payload, unless it is WXLINK_NO_LEAD */
    wxlink_size size;
    const uint8_t *payload;
    void (*ended)(struct wxlink *link, bool acknowledged);
#if WXLINK_WITH_ASKED
    wxlink_question question;
#endif
} wxlink_asking;

/* One link. Read the counters, leave the rest to the SDK. Small and often used members stand first: an AVR reaches the
 * first 64 bytes of a struct by short instructions. */
typedef struct wxlink {
    const wxlink_port *port;
    const wxlink_identity *identity;
    void *user;
    void *values;                 /* struct of current values, shared with the maker's code */
    wxlink_point point;           /* row of the data point under work, out of program memory */
    wxlink_place id;              /* and its number */
    volatile uint8_t ring_head;   /* one byte each: main loop and interrupt see them whole on every MCU */
    volatile uint8_t ring_tail;
    volatile uint8_t lost_bytes;  /* counter, stops at 255: the ring was full, call wxlink_poll more often */
    uint8_t bad_frames;           /* counter, stops at 255: everything behind WXLINK_FRAME */
    uint8_t refused;              /* counter, stops at 255: P0 that does not fit the product */
    uint8_t given_up;             /* counter, stops at 255: questions and reports without an ack */
    uint8_t next_sn;
    uint8_t last_sn;              /* of the last command, to know a repeat; valid while its timer runs */
    uint8_t last_digest[2];
    bool repeat;                  /* the command under work came a moment ago: answer it, do nothing else */
    bool up;                      /* the module knows this MCU: questions and reports may go out */
    bool restarting;
    uint8_t due[WXLINK_PRODUCT_VARIABLE ? WXLINK_PRODUCT_FLAGS : 1]; /* flags of what is reported whether it changed or
                                   * not; of a fixed product one for everything */
    uint16_t status;
    uint16_t timers[WXLINK_TIMERS]; /* milliseconds left; 0 = over */
    wxlink_asking ask;
    struct {                      /* being received, as the parser collects it; then its answer */
        uint8_t len[2];
        wxlink_head head;
        uint8_t payload[WXLINK_PAYLOAD_MAX + 1u]; /* and the checksum */
    } frame;
    uint32_t ticked_at;
    uint32_t full_at;             /* of the last report of everything */
    wxlink_parser parser;
    wxlink_sender sender;
#if WXLINK_WITH_ASK
    uint8_t wanted;               /* questions that wait for the one above */
#endif
#if WXLINK_WITH_UPDATE
    struct wxlink_update *update; /* NULL: none may come */
#endif
#if WXLINK_PRODUCT_VARIABLE
    uint8_t told[WXLINK_PRODUCT_IMAGE]; /* what the module was last told */
#endif
    uint8_t report[WXLINK_PRODUCT_REPORT]; /* the last report; of a fixed product: what the module was last told */
    volatile uint8_t ring[WXLINK_RING_SIZE]; /* bytes from the interrupt, not yet handled */
} wxlink;

/* Starts a link. `user` is handed to every callback. False when `identity`, `write` or `milliseconds` is missing:
 * nothing may be called then. Values keep what the maker put there; everything is reported once the module is up. */
bool wxlink_start(wxlink *link, void *values, const wxlink_port *port, const wxlink_identity *identity, void *user);

/* Takes bytes from the UART. The only function that may be called from an interrupt (one interrupt, one core). */
void wxlink_receive(wxlink *link, const uint8_t *bytes, uint16_t size);

/* Handles what was received, repeats unanswered questions, runs the callbacks. Call it often, at least every 10 ms, and
 * never from a callback; everything else may be called there. */
void wxlink_poll(wxlink *link);

/* Compares the values with what was last reported and sends what the report rules (README 3.4) allow now. */
void wxlink_report(wxlink *link);

#if WXLINK_WITH_ASK
/* Asks the module; the end comes to `asked`. Waits for a question or report that is under way, together with others of its
 * kind; the same twice is asked once. False while no module is there: ask again later if it still matters. */
bool wxlink_ask(wxlink *link, wxlink_question question);
#endif

#if WXLINK_WITH_SETUP
/* A network that the MCU knows; NULL or empty texts are sent as such. Up to 255 characters each. */
typedef struct {
    const char *ssid;
    const char *password;
    const char *bssid;
    const char *timezone;
    const char *server;
} wxlink_network;

/* Gives the module a network (command 09, mode 4); the end comes to `asked` as WXLINK_SETUP_NETWORK. `buffer` has room
 * for all texts and a byte more for each, and stays untouched until then. False, and nothing is asked, when it has not,
 * while no module is there and while another question or report is under way: try again after wxlink_poll. */
bool wxlink_setup_network(wxlink *link, const wxlink_network *network, uint8_t *buffer, uint16_t buffer_size);
#endif

#if WXLINK_WITH_TRANSPARENT
/* Sends transparent data (P0 action 06); the end comes to `asked` as WXLINK_TRANSPARENT_UP, and until then the data stays
 * untouched. False, and nothing is sent, while no module is there and while another question or report is under way: try
 * again after wxlink_poll. More than 4095 bytes never go: no frame carries them. */
bool wxlink_transparent(wxlink *link, const uint8_t *data, uint16_t size);
#endif

#if WXLINK_WITH_SUB_DEVICES
/* What is told about devices behind this one: one list, of presences (P0 action 71) or of P0 (73). */
typedef struct {
    uint8_t *buffer;
    uint16_t capacity;
    uint16_t size;
    uint8_t action;
} wxlink_sub_list;

/* Starts a list in a buffer. */
void wxlink_sub_list_start(wxlink_sub_list *list, uint8_t *buffer, uint16_t capacity);

/* Appends whether a device is there, or its P0 from the action on. False, and the list stays as it was, when the buffer
 * is full or the list is of the other kind. */
bool wxlink_sub_list_presence(wxlink_sub_list *list, const uint8_t *id, uint8_t id_size, bool online);
bool wxlink_sub_list_p0(wxlink_sub_list *list, const uint8_t *id, uint8_t id_size, const uint8_t *p0, uint16_t size);

/* Sends a list that is not empty; the end comes to `asked` as WXLINK_SUB_DEVICES_UP, and until then its buffer stays
 * untouched. False as in wxlink_transparent. */
bool wxlink_sub_devices(wxlink *link, const wxlink_sub_list *list);
#endif

#ifdef __cplusplus
}
#endif

#endif
