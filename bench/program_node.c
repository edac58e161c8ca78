/* A formula of numbers as one operation of tensors, beside the chain of operations that computes
 * the same: values and gradients of 10^7 numbers, on one thread. The bare form is the value
 * alone in plain doubles, the other is the chain. */
#include "bench.h"
#include "memory.h"

#include <math.h>
#include <stdlib.h>

/* Morse's potential of a bond of length r. */
static const double DEPTH = 4.7, WIDTH = 1.9, REST = 0.74;

typedef struct form {
    ad_tape *tape;
    ad_tensor x, y;
} form;

typedef struct node {
    size_t n;
    double *x, *dy, *bare;
    ad_program_rules *rules;
    form program, chain;
} node;

/* ---- both forms --------------------------------------------------------------------- */

static void morse(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m, (void)env;
    ad_real stretch = ad_sub(1, ad_exp(ad_mul(ad_sub(REST, x[0]), WIDTH)));
    y[0] = ad_mul(ad_square(stretch), DEPTH);
}

static ad_tensor morse_by_operations(ad_tensor x)
{
    ad_tensor stretch = ad_sub(1, ad_exp(ad_mul(ad_sub(REST, x), WIDTH)));
    return ad_mul(ad_square(stretch), DEPTH);
}

static ad_program_rules *make_rules(void)
{
    ad_error error = {AD_OK, ""};
    const ad_program_options options = {.size = sizeof options, .allocator = &counting_allocator};
    ad_program *p = ad_program_of(morse, 1, &REST, 1, NULL, &options, &error);
    ad_program_rules *rules = ad_program_rules_new(p, &error);
    ad_program_free(p);
    check_error(&error);
    return rules;
}

static void begin(const node *d, form *f)
{
    ad_tape_reset(f->tape); /* at the start, so that the results can be looked at */
    f->x = ad_watch(f->tape, AD_VIEW(d->x, (int64_t)d->n));
}

static void sweep(const node *d, form *f)
{
    ad_backward_from(f->y, AD_VIEW(d->dy, (int64_t)d->n));
    check(f->tape);
}

static void by_program(void *state)
{
    node *d = state;
    begin(d, &d->program);
    ad_by_program_elements(d->rules, 1, &d->program.x, &d->program.y);
    sweep(d, &d->program);
}

static void by_operations(void *state)
{
    node *d = state;
    begin(d, &d->chain);
    d->chain.y = morse_by_operations(d->chain.x);
    sweep(d, &d->chain);
}

/* ---- by hand ------------------------------------------------------------------------ */

static void bare(void *state)
{
    node *d = state;
    for (size_t i = 0; i < d->n; i++) {
        double stretch = 1 - exp((REST - d->x[i]) * WIDTH);
        d->bare[i] = stretch * stretch * DEPTH;
    }
}

static double node_difference(void *state)
{
    const node *d = state;
    double value = difference(ad_read(d->program.y), d->bare);
    return fmax(value, difference(ad_grad(d->program.x), ad_grad(d->chain.x).data));
}

/* ---- cases -------------------------------------------------------------------------- */

static bench_work setup(const bench_case *this, const bench_setting *s)
{
    (void)this;
    node *d = take(1, sizeof *d);
    d->n = s->smoke ? 10000 : 10000000;
    d->x = take(d->n, sizeof(double));
    d->dy = take(d->n, sizeof(double));
    d->bare = take(d->n, sizeof(double));
    fill(AD_F64, d->x, d->n, 1, 0.4, 2);
    fill(AD_F64, d->dy, d->n, 2, -1, 1);
    d->rules = make_rules();
    d->program.tape = bench_tape(NULL);
    d->chain.tape = bench_tape(NULL);
    double n = (double)d->n;
    return (bench_work){.state = d,
                        .tape = d->program.tape,
                        .units = 1,
                        .flops = 15 * n,
                        .bytes = 5 * sizeof(double) * n};
}

static void teardown(void *state)
{
    node *d = state;
    ad_tape_free(d->program.tape);
    ad_tape_free(d->chain.tape);
    ad_program_rules_free(d->rules);
    free(d->x);
    free(d->dy);
    free(d->bare);
    free(d);
}

static const bench_kind node_kind = {.setup = setup,
                                     .adze = by_program,
                                     .bare = bare,
                                     .same_kernels = by_operations,
                                     .difference = node_difference,
                                     .teardown = teardown,
                                     .on_one_thread = true};

static const bench_case cases[] = {
    {"program_elementwise_1e7", "a formula of 1e7 numbers as one operation, beside a chain",
     &node_kind, NULL},
};

const bench_table program_node_table = BENCH_TABLE(cases);
