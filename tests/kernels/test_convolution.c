/* Convolutions: every kernel that this machine can run, against plain loops, with arrays at the edge of memory
 * (RELIABILITY R10); and the same bits with any number of threads (R8). */
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#include "fence.h"
#include "suite.h"

#include "adze/random.h"
#include "kernels/convolution.h"
#include "tape/node.h"

#include <math.h>
#include <string.h>

/* ---- cases ----------------------------------------------------------------------------- */

enum { BIG, SMALL, FILTERS, ARRAYS };

typedef struct arrays {
    ad_convolution_form f;
    int64_t count[ARRAYS];
    fenced memory[ARRAYS];
} arrays;

static int64_t draw(ad_random *r, int64_t low, int64_t high)
{
    return low + (int64_t)ad_random_below(r, (uint64_t)(high - low + 1));
}

static ad_window draw_window(ad_random *r)
{
    ad_window w = {.taps = draw(r, 1, 4), .stride = draw(r, 1, 3), .dilation = draw(r, 1, 2)};
    int64_t padding = draw(r, -1, 3), span = (w.taps - 1) * w.dilation + 1;
    w.before = draw(r, -1, 2);
    w.big = span + draw(r, 2, 9);
    w.small = (w.big + w.before + padding - span) / w.stride + 1;
    return w;
}

/* Few channels or many, alone or in groups. */
static ad_convolution_form draw_form(ad_random *r, ad_type type)
{
    static const int64_t some[] = {1, 1, 2, 3, 6, 8, 16, 17, 35};
    bool turned = draw(r, 0, 1), alone = draw(r, 0, 2) == 0;
    ad_convolution_form f = {.type = type,
                             .images = draw(r, 1, 11),
                             .groups = draw(r, 0, 1) ? 1 : draw(r, 2, 20),
                             .big_channels = alone ? 1 : some[draw(r, 0, 8)],
                             .small_channels = some[draw(r, 0, 8)]};
    for (int k = 0; k < AD_SPACE; k++)
        f.axis[k] = k < draw(r, 0, 2) ? (ad_window){1, 1, 1, 1, 1, 0} : draw_window(r);
    int64_t all = f.groups * (turned ? f.big_channels : f.small_channels);
    f.tap_step = all * (turned ? f.small_channels : f.big_channels);
    f.big_step = turned ? 1 : all;
    f.small_step = turned ? all : 1;
    f.group_step = turned ? f.big_channels : f.small_channels;
    return f;
}

static arrays make_arrays(ad_random *r, ad_type type)
{
    arrays a = {.f = draw_form(r, type)};
    a.count[BIG] = a.f.images * a.f.groups * a.f.big_channels;
    a.count[SMALL] = a.f.images * a.f.groups * a.f.small_channels;
    a.count[FILTERS] = a.f.groups * a.f.big_channels * a.f.small_channels;
    for (int k = 0; k < AD_SPACE; k++) {
        a.count[BIG] *= a.f.axis[k].big;
        a.count[SMALL] *= a.f.axis[k].small;
        a.count[FILTERS] *= a.f.axis[k].taps;
    }
    for (int i = 0; i < ARRAYS; i++) {
        a.memory[i] = fence((size_t)a.count[i] * ad_type_size(type), draw(r, 0, 1));
        for (int64_t k = 0; k < a.count[i]; k++)
            put(type, a.memory[i].data, k, ad_random_uniform(r) - 0.5);
    }
    return a;
}

/* ---- plain loops ------------------------------------------------------------------------- */

/* Where tap k of a small pixel looks; -1 for padding. Pixels and taps are counted row by row. */
static int64_t seen(const ad_convolution_form *f, int64_t pixel, int64_t tap)
{
    int64_t place = 0, scale = 1;
    for (int k = AD_SPACE - 1; k >= 0; k--) {
        const ad_window *w = &f->axis[k];
        int64_t at = pixel % w->small * w->stride + tap % w->taps * w->dilation - w->before;
        if (at < 0 || at >= w->big)
            return -1;
        place += at * scale;
        scale *= w->big;
        pixel /= w->small;
        tap /= w->taps;
    }
    return place + pixel * scale;
}

/* Adds each product of three numbers, one of each array, to the one that is to be made of the others. */
static void multiply_plainly(const arrays *a, int made, double *sum, double *size)
{
    const ad_convolution_form *f = &a->f;
    int64_t taps = f->axis[0].taps * f->axis[1].taps * f->axis[2].taps;
    int64_t pixels = a->count[SMALL] / f->groups / f->small_channels;
    for (int64_t i = 0; i < pixels * taps * f->groups; i++) {
        int64_t pixel = i / f->groups / taps, tap = i / f->groups % taps, g = i % f->groups;
        int64_t big = seen(f, pixel, tap);
        for (int64_t c = 0; big >= 0 && c < f->big_channels * f->small_channels; c++) {
            int64_t j = c / f->big_channels, k = c % f->big_channels, at[ARRAYS];
            at[BIG] = (big * f->groups + g) * f->big_channels + k;
            at[SMALL] = (pixel * f->groups + g) * f->small_channels + j;
            at[FILTERS] =
                tap * f->tap_step + g * f->group_step + k * f->big_step + j * f->small_step;
            double term = 1;
            for (int n = 0; n < ARRAYS; n++)
                term *= n == made ? 1 : get(f->type, a->memory[n].data, at[n]);
            sum[at[made]] += term;
            size[at[made]] += fabs(term);
        }
    }
}

/* ---- tests ------------------------------------------------------------------------------- */

static void make(ad_tape *t, const arrays *a, int made, bool add, void *to)
{
    const void *big = a->memory[BIG].data, *small = a->memory[SMALL].data;
    const void *filters = a->memory[FILTERS].data;
    if (made == SMALL)
        ad_convolve_to_small(&t->work, &a->f, big, filters, add, to, NULL);
    else if (made == BIG)
        ad_convolve_to_big(&t->work, &a->f, small, filters, add, to);
    else
        ad_convolve_to_filters(&t->work, &a->f, big, small, add, to);
}

static void check_made(ad_tape *t, const arrays *a, int made, bool add, bool below)
{
    ad_type type = a->f.type;
    int64_t n = a->count[made];
    double *sum = calloc((size_t)n, sizeof *sum), *size = calloc((size_t)n, sizeof *size);
    double eps = type == AD_F32 ? 0x1p-23 : 0x1p-52;
    fenced to = fence((size_t)n * ad_type_size(type), below);
    ck_assert(sum && size);
    for (int64_t i = 0; i < n; i++)
        put(type, to.data, i, add ? 0.75 : (double)NAN);
    multiply_plainly(a, made, sum, size);
    make(t, a, made, add, to.data);
    for (int64_t i = 0; i < n; i++) {
        double got = get(type, to.data, i), wanted = sum[i] + (add ? 0.75 : 0);
        ck_assert_msg(fabs(got - wanted) <= 32 * eps * (size[i] + 1),
                      "isa %d, array %d of %d groups of %d to %d: [%d] is %.17g, not %.17g",
                      (int)t->work.isa, made, (int)a->f.groups, (int)a->f.big_channels,
                      (int)a->f.small_channels, (int)i, got, wanted);
    }
    unfence(&to);
    free(sum);
    free(size);
}

/* On one thread and on three. */
static void check_bits(ad_tape *one, ad_tape *three, const arrays *a, int made)
{
    size_t bytes = (size_t)a->count[made] * ad_type_size(a->f.type);
    void *alone = malloc(bytes), *shared = malloc(bytes);
    ck_assert(alone && shared);
    make(one, a, made, false, alone);
    make(three, a, made, false, shared);
    ck_assert_msg(memcmp(alone, shared, bytes) == 0, "array %d differs with three threads", made);
    free(alone);
    free(shared);
}

static ad_tape *tape_for(int isa, ad_pool *pool)
{
    ad_tape_options options = {.size = sizeof options, .pool = pool};
    ad_tape *t = ad_tape_new(&options);
    ck_assert_ptr_nonnull(t);
    t->work.isa = (ad_isa)isa;
    return t;
}

START_TEST(convolutions_agree_with_plain_loops_and_touch_nothing_else)
{
    enum { TIMES = 60 };
    ad_pool *pool = ad_pool_new(NULL, 3);
    ad_tape *t = tape_for(_i, NULL), *three = tape_for(_i, pool);
    ad_random r = ad_random_new(11, (uint64_t)_i);
    for (int k = 0; k < TIMES; k++) {
        arrays a = make_arrays(&r, k % 2 ? AD_F32 : AD_F64);
        for (int made = 0; made < ARRAYS; made++) {
            check_made(t, &a, made, draw(&r, 0, 1), draw(&r, 0, 1));
            check_bits(t, three, &a, made);
        }
        for (int i = 0; i < ARRAYS; i++)
            unfence(&a.memory[i]);
        ck_assert_int_eq(ad_tape_status(t), AD_OK);
        ad_tape_reset(t);
        ad_tape_reset(three);
    }
    ad_tape_free(t);
    ad_tape_free(three);
    ad_pool_free(pool);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("kernels");
    tcase_add_loop_test(tests, convolutions_agree_with_plain_loops_and_touch_nothing_else, 0,
                        (int)ad_cpu_isa() + 1);
    Suite *suite = suite_create("convolution");
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
