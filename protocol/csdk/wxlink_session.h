/* Inside the SDK: the MCU's side of the conversation (README 3). */
#ifndef WXLINK_SESSION_H
#define WXLINK_SESSION_H

#include "wxlink.h"

/* Acts on what the parser found. */
void wxlink_session_take(wxlink *link, wxlink_parsed parsed);

/* Sends a frame and shows it to the maker's trace. */
void wxlink_session_send(wxlink *link, const uint8_t *frame, uint16_t size);

/* Payload bytes of the longest answer that no product changes: device information with the secret. */
#define WXLINK_INFO_SIZE 106u

#define WXLINK_VERSION_SIZE 8u
#define WXLINK_KEY_SIZE 32u

#endif
