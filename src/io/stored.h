/* Types of numbers as files have them, and their little-endian bytes. */
#ifndef ADZE_IO_STORED_H
#define ADZE_IO_STORED_H

#include "adze/array.h"

/* One row is one type: its name in safetensors, its bits, adze's own type, and the one that holds all its numbers
 * (AD_TYPE_COUNT: none). The order is that of safetensors. */
#define AD_STORED_LIST(ROW)                           \
    ROW(BOOL, 8, AD_BOOL, AD_BOOL)                    \
    ROW(F4, 4, AD_TYPE_COUNT, AD_TYPE_COUNT)          \
    ROW(F6_E2M3, 6, AD_TYPE_COUNT, AD_TYPE_COUNT)     \
    ROW(F6_E3M2, 6, AD_TYPE_COUNT, AD_TYPE_COUNT)     \
    ROW(U8, 8, AD_U8, AD_U8)                          \
    ROW(I8, 8, AD_TYPE_COUNT, AD_I32)                 \
    ROW(F8_E5M2, 8, AD_TYPE_COUNT, AD_F32)            \
    ROW(F8_E4M3, 8, AD_TYPE_COUNT, AD_F32)            \
    ROW(F8_E8M0, 8, AD_TYPE_COUNT, AD_TYPE_COUNT)     \
    ROW(F8_E4M3FNUZ, 8, AD_TYPE_COUNT, AD_TYPE_COUNT) \
    ROW(F8_E5M2FNUZ, 8, AD_TYPE_COUNT, AD_TYPE_COUNT) \
    ROW(I16, 16, AD_TYPE_COUNT, AD_I32)               \
    ROW(U16, 16, AD_TYPE_COUNT, AD_I32)               \
    ROW(F16, 16, AD_TYPE_COUNT, AD_F32)               \
    ROW(BF16, 16, AD_TYPE_COUNT, AD_F32)              \
    ROW(I32, 32, AD_I32, AD_I32)                      \
    ROW(U32, 32, AD_TYPE_COUNT, AD_I64)               \
    ROW(F32, 32, AD_F32, AD_F32)                      \
    ROW(C64, 64, AD_TYPE_COUNT, AD_TYPE_COUNT)        \
    ROW(F64, 64, AD_F64, AD_F64)                      \
    ROW(I64, 64, AD_I64, AD_I64)                      \
    ROW(U64, 64, AD_TYPE_COUNT, AD_I64)

#define AD_STORED_NAME(name, bits, type, carrier) AD_STORED_##name,
typedef enum ad_stored { AD_STORED_LIST(AD_STORED_NAME) AD_STORED_COUNT } ad_stored;
#undef AD_STORED_NAME

const char *ad_stored_text(ad_stored s);
int ad_stored_bits(ad_stored s);
ad_type ad_stored_type(ad_stored s);
ad_type ad_stored_carrier(ad_stored s);

/* AD_STORED_COUNT: there is no such name. */
ad_stored ad_stored_named(const char *name);

/* As which adze's type is stored. */
ad_stored ad_stored_of(ad_type type);

/* Whether adze's numbers lie in memory as they do in a file. */
bool ad_stored_as_in_memory(void);

/* Unpacks n numbers as the type's carrier. Returns n, or the place of the first number that is none: a bool that is
 * neither 0 nor 1, a U64 beyond the range of i64. */
size_t ad_stored_decode(ad_stored s, size_t n, const unsigned char *from, void *to);

/* Packs n numbers of a type as that type, or floats as F16 or BF16, rounded to the nearest, ties to even. */
void ad_stored_encode(ad_stored s, ad_type type, size_t n, const void *from, unsigned char *to);

#endif
