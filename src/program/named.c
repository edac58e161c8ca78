/* What names mean that are no operations of programs: they are made of some. */
#include "program/named.h"

#include "base/sized.h"

#include <math.h>
#include <string.h>

enum {
    GREATER = AD_PROGRAM_OP_COUNT,
    GREATER_EQUAL,
    SQUARE,
    MULADD,
    IS_FINITE,
    IS_INF,
    IS_NAN,
    BOTH,
    EITHER,
    NEGATION,
    DIFFERENT
};

static const struct {
    const char *name;
    uint32_t code, arity;
} others[] = {{"greater", GREATER, 2},       {"greater_equal", GREATER_EQUAL, 2},
              {"square", SQUARE, 1},         {"muladd", MULADD, 3},
              {"isfinite", IS_FINITE, 1},    {"isinf", IS_INF, 1},
              {"isnan", IS_NAN, 1},          {"logical_and", BOTH, 2},
              {"logical_or", EITHER, 2},     {"logical_not", NEGATION, 1},
              {"logical_xor", DIFFERENT, 2}, {"stop_gradient", AD_PROGRAM_detach, 1}};

enum { OTHERS = sizeof others / sizeof *others };

uint32_t ad_code_named(const char *name)
{
    for (size_t i = 0; i < OTHERS; i++)
        if (strcmp(name, others[i].name) == 0)
            return others[i].code;
    uint32_t op = ad_program_op_named(name);
    return op < AD_PROGRAM_OP_COUNT ? op : AD_CODE_UNKNOWN;
}

uint32_t ad_code_arity(uint32_t code)
{
    if (code < AD_PROGRAM_OP_COUNT)
        return ad_program_ops[code].arity;
    for (size_t i = 0; i < OTHERS; i++)
        if (code == others[i].code)
            return others[i].arity;
    return 0;
}

/* |x| compared with infinity: a NaN is neither below nor equal. */
static uint32_t test_size(ad_builder *b, uint32_t op, uint32_t x)
{
    return ad_build_two(b, op, ad_build_one(b, AD_PROGRAM_abs, x),
                        ad_build_constant(b, (double)INFINITY));
}

uint32_t ad_build_coded(ad_builder *b, uint32_t code, uint32_t x, uint32_t y, uint32_t z)
{
    switch (code) {
    case GREATER:
        return ad_build_two(b, AD_PROGRAM_less, y, x);
    case GREATER_EQUAL:
        return ad_build_two(b, AD_PROGRAM_less_equal, y, x);
    case SQUARE:
        return ad_build_two(b, AD_PROGRAM_mul, x, x);
    case MULADD:
        return ad_build_two(b, AD_PROGRAM_add, ad_build_two(b, AD_PROGRAM_mul, x, y), z);
    case IS_FINITE:
        return test_size(b, AD_PROGRAM_less, x);
    case IS_INF:
        return test_size(b, AD_PROGRAM_equal, x);
    case IS_NAN:
        return ad_build_two(b, AD_PROGRAM_not_equal, x, x);
    case BOTH:
        return ad_build_two(b, AD_PROGRAM_both, x, y);
    case EITHER:
        return ad_build_two(b, AD_PROGRAM_either, x, y);
    case NEGATION:
        return ad_build_one(b, AD_PROGRAM_negation, x);
    case DIFFERENT:
        return ad_build_two(b, AD_PROGRAM_not_equal, x, y);
    default:
        return ad_build(b, code, x, y, z);
    }
}

bool ad_program_options_read(const ad_program_options *given, ad_program_options *options,
                             ad_error *error)
{
    *options = (ad_program_options){.size = sizeof *options};
    bool good = !given || ad_sized_read(options, sizeof *options, given,
                                        AD_END_OF(ad_program_options, allow));
    options->size = sizeof *options;
    if (good && !(options->allow & ~(unsigned)AD_ALLOW_KNOWN))
        return true;
    ad_fail(error, AD_MISUSE,
            good ? "program: options with unknown bits in allow"
                 : "program: options without their size");
    return false;
}
