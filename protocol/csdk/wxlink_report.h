/* Inside the SDK: which data points are reported when (README 3.4). */
#ifndef WXLINK_REPORT_H
#define WXLINK_REPORT_H

#include "wxlink.h"

/* Marks every data point as due: a module that just started knows nothing. */
void wxlink_report_all(wxlink *link);

#endif
