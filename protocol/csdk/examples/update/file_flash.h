/* A flash memory in a file, for bootloader and program on a POSIX system. */
#ifndef FILE_FLASH_H
#define FILE_FLASH_H

#include <stdbool.h>

#include "wxlink_flash.h"

#define FLASH_PAGE 4096u /* bytes */
#define FLASH_PAGES 64u  /* of the longest image: 256 KB hold a program with all its symbols */

/* Opens the file, made and erased when there is none, and fills in the table. False with errno set when it cannot. */
bool file_flash_open(wxlink_flash *flash, const char *path);

#endif
