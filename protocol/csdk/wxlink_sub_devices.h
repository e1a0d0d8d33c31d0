/* Inside the SDK: devices behind this one (README 4.1, actions 71 to 73). */
#ifndef WXLINK_SUB_DEVICES_H
#define WXLINK_SUB_DEVICES_H

#include "wxlink_session.h"

#define WXLINK_SUB_DEVICES_DOWN 0x72u

#if WXLINK_WITH_SUB_DEVICES
/* P0 for devices behind this one came: acknowledges it and hands each its part. */
void wxlink_sub_devices_take(wxlink *link, const uint8_t *p0, uint16_t size);
#endif

#endif
