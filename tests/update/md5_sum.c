/* Prints the MD5 of its standard input, taken in pieces of the size named. */
#include <stdio.h>
#include <stdlib.h>

#include "wxlink_md5.h"

int main(int count, char **words)
{
    static uint8_t piece[4096];
    const size_t size = count > 1 ? strtoul(words[1], NULL, 10) : sizeof piece;
    uint8_t digest[WXLINK_MD5_SIZE];
    wxlink_md5 md5;
    wxlink_md5_start(&md5);
    for (size_t got; (got = fread(piece, 1, size, stdin)) > 0;) {
        wxlink_md5_take(&md5, piece, (uint16_t)got);
    }
    wxlink_md5_end(&md5, digest);
    for (size_t i = 0; i < sizeof digest; i++) {
        printf("%02x", digest[i]);
    }
    return 0;
}
