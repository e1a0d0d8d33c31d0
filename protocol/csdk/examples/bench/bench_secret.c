#include "bench_secret.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool secret_read(const char *program, const char *path, char secret[SECRET_SIZE + 1])
{
    char text[SECRET_SIZE + 2] = {0}; /* a byte more than the digits tells where the line ends */
    FILE *file = fopen(path, "r");
    if (file != NULL) {
        (void)fread(text, 1, sizeof text - 1, file);
    }
    if (file == NULL || ferror(file)) {
        fprintf(stderr, "%s: %s: %s\n", program, path, strerror(errno));
        if (file != NULL) {
            fclose(file);
        }
        return false;
    }
    fclose(file);
    if (strspn(text, "0123456789abcdef") != SECRET_SIZE || strchr("\r\n", text[SECRET_SIZE]) == NULL) {
        fprintf(stderr, "%s: %s: the first line must be %d lower-case hex digits\n", program, path, SECRET_SIZE);
        return false;
    }
    memcpy(secret, text, SECRET_SIZE);
    secret[SECRET_SIZE] = '\0';
    return true;
}
