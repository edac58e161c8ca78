/* Programs written as C: the header, and what is around the statements. */
#include "program/c_text.h"

#include "base/memory.h"
#include "base/sized.h"

#include <inttypes.h>
#include <string.h>

enum { STATEMENTS = 400, LEAST_SAVED = 200 };

/* ---- the header --------------------------------------------------------------------- */

static void write_signature(ad_c_text *c, const char *restricted)
{
    ad_stream_add(&c->text, "%s %s(const %s_real *%sx, %s_real *%sv, %s_real *%sy)",
                  c->plan.program->guards ? "int" : "void", c->name, c->name, restricted, c->name,
                  restricted, c->name, restricted);
}

static void write_guard_lines(ad_c_text *c)
{
    enum { MOST = 100 };
    const ad_program *p = c->plan.program;
    if (p->guards)
        ad_stream_add(&c->text,
                      " *\n * Returns 0, or which of these comparisons has another outcome "
                      "than recorded:\n");
    for (uint32_t i = 0; i < p->guards && i < MOST; i++)
        ad_stream_add(&c->text, " *     %" PRIu32 ": %.200s\n", i + 1, ad_guard_line(p, i));
    if (p->guards > MOST)
        ad_stream_add(&c->text, " *     and %" PRIu32 " more\n", p->guards - MOST);
}

static void write_numbers(ad_c_text *c)
{
    const ad_program *p = c->plan.program;
    ad_stream_add(&c->text, "#define %s_INPUTS %" PRIu32 "\n", c->capitals, p->inputs);
    ad_stream_add(&c->text, "#define %s_OUTPUTS %" PRIu32 "\n", c->capitals, p->outputs);
    ad_stream_add(&c->text, "#define %s_WORK %" PRIu32 "\n\n", c->capitals,
                  c->plan.stored ? c->plan.stored : 1);
}

static void write_real(ad_c_text *c)
{
    const char *N = c->capitals, *n = c->name;
    ad_stream_add(
        &c->text,
        "#if defined(%s_LANES)\n"
        "typedef double %s_real __attribute__((vector_size(%s_LANES * sizeof(double))));\n"
        "#elif defined(%s_FLOAT)\n"
        "typedef float %s_real;\n"
        "#else\n"
        "typedef double %s_real;\n"
        "#endif\n\n",
        N, n, N, N, n, n);
}

static void write_header(ad_c_text *c)
{
    const char *N = c->capitals;
    ad_stream_add(&c->text,
                  "/* y[%s_OUTPUTS] from x[%s_INPUTS], with room for v[%s_WORK]; no two of them "
                  "overlap.\n",
                  N, N, N);
    write_guard_lines(c);
    ad_stream_add(&c->text, " *\n * Written by adze. */\n#ifndef %s_H\n#define %s_H\n\n", N, N);
    write_numbers(c);
    write_real(c);
    ad_stream_add(&c->text, "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n");
    write_signature(c, "");
    ad_stream_add(&c->text, ";\n\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n");
    ad_stream_flush(&c->text);
}

/* ---- the source: what comes first --------------------------------------------------- */

static void write_beginning(ad_c_text *c)
{
    ad_stream_add(
        &c->text,
        "/* Written by adze. Every operation rounds: compile it with -ffp-contract=off, "
        "without -ffast-math. */\n"
        "#include \"%s.h\"\n\n"
        "#include <float.h>\n#include <math.h>\n#include <stdbool.h>\n#include <stddef.h>\n"
        "#include <stdint.h>\n#include <string.h>\n\n"
        "#if defined(__clang__) || !defined(__GNUC__)\n"
        "#pragma STDC FP_CONTRACT OFF\n"
        "#endif\n\n",
        c->name);
}

static bool uses_arity(const ad_program *p, uint32_t arity)
{
    for (uint32_t i = 0; i < p->nodes; i++)
        if (ad_program_ops[p->node[i].op].arity == arity && ad_c_is_function(p->node[i].op))
            return true;
    return false;
}

/* A text in which $ is the name, # the name in capitals, and @ a #. */
static void write_named(ad_c_text *c, const char *text)
{
    for (; *text; text++)
        if (*text == '$')
            ad_stream_add(&c->text, "%s", c->name);
        else if (*text == '#')
            ad_stream_add(&c->text, "%s", c->capitals);
        else
            ad_stream_add_bytes(&c->text, *text == '@' ? "#" : text, 1);
}

/* Macros that make a function of NAME_real from one of double, for one to three numbers. In lanes, loops are over
 * arrays, which compilers make vectors of. */
static const char *const of_lanes[] = {
    "@define #_ONE(name, f) \\\n"
    "    static inline $_real name($_real a) \\\n"
    "    { \\\n"
    "        double x[#_LANES]; \\\n"
    "        memcpy(x, &a, sizeof x); \\\n"
    "        for (int i = 0; i < #_LANES; i++) { \\\n"
    "            x[i] = f(x[i]); \\\n"
    "        } \\\n"
    "        memcpy(&a, x, sizeof x); \\\n"
    "        return a; \\\n"
    "    }\n"
    "@define #_NEAR(name, near, f) \\\n"
    "    static inline $_real name($_real a) \\\n"
    "    { \\\n"
    "        double x[#_LANES], y[#_LANES]; \\\n"
    "        unsigned far = 0; \\\n"
    "        memcpy(x, &a, sizeof x); \\\n"
    "        for (int i = 0; i < #_LANES; i++) { \\\n"
    "            y[i] = near(x[i]); \\\n"
    "        } \\\n"
    "        for (int i = 0; i < #_LANES; i++) { \\\n"
    "            far |= fabs(x[i]) <= 131072.0 ? 0U : 1U; \\\n"
    "        } \\\n"
    "        for (int i = 0; i < #_LANES && far != 0U; i++) { \\\n"
    "            y[i] = f(x[i]); \\\n"
    "        } \\\n"
    "        memcpy(&a, y, sizeof y); \\\n"
    "        return a; \\\n"
    "    }\n",
    "@define #_TWO(name, f) \\\n"
    "    static inline $_real name($_real a, $_real b) \\\n"
    "    { \\\n"
    "        double x[#_LANES], y[#_LANES]; \\\n"
    "        memcpy(x, &a, sizeof x); \\\n"
    "        memcpy(y, &b, sizeof y); \\\n"
    "        for (int i = 0; i < #_LANES; i++) { \\\n"
    "            x[i] = f(x[i], y[i]); \\\n"
    "        } \\\n"
    "        memcpy(&a, x, sizeof x); \\\n"
    "        return a; \\\n"
    "    }\n",
    "@define #_THREE(name, f) \\\n"
    "    static inline $_real name($_real a, $_real b, $_real c) \\\n"
    "    { \\\n"
    "        double x[#_LANES], y[#_LANES], z[#_LANES]; \\\n"
    "        memcpy(x, &a, sizeof x); \\\n"
    "        memcpy(y, &b, sizeof y); \\\n"
    "        memcpy(z, &c, sizeof z); \\\n"
    "        for (int i = 0; i < #_LANES; i++) { \\\n"
    "            x[i] = f(x[i], y[i], z[i]); \\\n"
    "        } \\\n"
    "        memcpy(&a, x, sizeof x); \\\n"
    "        return a; \\\n"
    "    }\n",
};
static const char *const of_numbers[] = {
    "@define #_ONE(name, f) \\\n"
    "    static inline $_real name($_real a) \\\n"
    "    { \\\n"
    "        return ($_real)f((double)a); \\\n"
    "    }\n"
    "@define #_NEAR(name, near, f) #_ONE(name, f)\n",
    "@define #_TWO(name, f) \\\n"
    "    static inline $_real name($_real a, $_real b) \\\n"
    "    { \\\n"
    "        return ($_real)f((double)a, (double)b); \\\n"
    "    }\n",
    "@define #_THREE(name, f) \\\n"
    "    static inline $_real name($_real a, $_real b, $_real c) \\\n"
    "    { \\\n"
    "        return ($_real)f((double)a, (double)b, (double)c); \\\n"
    "    }\n",
};

static void write_makers(ad_c_text *c)
{
    write_named(c, "@if defined(#_LANES)\n"
                   "@define #_INLINE static inline __attribute__((always_inline))\n"
                   "@define #_K(c) ((c) - ($_real){0})\n");
    for (uint32_t arity = 1; arity <= 3; arity++)
        if (uses_arity(c->plan.program, arity))
            write_named(c, of_lanes[arity - 1]);
    write_named(c, "@else\n"
                   "@define #_INLINE static inline\n"
                   "@define #_K(c) (($_real)(c))\n");
    for (uint32_t arity = 1; arity <= 3; arity++)
        if (uses_arity(c->plan.program, arity))
            write_named(c, of_numbers[arity - 1]);
    write_named(c, "@endif\n\n");
}

/* Whether a comparison, in any lane, is not as expected. */
static void write_differs(ad_c_text *c)
{
    if (!c->plan.program->guards)
        return;
    ad_stream_add(&c->text,
                  "static inline int %s_differs(%s_real a, int expected)\n{\n"
                  "#if defined(%s_LANES)\n"
                  "    int differs = 0;\n"
                  "    for (int i = 0; i < %s_LANES; i++) {\n"
                  "        differs |= (a[i] != 0) != (expected != 0);\n"
                  "    }\n"
                  "    return differs;\n"
                  "#else\n"
                  "    return (a != 0) != (expected != 0);\n"
                  "#endif\n}\n\n",
                  c->name, c->name, c->capitals, c->capitals);
}

/* ---- the source: functions ---------------------------------------------------------- */

/* Parameters that a part does not use, whose tables are there. */
static void write_unused(ad_c_text *c, bool calls)
{
    if (!calls && !c->uses_inputs)
        ad_stream_add(&c->text, "    (void)x;\n");
    if (!calls && !c->uses_memory)
        ad_stream_add(&c->text, "    (void)v;\n");
}

static void write_parts(ad_c_text *c)
{
    const bool guards = c->plan.program->guards;
    for (uint32_t part = 0; part < c->plan.parts; part++) {
        ad_stream_add(&c->text,
                      "static %s %s_part_%" PRIu32
                      "(const %s_real *restrict x, %s_real *restrict v)\n{\n",
                      guards ? "int" : "void", c->name, part, c->name, c->name);
        ad_c_write_tables(c, part);
        write_unused(c, false);
        ad_c_write_part(c, part);
        ad_stream_add(&c->text, "%s}\n\n", guards ? "    return 0;\n" : "");
    }
}

static void write_calls(ad_c_text *c)
{
    if (c->plan.program->guards)
        ad_stream_add(&c->text, "    int guard = 0;\n");
    for (uint32_t part = 0; part < c->plan.parts; part++)
        if (c->plan.program->guards)
            ad_stream_add(&c->text,
                          "    guard = %s_part_%" PRIu32
                          "(x, v);\n    if (guard != 0) {\n        return guard;\n    }\n",
                          c->name, part);
        else
            ad_stream_add(&c->text, "    %s_part_%" PRIu32 "(x, v);\n", c->name, part);
}

static void write_source(ad_c_text *c)
{
    const ad_program *p = c->plan.program;
    const bool calls = c->plan.parts > 1;
    write_beginning(c);
    write_makers(c);
    ad_c_write_functions(c);
    write_differs(c);
    if (calls)
        write_parts(c);
    write_signature(c, "restrict ");
    ad_stream_add(&c->text, "\n{\n");
    ad_c_write_tables(c, calls ? c->plan.parts : 0);
    write_unused(c, calls);
    if (!p->outputs)
        ad_stream_add(&c->text, "    (void)y;\n");
    if (calls)
        write_calls(c);
    else
        ad_c_write_part(c, 0);
    ad_c_write_outputs(c);
    ad_stream_add(&c->text, "%s}\n", p->guards ? "    return 0;\n" : "");
    ad_stream_flush(&c->text);
}

/* ---- what users call ---------------------------------------------------------------- */

/* Words of C and C++, since the header serves both, and what the headers of the text declare. */
static bool is_taken(const char *name)
{
    /* clang-format off */
    static const char *const words[] = {
        "HUGE_VAL", "INFINITY", "NAN", "NULL", "abort", "abs", "acos", "acosh", "alignas",
        "alignof", "and", "and_eq", "asin", "asinh", "asm", "atan", "atan2", "atanh", "auto",
        "bitand", "bitor", "bool", "break", "case", "catch", "cbrt", "ceil", "char", "class",
        "compl", "const", "const_cast", "constexpr", "continue", "copysign", "cos", "cosh",
        "decltype", "default", "delete", "do", "double", "double_t", "dynamic_cast", "else", "enum",
        "erf", "erfc", "exit", "exp", "exp2", "explicit", "expm1", "export", "extern", "fabs",
        "false", "fdim", "float", "float_t", "floor", "fma", "fmax", "fmin", "fmod", "for",
        "fpclassify", "frexp", "friend", "gamma", "goto", "hypot", "if", "ilogb", "inline", "int",
        "int16_t", "int32_t", "int64_t", "int8_t", "intmax_t", "intptr_t", "isfinite", "isgreater",
        "isgreaterequal", "isinf", "isless", "islessequal", "islessgreater", "isnan", "isnormal",
        "isunordered", "j0", "j1", "jn", "labs", "ldexp", "lgamma", "llrint", "llround", "log",
        "log10", "log1p", "log2", "logb", "long", "lrint", "lround", "main", "memchr", "memcmp",
        "memcpy", "memmove", "memset", "modf", "mutable", "namespace", "nan", "nearbyint", "new",
        "nextafter", "nexttoward", "noexcept", "not", "not_eq", "nullptr", "operator", "or",
        "or_eq", "pow", "private", "protected", "ptrdiff_t", "public", "register",
        "reinterpret_cast", "remainder", "remquo", "restrict", "return", "rint", "round", "scalbln",
        "scalbn", "short", "signbit", "signed", "sin", "sinh", "size_t", "sizeof", "sqrt", "static",
        "static_assert", "static_cast", "struct", "switch", "tan", "tanh", "template", "tgamma",
        "this", "thread_local", "throw", "true", "trunc", "try", "typedef", "typeid", "typename",
        "typeof", "uint16_t", "uint32_t", "uint64_t", "uint8_t", "uintmax_t", "uintptr_t", "union",
        "unsigned", "using", "virtual", "void", "volatile", "wchar_t", "while", "xor", "xor_eq",
        "y0", "y1", "yn",
    };
    /* clang-format on */
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i], name) == 0)
            return true;
    return false;
}

/* Letters of ASCII, whatever the locale. */
static bool is_ascii_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_identifier(const char *name)
{
    size_t length = 0;
    if (!name || !is_ascii_letter(*name))
        return false;
    while (is_ascii_letter(name[length]) || (name[length] >= '0' && name[length] <= '9') ||
           name[length] == '_')
        length++;
    return !name[length] && length <= AD_C_LONGEST_NAME;
}

static bool read_options(const ad_program_c_options *given, ad_program_c_options *options)
{
    *options = (ad_program_c_options){.size = sizeof *options};
    return !given || ad_sized_read(options, sizeof *options, given,
                                   AD_END_OF(ad_program_c_options, statements));
}

static ad_status write_both(ad_c_text *c, ad_error *error)
{
    const uint32_t most = c->options.statements && c->options.statements < UINT32_MAX
                              ? (uint32_t)c->options.statements
                              : STATEMENTS;
    const ad_program *p = c->plan.program;
    if (!ad_plan_make(&c->plan, p, c->options.unrolled ? UINT32_MAX : LEAST_SAVED, most))
        return ad_fail(error, AD_MEMORY, "program_write_c: memory ran out with %u operations",
                       p->nodes);
    c->text.of = AD_PROGRAM_HEADER;
    write_header(c);
    c->text.of = AD_PROGRAM_SOURCE;
    write_source(c);
    ad_plan_free(&c->plan);
    return c->text.cancelled ? ad_fail(error, AD_CANCELLED, "program_write_c: %s", c->name) : AD_OK;
}

ad_status ad_program_write_c(const ad_program *p, const char *name,
                             const ad_program_c_options *options, ad_program_text_sink *write,
                             void *env, ad_error *error)
{
    ad_c_text c = {.plan = {.program = p}, .name = name, .text = {.write = write, .env = env}};
    if (!ad_program_given(p, "program_write_c", error))
        return error ? error->status : AD_MISUSE;
    if (!write)
        return ad_fail(error, AD_MISUSE, "program_write_c: write is NULL");
    if (!is_identifier(name))
        return ad_fail(error, AD_MISUSE,
                       "program_write_c: the name %.60s is no identifier of up to %d letters, "
                       "digits and _",
                       name ? name : "NULL", AD_C_LONGEST_NAME);
    if (is_taken(name))
        return ad_fail(error, AD_MISUSE,
                       "program_write_c: the name %s has a meaning in C, C++ or their headers",
                       name);
    if (!read_options(options, &c.options))
        return ad_fail(error, AD_MISUSE, "program_write_c: the options have no size");
    for (size_t i = 0; name[i]; i++)
        c.capitals[i] = (char)(name[i] >= 'a' && name[i] <= 'z' ? name[i] - 'a' + 'A' : name[i]);
    return write_both(&c, error);
}
