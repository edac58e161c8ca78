/* Programs from what a recorder has kept. */
#include "program/named.h"

#include "base/memory.h"
#include "numbers/operations.h"

#include <string.h>

/* ---- operations --------------------------------------------------------------------- */

/* A reading of the recorder's list. */
typedef struct reading {
    const ad_reals *r;
    ad_builder build;
    uint32_t *place; /* [operations] references */
    uint32_t *code;  /* [names] codes of operations */
    uint32_t third;  /* of the operation that comes next */
    size_t guards;   /* so far */
} reading;

static uint32_t operand(reading *d, uint32_t of)
{
    if (!(of & AD_OPERATION_CONSTANT))
        return d->place[of];
    const double *constant = d->r->operation_constants.at;
    return ad_build_constant(&d->build, constant[of & ~AD_OPERATION_CONSTANT]);
}

static uint32_t read_named(reading *d, const ad_operation *o)
{
    const uint32_t code = d->code[o->kind - AD_OPERATION_NAMED];
    const uint32_t x = operand(d, o->a);
    const uint32_t y = ad_code_arity(code) > 1 ? operand(d, o->b) : AD_NO_VALUE;
    return ad_build_coded(&d->build, code, x, y, d->third);
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
        d->code[i] = ad_code_named(name[i]);
        if (d->code[i] == AD_CODE_UNKNOWN) {
            ad_build_fail(&d->build, AD_NO_DERIVATIVE, "program: it cannot repeat %s", name[i]);
            return false;
        }
    }
    return true;
}

static ad_program *read_all(reading *d, size_t m, const ad_real *y)
{
    const ad_operation *operation = d->r->operations.at;
    uint32_t *output = d->code + d->r->operation_names.count;
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
    d.code = d.place + r->operations.count;
    ad_build_begin(&d.build, options, r->operation_inputs, error);
    ad_build_expect(&d.build, r->operations.count);
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
    if (!ad_program_options_read(given, &options, error) || !is_readable(r, m, y, error))
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
    if (!ad_program_options_read(given, &options, error))
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
