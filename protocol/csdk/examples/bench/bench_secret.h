/* The product secret, from a file: on the command line every user of the machine could read it. */
#ifndef BENCH_SECRET_H
#define BENCH_SECRET_H

#include <stdbool.h>

#define SECRET_SIZE 32

/* Reads the first line of a file into `secret`. False, with a message of `program` on standard error, when it cannot be
 * read or is not SECRET_SIZE lower-case hex digits. */
bool secret_read(const char *program, const char *path, char secret[SECRET_SIZE + 1]);

#endif
