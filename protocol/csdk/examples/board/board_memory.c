#define _POSIX_C_SOURCE 200809L

#include "board_memory.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "board_hardware.h"

#define LINE_SIZE 1100 /* characters; the longest name of a data point and a number are shorter */

void memory_read(const char *path, uint32_t kept[BOARD_POINTS], bool known[BOARD_POINTS])
{
    char line[LINE_SIZE];
    char name[LINE_SIZE];
    memset(known, 0, BOARD_POINTS * sizeof known[0]);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return;
    }
    if (fgets(line, sizeof line, file) != NULL && strcmp(line, BOARD_PRODUCT_KEY "\n") == 0) {
        while (fgets(line, sizeof line, file) != NULL) {
            uint32_t raw;
            if (sscanf(line, "%s %" SCNu32, name, &raw) != 2) {
                break;
            }
            for (uint16_t i = 0; i < BOARD_POINTS; i++) {
                if (strcmp(name, board_names[i]) == 0) {
                    kept[i] = raw;
                    known[i] = true;
                }
            }
        }
    }
    fclose(file);
}

static bool write_all(FILE *file, const uint32_t kept[BOARD_POINTS])
{
    bool good = fputs(BOARD_PRODUCT_KEY "\n", file) >= 0;
    for (uint16_t i = 0; i < BOARD_POINTS; i++) {
        if (board_rows[i].keep) {
            good = fprintf(file, "%s %" PRIu32 "\n", board_names[i], kept[i]) > 0 && good;
        }
    }
    return good && fflush(file) == 0 && fsync(fileno(file)) == 0;
}

bool memory_write(const char *path, const uint32_t kept[BOARD_POINTS])
{
    char fresh[PATH_MAX];
    if (snprintf(fresh, sizeof fresh, "%s.new", path) >= (int)sizeof fresh) {
        errno = ENAMETOOLONG;
        return false;
    }
    FILE *file = fopen(fresh, "w");
    if (file == NULL) {
        return false;
    }
    const bool written = write_all(file, kept);
    return fclose(file) == 0 && written && rename(fresh, path) == 0;
}
