/* What a simulated board keeps over a restart: a file in place of its flash, written as a whole or not at all. */
#ifndef BOARD_MEMORY_H
#define BOARD_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "board_product.h"

/* Reads the raw values that were kept last, and marks those known; none when the file belongs to another product or
 * cannot be read. */
void memory_read(const char *path, uint32_t kept[BOARD_POINTS], bool known[BOARD_POINTS]);

/* Keeps the raw values of the data points whose row says so. False with errno set. */
bool memory_write(const char *path, const uint32_t kept[BOARD_POINTS]);

#endif
