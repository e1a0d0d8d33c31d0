/* The reference bootloader: exchanges the program with a downloaded image, and back when the new one does not work.
 *
 * For MCUs that run their program from one place. `wxlink_boot` is the whole of it; the maker's `main` calls it with the
 * table of the flash and jumps into the program. Power may be lost at any moment: the next start takes up where the
 * last one was, and the program is jumped to only when it is a whole one. boot/README.md says how.
 */
#ifndef WXLINK_BOOT_H
#define WXLINK_BOOT_H

#include "wxlink_flash.h"

#ifdef __cplusplus
extern "C" {
#endif

#define WXLINK_BOOT_TRIALS 3u /* starts that a new program has to show that it works */

/* Brings the program area in order; minutes may pass on a slow flash, so keep the watchdog fed in `erase`. True: jump to
 * the program. False: the flash refused an erase or a write; reset and try again. */
bool wxlink_boot(const wxlink_flash *flash);

#ifdef __cplusplus
}
#endif

#endif
