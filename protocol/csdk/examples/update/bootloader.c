/* A board that updates itself, on a POSIX system: the bootloader. Its flash is a file, and the program in it is an
 * executable: `bootloader FLASH TTY` brings the flash in order, runs the program, and does so again when that asks for a
 * restart. `bootloader FLASH --burn PROGRAM` puts a first program into the flash, as a factory does. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "file_flash.h"
#include "restart.h"
#include "wxlink_boot.h"

static wxlink_flash flash;

static int fail(const char *what)
{
    fprintf(stderr, "bootloader: %s: %s\n", what, strerror(errno));
    return EXIT_FAILURE;
}

/* Writes a file's bytes to the program area. */
static bool burn(const char *path)
{
    uint8_t page[FLASH_PAGE];
    uint32_t address = flash.program;
    FILE *program = fopen(path, "rb");
    bool good = program != NULL;
    for (size_t got; good && (got = fread(page, 1, sizeof page, program)) > 0; address += FLASH_PAGE) {
        memset(page + got, 0xFF, sizeof page - got);
        good = address < flash.program + FLASH_PAGES * FLASH_PAGE && flash.erase(NULL, address) &&
               flash.write(NULL, address, page, sizeof page);
    }
    if (program != NULL) {
        fclose(program);
    }
    return good;
}

/* Puts the program area into a file that can be run. */
static bool extract(const char *path)
{
    uint8_t page[FLASH_PAGE];
    FILE *program = fopen(path, "wb");
    bool good = program != NULL;
    for (uint32_t i = 0; good && i < FLASH_PAGES; i++) {
        flash.read(NULL, flash.program + i * FLASH_PAGE, page, sizeof page);
        good = fwrite(page, 1, sizeof page, program) == sizeof page;
    }
    return program != NULL && fclose(program) == 0 && good && chmod(path, 0700) == 0;
}

/* Runs the program until it ends; gives its status. */
static int run(const char *program, const char *flash_path, const char *tty)
{
    int status = 0;
    const pid_t child = fork();
    if (child == 0) {
        execl(program, program, flash_path, tty, (char *)NULL);
        _exit(EXIT_FAILURE);
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}

int main(int count, char **words)
{
    char program[] = "/tmp/wxlink-program-XXXXXX";
    if (count < 3) {
        fputs("usage: bootloader FLASH TTY | bootloader FLASH --burn PROGRAM\n", stderr);
        return 2;
    }
    if (!file_flash_open(&flash, words[1])) {
        return fail(words[1]);
    }
    if (strcmp(words[2], "--burn") == 0) {
        return count == 4 && burn(words[3]) ? EXIT_SUCCESS : fail("the program");
    }
    const int place = mkstemp(program);
    if (place < 0 || close(place) != 0) {
        return fail(program);
    }
    int status = RESTART_STATUS;
    while (status == RESTART_STATUS) {
        status = wxlink_boot(&flash) && extract(program) ? run(program, words[1], words[2]) : fail("the flash");
    }
    unlink(program);
    return status;
}
