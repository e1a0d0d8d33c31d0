/* Inside the SDK: the MCU's side of the conversation (README 3).
 *
 * What came stands in link->frame until it is handled, and so does an answer that takes its payload's place.
 */
#ifndef WXLINK_SESSION_H
#define WXLINK_SESSION_H

#include "wxlink.h"

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

/* What a notice says (commands 11 and 12). */
enum { WXLINK_ERROR_CHECKSUM = 1, WXLINK_ERROR_COMMAND = 2, WXLINK_ERROR_OTHER = 3, WXLINK_ERROR_FILE_TYPE = 4 };

#define WXLINK_SEND_MAX 4095u /* data of a question: a module takes no more than 4096 bytes with its head (README 3.3) */
#define WXLINK_NO_LEAD 0xFFu /* no action and no mode */

/* Acts on what the parser found, good or bad. */
void wxlink_session_take(wxlink *link, wxlink_parsed parsed);

/* Payload bytes of the frame in the receive buffer. */
static inline wxlink_size wxlink_taken(const wxlink *link)
{
    return wxlink_payload_size(link->frame.len);
}

/* Begins the ack of the command in the receive buffer: its code is the command's plus one. */
void wxlink_answer_start(wxlink *link, uint8_t flags, wxlink_size size);

/* Sends that ack, with the first bytes of what stands in place of the payload. */
void wxlink_answer(wxlink *link, uint8_t flags, wxlink_size size);
void wxlink_acknowledge(wxlink *link);

/* Sends the notice that the frame in the receive buffer is wrong. */
void wxlink_complain(wxlink *link, uint8_t error);

/* Answers command 01, what this MCU is, and command 03, P0 from above. */
void wxlink_info_take(wxlink *link);
void wxlink_down_take(wxlink *link);

/* True when a question may begin: the module is there and no other question waits for its ack. */
static inline bool wxlink_ask_free(const wxlink *link)
{
    return link->up && link->ask.sends == 0;
}

/* Sends the question in link->ask, and again until its ack comes. Fill in head.cmd, lead, payload, size and ended;
 * only while wxlink_ask_free. `ended` is called once: when the ack stands in the receive buffer, or after WXLINK_SENDS
 * sends without one. The next question may begin there. The payload stays untouched until then. */
void wxlink_ask_start(wxlink *link);

/* The ack of a question came, or the notice that it was damaged on its way. */
void wxlink_ask_take(wxlink *link);

/* Sends an unanswered question again, or gives it up; starts one that waits. */
void wxlink_ask_poll(wxlink *link);

#if WXLINK_WITH_ASKED
/* Asks what the maker wished, with an answer to the maker. False when it may not begin. */
bool wxlink_ask_with(wxlink *link, wxlink_question question, uint8_t cmd, uint8_t lead, const uint8_t *payload,
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
/* A command 19, 1D or 1F came: acknowledges it when its time has come, 1D after the piece is written. */
void wxlink_update_take(wxlink *link);

/* Called by every wxlink_poll, behind everything else; link->ticked_at is the time in milliseconds. */
void wxlink_update_poll(wxlink *link);
#endif

#endif
