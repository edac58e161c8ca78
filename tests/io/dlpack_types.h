/* The types of adze as DLPack has them, for the tests of both directions. */
#ifndef ADZE_TESTS_DLPACK_TYPES_H
#define ADZE_TESTS_DLPACK_TYPES_H

#include "adze/array.h"

#define LENGTH(list) ((int)(sizeof(list) / sizeof *(list)))

static const struct {
    uint8_t code, bits;
} codes[AD_TYPE_COUNT] = {{2, 32}, {2, 64}, {0, 32}, {0, 64}, {1, 8}, {6, 8}};

#endif
