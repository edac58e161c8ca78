/* Words of a few bytes, in either order. */
#ifndef ADZE_IO_WORDS_H
#define ADZE_IO_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The order of the machine's own words. */
static inline bool ad_big_endian(void)
{
    const uint16_t one = 1;
    return *(const unsigned char *)&one == 0;
}

/* A word of 1 to 8 bytes. */
static inline uint64_t ad_word(const unsigned char *bytes, size_t width, bool big)
{
    uint64_t word = 0;
    for (size_t i = 0; i < width; i++)
        word = word << 8 | bytes[big ? i : width - 1 - i];
    return word;
}

/* Writes a word, the lowest byte first. Returns where the next one goes. */
static inline unsigned char *ad_put_word(unsigned char *to, uint64_t word, size_t width)
{
    for (size_t i = 0; i < width; i++)
        to[i] = (unsigned char)(word >> 8 * i);
    return to + width;
}

#endif
