/* Converting numbers from type to type.
 *
 * In C the conversion of a float that an integer type cannot hold is undefined. Here it gives the
 * nearest end of the range, and NaN gives 0. Wider integers are narrowed in the same way. */
#include "array/convert.h"

#include <assert.h>
#include <string.h>

/* The first double beyond INT64_MAX. */
#define INT64_END 9223372036854775808.0

static int64_t integer_of(double x)
{
    if (x != x)
        return 0;
    return x >= INT64_END ? INT64_MAX : x < -INT64_END ? INT64_MIN : (int64_t)x;
}

static int64_t limited(int64_t x, int64_t low, int64_t high)
{
    return x < low ? low : x > high ? high : x;
}

/* One row is a target: how it takes a float, and how an integer. */
#define TARGETS(ROW, from)                                                                    \
    ROW(from, AD_F32, float, (float)x, (float)x)                                              \
    ROW(from, AD_F64, double, (double)x, (double)x)                                           \
    ROW(from, AD_I32, int32_t, (int32_t)limited(integer_of((double)x), INT32_MIN, INT32_MAX), \
        (int32_t)limited((int64_t)x, INT32_MIN, INT32_MAX))                                   \
    ROW(from, AD_I64, int64_t, integer_of((double)x), (int64_t)x)                             \
    ROW(from, AD_U8, uint8_t, (uint8_t)limited(integer_of((double)x), 0, UINT8_MAX),          \
        (uint8_t)limited((int64_t)x, 0, UINT8_MAX))                                           \
    ROW(from, AD_BOOL, bool, x != 0, x != 0)

#define CONVERT_FLOAT(from_type, name, ctype, of_float, of_integer) \
    case name:                                                      \
        for (size_t i = 0; i < n; i++) {                            \
            from_type x = ((const from_type *)from)[i];             \
            ((ctype *)to)[i] = of_float;                            \
        }                                                           \
        break;
#define CONVERT_INTEGER(from_type, name, ctype, of_float, of_integer) \
    CONVERT_FLOAT(from_type, name, ctype, of_integer, of_integer)

#define CONVERTER(name, from_type, TARGET)                                  \
    static void name(size_t n, const void *from, ad_type to_type, void *to) \
    {                                                                       \
        switch (to_type) {                                                  \
            TARGETS(TARGET, from_type)                                      \
        case AD_TYPE_COUNT:                                                 \
            break;                                                          \
        }                                                                   \
    }

CONVERTER(convert_f32, float, CONVERT_FLOAT)
CONVERTER(convert_f64, double, CONVERT_FLOAT)
CONVERTER(convert_i32, int32_t, CONVERT_INTEGER)
CONVERTER(convert_i64, int64_t, CONVERT_INTEGER)
CONVERTER(convert_u8, uint8_t, CONVERT_INTEGER)
CONVERTER(convert_bool, bool, CONVERT_INTEGER)

void ad_convert(size_t n, ad_type from_type, const void *from, ad_type to_type, void *to)
{
    static void (*const converters[])(size_t, const void *, ad_type, void *) = {
        convert_f32, convert_f64, convert_i32, convert_i64, convert_u8, convert_bool};
    assert((unsigned)from_type < AD_TYPE_COUNT);
    if (from_type == to_type)
        memcpy(to, from, n * ad_type_size(to_type));
    else
        converters[from_type](n, from, to_type, to);
}

bool ad_convert_number(double value, ad_type type, void *to)
{
    double back;
    ad_convert(1, AD_F64, &value, type, to);
    ad_convert(1, type, to, AD_F64, &back);
    bool rounds = type == AD_I64 && value >= 0x1p63; /* as the greatest number would, to itself */
    return ad_type_is_float(type) || (back == value && !rounds);
}
