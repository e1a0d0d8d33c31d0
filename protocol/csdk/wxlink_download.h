/* The download area of the MCU's flash: what of an image is there already, pieces put where they belong, and the check of the
 * whole. The SDK's own; a maker includes wxlink_update.h. */
#ifndef WXLINK_DOWNLOAD_H
#define WXLINK_DOWNLOAD_H

#include "wxlink_update.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    WXLINK_STORED,
    WXLINK_DIFFERS, /* from what was kept: another image */
    WXLINK_REFUSED  /* by the flash */
} wxlink_stored;

typedef enum {
    WXLINK_MORE_TO_CHECK,
    WXLINK_RIGHT,    /* and noted as complete */
    WXLINK_WRONG,    /* another MD5; the download is forgotten */
    WXLINK_NOT_NOTED /* the flash refused */
} wxlink_checked;

/* How many pages of the announced image are there already. The last that was noted is taken again: its note may come from
 * the moment the power went. */
uint16_t wxlink_download_pages(const wxlink_flash *flash);

/* Reads what a download was begun for. False when there is none to go on with. */
bool wxlink_download_begun(const wxlink_flash *flash, wxlink_image *image);

/* Forgets what was downloaded and records what will be. False: the flash refused. */
bool wxlink_download_begin(wxlink_update *update);

/* Puts the piece `update->next` where it belongs, page by page. Up to a write unit behind `bytes` is overwritten. */
wxlink_stored wxlink_download_take(wxlink_update *update, uint8_t *bytes, uint16_t size);

/* Hashes a bit of the content as it stands in flash; at its end decides. */
wxlink_checked wxlink_download_check(wxlink_update *update);

#ifdef __cplusplus
}
#endif

#endif
