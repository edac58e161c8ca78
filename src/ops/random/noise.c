/* Dropout, and leaves of random numbers.
 *
 * Whether an element is kept is one bit, from 32 random bits of Philox. The counters of a block
 * of 1024 elements are drawn 32 at a time, so that the loops over lanes become vector
 * instructions: element i of a block has bit i / 32 of word i % 32. The bits are saved for the
 * other rules, 1/32 of what an f32 result takes; to draw them again would take the pullback six
 * times as long (0.45 ns an element to 0.07). */
#include "adze/op.h"
#include "adze/ops.h"
#include "array/philox.h"
#include "array/strided.h"
#include "base/workspace.h"
#include "kernels/kernel.h"
#include "ops/axes.h"
#include "ops/families.h"
#include "tape/failure.h"

#include <stdio.h>
#include <string.h>

enum {
    LANES = 32, /* more than gcc unrolls before it looks for vectors */
    BLOCK = 32 * LANES,
    BLOCK_BYTES = LANES * sizeof(uint32_t),
    CHUNK = 16 * BLOCK, /* elements worth another thread */
    WORDS = 4           /* of a counter, and so many groups of 32 elements from 32 of them */
};

typedef struct dropout_attr {
    double rate;
    ad_key key;
} dropout_attr;

/* ---- bits -------------------------------------------------------------------------- */

/* Random words of 128 elements, by the 32 counters from `first` on, which is a multiple of 32. */
AD_INLINE void draw(const ad_key *key, uint64_t first, uint32_t x[WORDS][LANES])
{
    uint32_t key0 = (uint32_t)key->seed, key1 = (uint32_t)(key->seed >> 32);
    for (size_t j = 0; j < LANES; j++) {
        x[0][j] = (uint32_t)(first + j);
        x[1][j] = (uint32_t)(first >> 32);
        x[2][j] = (uint32_t)key->stream;
        x[3][j] = (uint32_t)(key->stream >> 32);
    }
    for (int round = 0; round < AD_PHILOX_ROUNDS; round++) {
        for (size_t j = 0; j < LANES; j++)
            ad_philox_round(&x[0][j], &x[1][j], &x[2][j], &x[3][j], key0, key1);
        key0 += AD_PHILOX_RISE_0;
        key1 += AD_PHILOX_RISE_1;
    }
}

/* Bits of the block with this number: set with probability (last + 1) / 2^32. */
#define DRAW_BITS(isa, name)                                                                 \
    AD_TARGET_##isa static void name##_##isa(const ad_key *key, uint32_t last, size_t block, \
                                             uint32_t *bits)                                 \
    {                                                                                        \
        uint32_t x[WORDS][LANES];                                                            \
        memset(bits, 0, BLOCK_BYTES);                                                        \
        for (int i = 0; i < 32; i += WORDS) {                                                \
            draw(key, (uint64_t)block *(BLOCK / WORDS) + (uint64_t)(i / WORDS) * LANES, x);  \
            for (int w = 0; w < WORDS; w++)                                                  \
                for (int j = 0; j < LANES; j++)                                              \
                    bits[j] |= (uint32_t)(x[w][j] <= last) << (i + w);                       \
        }                                                                                    \
    }
AD_EACH_ISA(DRAW_BITS, draw_bits)

typedef void bit_drawer(const ad_key *key, uint32_t last, size_t block, uint32_t *bits);
static const struct {
    bit_drawer *of[AD_ISA_COUNT];
} drawers = {AD_ALL(draw_bits)};

/* ---- numbers ----------------------------------------------------------------------- */

/* m numbers of a block, 32 at most, whose bits are number `bit`. */
#define KEEP_SOME(s, T)                                                                            \
    AD_INLINE void keep_some_##s(size_t m, const uint32_t *bits, size_t bit, T factor, const T *x, \
                                 T *restrict out, bool add)                                        \
    {                                                                                              \
        for (size_t j = 0; j < m; j++) {                                                           \
            T y = bits[j] >> bit & 1 ? x[j] * factor : 0;                                          \
            out[j] = add ? out[j] + y : y;                                                         \
        }                                                                                          \
    }

/* n numbers of a block. */
typedef void keeper(size_t n, const uint32_t *bits, const void *factor, const void *x, void *out,
                    bool add);
#define KEEP(isa, s, T)                                                                   \
    AD_TARGET_##isa static void keep_##s##_##isa(size_t n, const uint32_t *bits,          \
                                                 const void *factor, const void *numbers, \
                                                 void *out_data, bool add)                \
    {                                                                                     \
        const T *x = numbers, f = *(const T *)factor;                                     \
        T *out = out_data;                                                                \
        size_t i = 0;                                                                     \
        for (; n - i >= LANES; i += LANES)                                                \
            keep_some_##s(LANES, bits, i / LANES, f, x + i, out + i, add);                \
        keep_some_##s(n - i, bits, i / LANES, f, x + i, out + i, add);                    \
    }
KEEP_SOME(f32, float)
KEEP_SOME(f64, double)
AD_EACH_ISA(KEEP, f32, float)
AD_EACH_ISA(KEEP, f64, double)
static const struct {
    keeper *of[2][AD_ISA_COUNT];
} keepers = {{AD_ALL(keep_f32), AD_ALL(keep_f64)}};

typedef struct job {
    const dropout_attr *attr;
    bit_drawer *draw; /* NULL: the bits are there */
    keeper *keep;
    uint32_t *bits; /* of all blocks */
    const char *x;
    char *out;
    size_t n, size;
    bool add;
} job;

/* Numbers up to 1, as integers of 32 bits: how many of them mean that an element is kept. */
static uint64_t share_kept(double rate)
{
    return (uint64_t)((1 - rate) * 0x1p32 + 0.5);
}

static void run_chunk(void *user, size_t task, int worker)
{
    const job *j = user;
    size_t begin = task * CHUNK, n = j->n - begin < CHUNK ? j->n - begin : CHUNK;
    uint64_t kept = share_kept(j->attr->rate);
    double factor = kept ? 1 / (1 - j->attr->rate) : 0;
    float small_factor = (float)factor;
    (void)worker;
    for (size_t done = 0; done < n; done += BLOCK) {
        size_t block = (begin + done) / BLOCK, count = n - done < BLOCK ? n - done : BLOCK;
        uint32_t *bits = j->bits + block * LANES;
        size_t offset = (begin + done) * j->size;
        if (j->draw && kept)
            j->draw(&j->attr->key, (uint32_t)(kept - 1), block, bits);
        else if (j->draw)
            memset(bits, 0, BLOCK_BYTES);
        j->keep(count, bits, j->size == sizeof factor ? (void *)&factor : &small_factor,
                j->x + offset, j->out + offset, j->add);
    }
}

static void run(ad_workspace *work, bit_drawer *draw_them, const void *attr, const ad_view *x,
                void *bits, const ad_array *out, bool add)
{
    job j = {.attr = attr,
             .draw = draw_them,
             .keep = keepers.of[out->type][ad_work_isa(work)],
             .bits = bits,
             .x = x->data,
             .out = out->data,
             .n = ad_array_count(out),
             .size = ad_type_size(out->type),
             .add = add};
    ad_work_share(work, (j.n + CHUNK - 1) / CHUNK, run_chunk, &j);
}

/* ---- dropout ----------------------------------------------------------------------- */

static size_t dropout_saved(const ad_type *type, const ad_shape *x, const void *attr)
{
    size_t n = 0;
    (void)type, (void)attr;
    ad_shape_count(x, &n);
    return (n + BLOCK - 1) / BLOCK * BLOCK_BYTES;
}

static void dropout_check(const ad_forward_args *c)
{
    double rate = ((const dropout_attr *)c->attr)->rate;
    if (!(rate >= 0 && rate <= 1))
        ad_reject(c->work, AD_DOMAIN, "the rate must be in [0, 1], not %g", rate);
}

static void dropout_forward(const ad_forward_args *c)
{
    run(c->work, drawers.of[ad_work_isa(c->work)], c->attr, &c->x[0], c->saved, &c->y, false);
}

static void dropout_pullback(const ad_pullback_args *c)
{
    run(c->work, NULL, c->attr, &c->dy, (void *)(uintptr_t)c->saved, &c->dx[0], !c->assign[0]);
}

static void dropout_jvp(const ad_jvp_args *c)
{
    run(c->work, NULL, c->attr, &c->tx[0], (void *)(uintptr_t)c->saved, &c->ty, false);
}

static const ad_op dropout_op = {
    .size = sizeof(ad_op),
    .name = "dropout",
    .arity = 1,
    .flags = AD_OP_ASSIGNS | AD_OP_LINEAR,
    .attr_size = sizeof(dropout_attr),
    .shape = ad_shape_first,
    .check = dropout_check,
    .saved = dropout_saved,
    .forward = dropout_forward,
    .pullback = dropout_pullback,
    .jvp = dropout_jvp,
    .derivative = "dx = g / (1 - rate) where x was kept, an exact 0 elsewhere",
};

ad_tensor(ad_dropout)(ad_tensor x, double rate, ad_key key)
{
    return ad_apply(&dropout_op, &x, &(dropout_attr){rate, key});
}

/* ---- leaves ------------------------------------------------------------------------ */

typedef ad_status filler(ad_array *a, ad_random *r, double first, double second);

/* Numbers on the tape, drawn by a fill. They are drawn in the type that was asked for, whatever
 * the tape makes of it. */
static ad_tensor fill(ad_tape *t, const char *name, filler *draw_all, ad_array a, double first,
                      double second, ad_key key)
{
    char shape[256], why[128];
    size_t count = 0;
    AD_DOOR(t, name, ad_tape_dead(t));
    ad_random r = ad_random_new(key.seed, key.stream);
    ad_status status = ad_shape_flaw(&a.shape, &count, why, sizeof why);
    if (status == AD_OK && !ad_type_is_float(a.type)) {
        status = AD_BAD_TYPE;
        snprintf(why, sizeof why, "random numbers are f32 or f64");
    }
    a.data = status == AD_OK ? ad_tape_memory(t, count * ad_type_size(a.type)) : NULL;
    if (a.data)
        status = draw_all(&a, &r, first, second);
    if (a.data && status != AD_OK)
        snprintf(why, sizeof why, "the parameters, %g and %g, must be finite and in order", first,
                 second);
    if (status != AD_OK)
        ad_tape_fail(t, status, "%s(%s): %s", name, ad_shape_print(&a.shape, shape, sizeof shape),
                     why);
    return ad_label((ad_freeze)(t, status == AD_OK ? ad_array_view(a) : (ad_view){0}), name);
}

ad_tensor(ad_uniform)(ad_tape *t, ad_type type, ad_shape shape, double low, double high, ad_key key)
{
    return fill(t, "uniform", ad_fill_uniform, (ad_array){NULL, type, shape, NULL}, low, high, key);
}

ad_tensor(ad_normal)(ad_tape *t, ad_type type, ad_shape shape, double mean, double deviation,
                     ad_key key)
{
    return fill(t, "normal", ad_fill_normal, (ad_array){NULL, type, shape, NULL}, mean, deviation,
                key);
}

const ad_op *const ad_noise_ops[] = {&dropout_op, NULL};
