/* New firmware for the MCU over the serial link (README 3): announced by the module, taken piece by piece into the
 * download area, checked by its MD5, and left to the bootloader (boot/README.md). Needs WXLINK_WITH_UPDATE.
 *
 *     gokit_start(&device, ...);
 *     wxlink_update_start(&update, &device.link, &flash, ended);
 *     ...
 *     wxlink_update_confirm(&flash);   once the new program has shown that it works
 *
 * What was written before a loss of power, or before the module went silent, stays: the module is asked to begin again,
 * and the pages that are there already are compared instead of written.
 */
#ifndef WXLINK_UPDATE_H
#define WXLINK_UPDATE_H

#include "wxlink.h"
#include "wxlink_journal.h"
#include "wxlink_md5.h"

#ifdef __cplusplus
extern "C" {
#endif

#define WXLINK_SILENCE_MS 15000u /* without a piece: the module is asked again once, then the update is cancelled */

/* How an update ended. What was received is kept, but for the last two. */
typedef enum {
    WXLINK_UPDATE_COMPLETE,      /* the content is right; `restart` follows in WXLINK_RESTART_MS, the bootloader does the rest */
    WXLINK_UPDATE_CANCELLED,     /* by the module */
    WXLINK_UPDATE_SILENT,        /* the module sent no piece */
    WXLINK_UPDATE_GAP,           /* a piece is missing */
    WXLINK_UPDATE_NOT_BINARY,    /* the module sends HEX lines */
    WXLINK_UPDATE_BAD_PIECE,     /* its numbers or its size are not those that were agreed */
    WXLINK_UPDATE_BAD_ANNOUNCE,  /* not a size and an MD5 */
    WXLINK_UPDATE_TOO_LARGE,     /* for the download area */
    WXLINK_UPDATE_FLASH_REFUSED, /* an erase or a write failed */
    WXLINK_UPDATE_WRONG_CONTENT  /* the MD5 is another one */
} wxlink_update_end;

/* The state of an update; leave it to the SDK. */
typedef struct wxlink_update {
    const wxlink_flash *flash;
    void (*ended)(void *user, wxlink_update_end end);
    wxlink_image image;
    uint8_t state;
    uint8_t end;         /* wxlink_update_end of an update that is being cancelled */
    bool asked_again;    /* for the first piece, after a silence */
    uint16_t next;       /* number of the piece that comes next, from 1 */
    uint16_t kept;       /* pages that were written before, and stay */
    uint32_t heard_at;   /* of the last piece, in milliseconds */
    uint32_t hashed;     /* bytes of the content */
    wxlink_md5 md5;
    uint8_t ready[36];   /* payload of command 1B */
} wxlink_update;

/* Lets a link take updates; call it after the link was started. `ended` gets the link's `user` and may be NULL. An update
 * that was cut is asked for again, and a new program lets the module restart, which then asks for its version. False when
 * the numbers of the flash are impossible ones, or WXLINK_PIECE_SIZE is no multiple of its write unit. */
bool wxlink_update_start(wxlink_update *update, wxlink *link, const wxlink_flash *flash,
                         void (*ended)(void *user, wxlink_update_end end));

/* Says that this program works: the bootloader then keeps it. A program that never says so is replaced by the one before
 * at its fourth start. Does nothing when there is nothing to say. False: the flash refused. */
bool wxlink_update_confirm(const wxlink_flash *flash);

#ifdef __cplusplus
}
#endif

#endif
