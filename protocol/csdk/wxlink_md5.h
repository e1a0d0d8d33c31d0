/* MD5 (RFC 1321): the check of an update's content, which the serial link prescribes (README 3). It finds damage; it is
 * no proof against a forger. */
#ifndef WXLINK_MD5_H
#define WXLINK_MD5_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WXLINK_MD5_SIZE 16u  /* bytes of a digest */
#define WXLINK_MD5_BLOCK 64u /* bytes hashed at a time */

typedef struct {
    uint32_t words[4];
    uint32_t size; /* bytes taken so far */
    uint8_t block[WXLINK_MD5_BLOCK];
} wxlink_md5;

/* Begins a digest. */
void wxlink_md5_start(wxlink_md5 *md5);

/* Takes the next bytes; less than 2^32 in total. */
void wxlink_md5_take(wxlink_md5 *md5, const uint8_t *bytes, uint16_t size);

/* Ends the digest and gives it. */
void wxlink_md5_end(wxlink_md5 *md5, uint8_t digest[WXLINK_MD5_SIZE]);

#ifdef __cplusplus
}
#endif

#endif
