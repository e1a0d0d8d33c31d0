/* Inside the SDK: the MCU's side of the conversation (README 3).
 *
 * What wxlink_update.[ch] builds on is settled: wxlink_command, wxlink_acknowledge, link->ask with wxlink_ask_start, and
 * the two functions at the end, which it supplies.
 */
#ifndef WXLINK_SESSION_H
#define WXLINK_SESSION_H

#include "wxlink.h"

#define WXLINK_VERSION_SIZE 8u
#define WXLINK_KEY_SIZE 32u

/* Milliseconds that bytes need on the wire (8N1), rounded up to 16 bytes: numbers of 16 bits are enough for it. */
#define WXLINK_WIRE_MS(bytes) ((uint16_t)(((bytes) / 16u + 1u) * (uint16_t)(160000ul / WXLINK_BAUD + 1)))

/* Commands that this SDK knows (README 3). An ack is its command + 1. */
enum {
    WXLINK_CMD_GET_DEVICE_INFO = 0x01,
    WXLINK_CMD_P0_DOWN = 0x03,
    WXLINK_CMD_P0_UP = 0x05,
    WXLINK_CMD_HEARTBEAT = 0x07,
    WXLINK_CMD_ENTER_CONFIGURATION = 0x09,
    WXLINK_CMD_RESET_MODULE = 0x0B,
    WXLINK_CMD_MODULE_STATUS = 0x0D,
    WXLINK_CMD_RESTART_MCU = 0x0F,
    WXLINK_CMD_MODULE_NOTICE = 0x11,
    WXLINK_CMD_MCU_NOTICE = 0x12,
    WXLINK_CMD_ENTER_TEST = 0x13,
    WXLINK_CMD_ALLOW_BINDING = 0x15,
    WXLINK_CMD_GET_NETWORK_TIME = 0x17,
    WXLINK_CMD_DATA_ANNOUNCE = 0x19,
    WXLINK_CMD_DATA_READY = 0x1B,
    WXLINK_CMD_DATA_PIECE = 0x1D,
    WXLINK_CMD_DATA_SENDER_CANCEL = 0x1F,
    WXLINK_CMD_GET_MODULE_INFO = 0x21,
    WXLINK_CMD_DATA_RECEIVER_CANCEL = 0x27,
    WXLINK_CMD_RESTART_MODULE = 0x29
};

/* A command of the module for wxlink_update_take. The payload stands in the receive buffer. */
typedef struct {
    uint8_t cmd;
    uint8_t sn;
    uint8_t flags; /* their low byte */
    bool repeat;   /* it came a moment ago: answer it, do nothing else */
    uint8_t *payload;
    wxlink_size size;
} wxlink_command;

#define WXLINK_SEND_MAX 4095u /* data of a question: a module takes no more than 4096 bytes with its head (README 3.3) */
#define WXLINK_NO_HEAD 0xFFu /* no action and no mode */

/* Acts on what the parser found. */
void wxlink_session_take(wxlink *link, wxlink_parsed parsed);

/* Sends a frame whose payload is one piece. */
void wxlink_session_send(wxlink *link, uint8_t cmd, uint8_t sn, uint8_t flags, const uint8_t *payload, wxlink_size size);

/* Sends the ack of the command in the receive buffer, with the first bytes of what stands in place of its payload. */
void wxlink_answer(wxlink *link, uint8_t flags, wxlink_size size);

/* True when a question may begin: the module is there and no other question waits for its ack. */
bool wxlink_ask_free(const wxlink *link);

/* Sends the question in link->ask, and again until its ack comes. Fill in cmd, flags, head, payload, size and ended;
 * only while wxlink_ask_free. `ended` is called once: with the payload of the ack, or with NULL after WXLINK_SENDS sends
 * without one. The next question may begin there. The payload stays untouched until then. */
void wxlink_ask_start(wxlink *link);

/* The ack of a question came, with its payload in the receive buffer, or the notice that it was damaged on its way. */
void wxlink_ask_acknowledged(wxlink *link, uint8_t cmd, uint8_t sn);
void wxlink_ask_damaged(wxlink *link, uint8_t sn);

/* Sends an unanswered question again, or gives it up; starts one that waits. */
void wxlink_ask_poll(wxlink *link);

#if WXLINK_WITH_ASKED
/* Asks what the maker wished, with an answer to the maker. False when it may not begin. */
bool wxlink_ask_with(wxlink *link, wxlink_question question, uint8_t cmd, uint8_t head, const uint8_t *payload,
                     wxlink_size size);
#endif

#if WXLINK_WITH_ASK
/* Starts a question that wxlink_ask noted, when it may. */
void wxlink_questions_poll(wxlink *link);
#endif

/* Lets the time since the last tick run down. */
void wxlink_tick(wxlink *link);

/* Counts up to 255. */
void wxlink_count(uint8_t *counter);

#if WXLINK_WITH_UPDATE
/* Sends the ack without payload: every ack's code is its command's plus one. */
void wxlink_acknowledge(wxlink *link, const wxlink_command *in);

/* A command 19, 1D or 1F came: acknowledges it when its time has come, 1D after the piece is written. */
void wxlink_update_take(wxlink *link, const wxlink_command *in);

/* Called by every wxlink_poll, behind everything else; link->ticked_at is the time in milliseconds. */
void wxlink_update_poll(wxlink *link);
#endif

#endif
