/* Inside the SDK: which data points are reported when (README 3.4). */
#ifndef WXLINK_REPORT_H
#define WXLINK_REPORT_H

#include "wxlink.h"

#define WXLINK_REPORT_COMMAND 0x05u

/* Marks every data point as due: a module that just started knows nothing. */
void wxlink_report_all(wxlink *link);

/* The module acknowledged a report. */
void wxlink_report_acknowledged(wxlink *link, uint8_t sn);

/* The module says that a report reached it damaged: sends it again at once. */
void wxlink_report_damaged(wxlink *link, uint8_t sn);

/* Sends an unanswered report again, or gives it up. */
void wxlink_report_poll(wxlink *link);

#endif
