/* Programs from what a recorder has kept. */
#include "program/build.h"

#include "base/memory.h"
#include "base/sized.h"
#include "numbers/operations.h"

#include <string.h>

/* ---- options ------------------------------------------------------------------------ */

static bool read_options(const ad_program_options *given, ad_program_options *options,
                         ad_error *error)
{
    *options = (ad_program_options){.size = sizeof *options};
    bool good = !given || ad_sized_read(options, sizeof *options, given,
                                        AD_END_OF(ad_program_options, allow));
    options->size = sizeof *options;
    if (good && !(options->allow & ~(unsigned)(AD_ALLOW_FMA | AD_ALLOW_RECIPROCALS)))
        return true;
    ad_fail(error, AD_MISUSE, "program: options without their size, or unknown bits in allow");
    return false;
}

/* ---- operations --------------------------------------------------------------------- */

/* A reading of the recorder's list. */
typedef struct reading {
    const ad_reals *r;
    ad_builder build;
    uint32_t *place; /* [operations] references */
    uint32_t *op;    /* [names] codes of operations */
    uint32_t third;  /* of the operation that comes next */
    size_t guards;   /* so far */
} reading;

/* What names mean that are no operations of programs. */
enum {
    GREATER = AD_PROGRAM_OP_COUNT,
    GREATER_EQUAL,
    SQUARE,
    MULADD,
    IS_FINITE,
    IS_INF,
    IS_NAN,
    UNKNOWN
};

static uint32_t code_of(const char *name)
{
    static const struct {
        const char *name;
        uint32_t code;
    } others[] = {{"greater", GREATER}, {"greater_equal", GREATER_EQUAL}, {"square", SQUARE},
                  {"muladd", MULADD},   {"isfinite", IS_FINITE},          {"isinf", IS_INF},
                  {"isnan", IS_NAN}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(name, others[i].name) == 0)
            return others[i].code;
    uint32_t op = ad_program_op_named(name);
    return op < AD_PROGRAM_OP_COUNT ? op : UNKNOWN;
}

static uint32_t operand(reading *d, uint32_t of)
{
    if (!(of & AD_OPERATION_CONSTANT))
        return d->place[of];
    const double *constant = d->r->operation_constants.at;
    return ad_build_constant(&d->build, constant[of & ~AD_OPERATION_CONSTANT]);
}

/* |x| compared with infinity: a NaN is neither below nor equal. */
static uint32_t test_number(ad_builder *b, uint32_t op, uint32_t x)
{
    return ad_build_two(b, op, ad_build_one(b, AD_PROGRAM_abs, x),
                        ad_build_constant(b, (double)INFINITY));
}

static uint32_t read_named(reading *d, const ad_operation *o)
{
    ad_builder *b = &d->build;
    const uint32_t code = d->op[o->kind - AD_OPERATION_NAMED];
    const uint32_t arity = code < AD_PROGRAM_OP_COUNT ? ad_program_ops[code].arity : 2;
    const uint32_t x = operand(d, o->a);
    const uint32_t y = arity > 1 && code != SQUARE ? operand(d, o->b) : AD_NO_VALUE;
    switch (code) {
    case GREATER:
        return ad_build_two(b, AD_PROGRAM_less, y, x);
    case GREATER_EQUAL:
        return ad_build_two(b, AD_PROGRAM_less_equal, y, x);
    case SQUARE:
        return ad_build_two(b, AD_PROGRAM_mul, x, x);
    case MULADD:
        return ad_build_two(b, AD_PROGRAM_add, ad_build_two(b, AD_PROGRAM_mul, x, y), d->third);
    case IS_FINITE:
        return test_number(b, AD_PROGRAM_less, x);
    case IS_INF:
        return test_number(b, AD_PROGRAM_equal, x);
    case IS_NAN:
        return ad_build_two(b, AD_PROGRAM_not_equal, x, x);
    default:
        return ad_build(b, code, x, y, d->third);
    }
}

static uint32_t read_operation(reading *d, const ad_operation *o)
{
    switch (o->kind) {
    case AD_OPERATION_INPUT:
        return o->a;
    case AD_OPERATION_THIRD:
        return d->third = operand(d, o->a);
    case AD_OPERATION_GUARD: {
        const char *const *line = d->r->operation_lines.at;
        ad_build_guard(&d->build, d->place[o->a], o->b, line[d->guards++]);
        return AD_NO_VALUE;
    }
    default:
        return read_named(d, o);
    }
}

static bool read_names(reading *d)
{
    const char *const *name = d->r->operation_names.at;
    for (size_t i = 0; i < d->r->operation_names.count; i++) {
        d->op[i] = code_of(name[i]);
        if (d->op[i] == UNKNOWN) {
            ad_build_fail(&d->build, AD_NO_DERIVATIVE, "program: it cannot repeat %s", name[i]);
            return false;
        }
    }
    return true;
}

static ad_program *read_all(reading *d, size_t m, const ad_real *y)
{
    const ad_operation *operation = d->r->operations.at;
    uint32_t *output = d->op + d->r->operation_names.count;
    if (read_names(d))
        for (size_t i = 0; i < d->r->operations.count; i++)
            d->place[i] = read_operation(d, &operation[i]);
    for (size_t j = 0; j < m; j++)
        output[j] =
            y[j].on ? d->place[ad_real_index(y[j])] : ad_build_constant(&d->build, y[j].value);
    return ad_build_end(&d->build, m, output);
}

static ad_program *read_recorder(const ad_reals *r, size_t m, const ad_real *y,
                                 const ad_program_options *options, ad_error *error)
{
    reading d = {.r = r, .third = AD_NO_VALUE};
    size_t count = ad_size_add(ad_size_add(r->operations.count, r->operation_names.count), m);
    size_t bytes = ad_size_mul(count, sizeof(uint32_t));
    d.place = ad_memory_take(options->allocator, bytes);
    if (!d.place) {
        ad_fail(error, AD_MEMORY, "program: memory ran out: %zu bytes", bytes);
        return NULL;
    }
    d.op = d.place + r->operations.count;
    ad_build_begin(&d.build, options, r->operation_inputs, error);
    ad_program *p = read_all(&d, m, y);
    ad_memory_give(options->allocator, d.place, bytes);
    return p;
}

/* ---- what users call ---------------------------------------------------------------- */

/* Whether the recorder and its numbers can be read. False with an error. */
static bool is_readable(ad_reals *r, size_t m, const ad_real *y, ad_error *error)
{
    if (!r || (m && !y)) {
        ad_fail(error, AD_MISUSE, "program: the recorder, or y, is NULL");
        return false;
    }
    if (!ad_reals_keeps_operations(r))
        ad_reals_fail(r, AD_MISUSE, "program",
                      "the recorder does not keep operations (AD_KEEP_OPERATIONS)");
    bool good = r->error.status == AD_OK && ad_reals_idle(r, "program");
    for (size_t j = 0; good && j < m; j++) {
        good = !y[j].on || ad_reals_knows(r, "program", y[j]);
        if (good && ad_reals_is_lost(y[j]))
            good = !ad_reals_fail(r, AD_MISUSE, "program", "output %zu was made without a recorder",
                                  j);
    }
    if (!good)
        ad_fail(error, r->error.status, "%s", r->error.text);
    return good;
}

ad_program *ad_program_new(ad_recorder *recorder, size_t m, const ad_real *y,
                           const ad_program_options *given, ad_error *error)
{
    ad_program_options options;
    ad_reals *r = ad_reals_of(recorder);
    if (!read_options(given, &options, error) || !is_readable(r, m, y, error))
        return NULL;
    return read_recorder(r, m, y, &options, error);
}

/* Records f on r and makes the program. */
static ad_program *record(ad_recorder *r, ad_real_function *f, size_t n, const double *x, size_t m,
                          const void *env, const ad_program_options *options, ad_error *error)
{
    const ad_allocator *allocator = options->allocator;
    size_t bytes = ad_size_mul(ad_size_add(n, m), sizeof(ad_real));
    ad_real *numbers = ad_memory_take(allocator, bytes);
    if (!numbers) {
        ad_fail(error, AD_MEMORY, "program: memory ran out: %zu bytes", bytes);
        return NULL;
    }
    ad_real *y = numbers + n;
    for (size_t j = 0; j < m; j++)
        y[j] = ad_real_constant((double)NAN);
    ad_real_inputs(r, n, x, numbers);
    f(n, numbers, m, y, env);
    ad_program *p = ad_program_new(r, m, y, options, error);
    ad_memory_give(allocator, numbers, bytes);
    return p;
}

ad_program *ad_program_of(ad_real_function *f, size_t n, const double *x, size_t m, const void *env,
                          const ad_program_options *given, ad_error *error)
{
    ad_program_options options;
    if (!read_options(given, &options, error))
        return NULL;
    if (!f || (n && !x)) {
        ad_fail(error, AD_MISUSE, "program: f, or x, is NULL");
        return NULL;
    }
    ad_recorder *r = ad_recorder_new(&(ad_recorder_options){.size = sizeof(ad_recorder_options),
                                                            .allocator = options.allocator,
                                                            .keep = AD_KEEP_OPERATIONS});
    if (!r) {
        ad_fail(error, AD_MEMORY, "program: memory ran out");
        return NULL;
    }
    ad_program *p = record(r, f, n, x, m, env, &options, error);
    ad_recorder_free(r);
    return p;
}
