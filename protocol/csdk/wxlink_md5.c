#include "wxlink_md5.h"

#include <string.h>

#include "wxlink_rom.h"

#define LENGTH_AT 56u /* where the last block holds the number of bits */

/* Whole part of 2^32 * |sin(i + 1)|. */
static const uint32_t sines[64] WXLINK_ROM = {
    0xd76aa478u, 0xe8c7b756u, 0x242070dbu, 0xc1bdceeeu, 0xf57c0fafu, 0x4787c62au, 0xa8304613u, 0xfd469501u,
    0x698098d8u, 0x8b44f7afu, 0xffff5bb1u, 0x895cd7beu, 0x6b901122u, 0xfd987193u, 0xa679438eu, 0x49b40821u,
    0xf61e2562u, 0xc040b340u, 0x265e5a51u, 0xe9b6c7aau, 0xd62f105du, 0x02441453u, 0xd8a1e681u, 0xe7d3fbc8u,
    0x21e1cde6u, 0xc33707d6u, 0xf4d50d87u, 0x455a14edu, 0xa9e3e905u, 0xfcefa3f8u, 0x676f02d9u, 0x8d2a4c8au,
    0xfffa3942u, 0x8771f681u, 0x6d9d6122u, 0xfde5380cu, 0xa4beea44u, 0x4bdecfa9u, 0xf6bb4b60u, 0xbebfbc70u,
    0x289b7ec6u, 0xeaa127fau, 0xd4ef3085u, 0x04881d05u, 0xd9d4d039u, 0xe6db99e5u, 0x1fa27cf8u, 0xc4ac5665u,
    0xf4292244u, 0x432aff97u, 0xab9423a7u, 0xfc93a039u, 0x655b59c3u, 0x8f0ccc92u, 0xffeff47du, 0x85845dd1u,
    0x6fa87e4fu, 0xfe2ce6e0u, 0xa3014314u, 0x4e0811a1u, 0xf7537e82u, 0xbd3af235u, 0x2ad7d2bbu, 0xeb86d391u,
};

/* Bits of the rotations, four for each round. */
static const uint8_t rotations[16] WXLINK_ROM = {7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21};

static uint32_t little(const uint8_t *bytes)
{
    return (uint32_t)bytes[3] << 24 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[1] << 8 | bytes[0];
}

static void put_little(uint8_t *bytes, uint32_t word)
{
    for (uint8_t i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(word >> 8u * i);
    }
}

static uint32_t word_at(const wxlink_md5 *md5, uint8_t index)
{
    return little(md5->block + 4u * (index & 15u));
}

/* The word of the block that a step takes, and what its round makes of b, c and d. */
static uint32_t mixed(const wxlink_md5 *md5, uint8_t step, uint32_t b, uint32_t c, uint32_t d)
{
    switch (step >> 4) {
    case 0:
        return word_at(md5, step) + ((b & c) | (~b & d));
    case 1:
        return word_at(md5, (uint8_t)(1u + 5u * step)) + ((b & d) | (c & ~d));
    case 2:
        return word_at(md5, (uint8_t)(5u + 3u * step)) + (b ^ c ^ d);
    default:
        return word_at(md5, (uint8_t)(7u * step)) + (c ^ (b | ~d));
    }
}

static void hash_block(wxlink_md5 *md5)
{
    uint32_t a = md5->words[0];
    uint32_t b = md5->words[1];
    uint32_t c = md5->words[2];
    uint32_t d = md5->words[3];
    for (uint8_t step = 0; step < 64; step++) {
        uint32_t sine;
        uint8_t rotation;
        wxlink_rom_copy(&sine, &sines[step], sizeof sine);
        wxlink_rom_copy(&rotation, &rotations[(step >> 4) * 4 + (step & 3)], sizeof rotation);
        const uint32_t sum = a + sine + mixed(md5, step, b, c, d);
        a = d;
        d = c;
        c = b;
        b += sum << rotation | sum >> (32 - rotation);
    }
    md5->words[0] += a;
    md5->words[1] += b;
    md5->words[2] += c;
    md5->words[3] += d;
}

void wxlink_md5_start(wxlink_md5 *md5)
{
    md5->words[0] = 0x67452301u;
    md5->words[1] = 0xefcdab89u;
    md5->words[2] = 0x98badcfeu;
    md5->words[3] = 0x10325476u;
    md5->size = 0;
}

void wxlink_md5_take(wxlink_md5 *md5, const uint8_t *bytes, uint16_t size)
{
    for (uint16_t i = 0; i < size; i++) {
        md5->block[md5->size % WXLINK_MD5_BLOCK] = bytes[i];
        md5->size++;
        if (md5->size % WXLINK_MD5_BLOCK == 0) {
            hash_block(md5);
        }
    }
}

void wxlink_md5_end(wxlink_md5 *md5, uint8_t digest[WXLINK_MD5_SIZE])
{
    const uint32_t size = md5->size;
    uint8_t padding = 0x80; /* then zeros */
    do {
        wxlink_md5_take(md5, &padding, 1);
        padding = 0;
    } while (md5->size % WXLINK_MD5_BLOCK != LENGTH_AT);
    put_little(md5->block + LENGTH_AT, size << 3);
    put_little(md5->block + LENGTH_AT + 4, size >> 29);
    hash_block(md5);
    for (uint8_t i = 0; i < 4; i++) {
        put_little(digest + 4u * i, md5->words[i]);
    }
}
