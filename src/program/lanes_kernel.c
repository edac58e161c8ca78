/* Running code for many points, compiled once for each instruction set with
 *
 *     AD_T        double
 *     AD_LANES    numbers in a vector
 *     AD_SET      the instruction set
 *     AD_RUNNER   the name of the result
 *
 * The loops over the points of a slot have an end that the compiler knows: there is a copy of all for each width. */
#include "program/lanes.h"

#include "kernels/gauss.h"
#include "kernels/kernel.h"
#include "kernels/transpose.h"
#include "kernels/vanishing.h"
#include "kernels/vector.h"

#include <string.h>

#define ISA_(set) AD_ISA_##set
#define ISA(set)  ISA_(set)

static double *slot(const ad_lane_frame *f, uint32_t place, size_t w)
{
    return f->lanes + place * w;
}

/* ---- numbers in and out ------------------------------------------------------------- */

INLINE void turn(vec *v)
{
    AD_TRANSPOSE(vec, AD_LANES, v)
}

/* Whether inputs from k on lie together, as many as fill a vector, in rows of one stride. */
static bool load_together(const ad_lane_frame *f, uint32_t k)
{
    const ad_lane_link *link = &f->code->load[k];
    const ad_map_input *first = &f->in[link->which];
    if (AD_LANES == 1 || k + AD_LANES > f->code->loads || first->stride == 1)
        return false;
    for (uint32_t j = 1; j < AD_LANES; j++) {
        const ad_map_input *in = &f->in[link[j].which];
        if (in->at != first->at + j || in->stride != first->stride)
            return false;
    }
    return true;
}

/* The place of a lane's number. Lanes without a point have those of the last one. */
static ptrdiff_t place_of(const ad_lane_frame *f, size_t lane, ptrdiff_t stride)
{
    return (ptrdiff_t)(f->from + (lane < f->count ? lane : f->count - 1)) * stride;
}

static void load_square(const ad_lane_frame *f, uint32_t k)
{
    const size_t w = f->width;
    const ad_map_input *in = &f->in[f->code->load[k].which];
    double *to = slot(f, f->code->load[k].place, w);
    for (size_t i = 0; i < w; i += AD_LANES) {
        vec v[AD_LANES];
        for (size_t j = 0; j < AD_LANES; j++)
            v[j] = load(in->at + place_of(f, i + j, in->stride));
        turn(v);
        for (size_t j = 0; j < AD_LANES; j++)
            store(to + j * w + i, v[j]);
    }
}

static void load_one(const ad_lane_frame *f, const ad_lane_link *link)
{
    const ad_map_input *in = &f->in[link->which];
    double *to = slot(f, link->place, f->width);
    const double *from = in->at + (ptrdiff_t)f->from * in->stride;
    if (in->stride == 1)
        memcpy(to, from, f->count * sizeof *to);
    else
        for (size_t i = 0; i < f->count; i++)
            to[i] = from[(ptrdiff_t)i * in->stride];
    for (size_t i = f->count; i < f->width; i++)
        to[i] = to[f->count - 1];
}

static void load_inputs(const ad_lane_frame *f)
{
    for (uint32_t k = 0, some; k < f->code->loads; k += some) {
        some = load_together(f, k) ? AD_LANES : 1;
        if (some > 1)
            load_square(f, k);
        else
            load_one(f, &f->code->load[k]);
    }
}

/* Past the caches, which results that are far would only fill. It pays for rows of whole lines; columns fill lines by
 * themselves, one after another. lanes_map.c ends the streams of a piece. */
enum { LINE = 8 };

#if defined(__clang__)
#define STREAM(to, v) __builtin_nontemporal_store(v, (vec *)(void *)(to))
#elif defined(__x86_64__)
#define STREAM_2      __builtin_ia32_movntpd
#define STREAM_4      __builtin_ia32_movntpd256
#define STREAM_8      __builtin_ia32_movntpd512
#define STREAM_(n)    STREAM__(n)
#define STREAM__(n)   STREAM_##n
#define STREAM(to, v) STREAM_(AD_LANES)(to, v)
#else
#define STREAM(to, v) store(to, v)
#endif

static double *place_in(const ad_lane_frame *f, const ad_map_output *out)
{
    return out->at + (ptrdiff_t)f->from * out->stride;
}

static bool may_stream(const ad_lane_frame *f, const ad_map_output *out)
{
    const size_t line = LINE * sizeof(double);
    return f->far && f->all && (uintptr_t)place_in(f, out) % line == 0 && out->stride % LINE == 0;
}

/* Whether so many outputs from k on lie together, in rows of one stride, and all points count. */
static bool store_together(const ad_lane_frame *f, uint32_t k, uint32_t count)
{
    const ad_lane_link *link = &f->code->store[k];
    const ad_map_output *first = &f->out[link->which];
    if (AD_LANES == 1 || k + count > f->code->stores || first->stride == 1 || !f->all)
        return false;
    for (uint32_t j = 1; j < count; j++) {
        const ad_map_output *out = &f->out[link[j].which];
        if (out->at != first->at + j || out->stride != first->stride)
            return false;
    }
    return true;
}

/* The numbers of an output: those of its slot, or one in all places of a row. */
static const double *numbers_of(const ad_lane_frame *f, const ad_lane_link *link, double *row)
{
    if (!link->uniform)
        return slot(f, link->place, f->width);
    for (size_t i = 0; i < f->width; i++)
        row[i] = f->uniform[link->place];
    return row;
}

/* Of as many outputs as fill a vector, or a line. */
INLINE void store_rows(const ad_lane_frame *f, uint32_t k, const uint32_t count, bool stream)
{
    const size_t w = f->width;
    const ad_map_output *out = &f->out[f->code->store[k].which];
    double *to = place_in(f, out);
    const double *from[LINE];
    for (uint32_t j = 0; j < count; j++)
        from[j] = numbers_of(f, &f->code->store[k + j], f->row + j * w);
    for (size_t i = 0; i < w; i += AD_LANES, to += AD_LANES * out->stride) {
        vec v[LINE] = {{0}};
        for (size_t j = 0; j < count; j++)
            v[j] = load(from[j] + i);
        for (size_t j = 0; j < count; j += AD_LANES)
            turn(v + j);
        for (size_t r = 0; r < AD_LANES; r++)
            for (size_t j = 0; j < count; j += AD_LANES)
                if (stream)
                    STREAM(to + (ptrdiff_t)r * out->stride + j, v[j + r]);
                else
                    store(to + (ptrdiff_t)r * out->stride + j, v[j + r]);
    }
}

static void store_one(const ad_lane_frame *f, const ad_lane_link *link)
{
    const ad_map_output *out = &f->out[link->which];
    double *to = place_in(f, out);
    const double *from = numbers_of(f, link, f->row);
    if (out->stride == 1)
        memcpy(to, from, f->count * sizeof *to);
    else
        for (size_t i = 0; i < f->count; i++)
            to[(ptrdiff_t)i * out->stride] = from[i];
    if (f->point != AD_NO_POINT)
        for (size_t i = 0; i < f->count; i++)
            if (!(f->counts >> i & 1))
                to[(ptrdiff_t)i * out->stride] = (double)NAN;
}

/* Stores outputs from k on, and returns how many. */
static uint32_t store_some(const ad_lane_frame *f, uint32_t k)
{
    const ad_map_output *out = &f->out[f->code->store[k].which];
    if (may_stream(f, out) && store_together(f, k, LINE)) {
        store_rows(f, k, LINE, true);
        return LINE;
    }
    if (store_together(f, k, AD_LANES)) {
        store_rows(f, k, AD_LANES, false);
        return AD_LANES;
    }
    store_one(f, &f->code->store[k]);
    return 1;
}

static void store_outputs(const ad_lane_frame *f)
{
    for (uint32_t k = 0; k < f->code->stores;)
        k += store_some(f, k);
}

/* ---- operations by functions -------------------------------------------------------- */

static void run_kernel(const ad_lane_frame *f, const ad_lane_instruction *at, size_t w)
{
    const void *in[] = {slot(f, at->of[0], w), slot(f, at->of[1], w), slot(f, at->of[2], w)};
    f->code->kernel[at->op]->of[ISA(AD_SET)](0, w, in, slot(f, at->to, w));
}

static void run_power(const ad_lane_frame *f, const ad_lane_instruction *at, size_t w)
{
    const int32_t exponent = (int32_t)f->uniform[at->of[1]];
    const void *in[] = {&exponent, slot(f, at->of[0], w)};
    f->code->kernel[at->op]->of[ISA(AD_SET)](0, w, in, slot(f, at->to, w));
}

/* Number by number. Operands are slots. */
static void run_alone(const ad_lane_frame *f, const ad_lane_instruction *at, size_t w)
{
    const double *a = slot(f, at->of[0], w), *b = slot(f, at->of[1], w), *c = slot(f, at->of[2], w);
    double *to = slot(f, at->to, w);
    for (size_t i = 0; i < w; i++)
        to[i] = ad_program_value(at->op, a[i], b[i], c[i]);
}

static void run_guard(ad_lane_frame *f, const ad_lane_instruction *at, size_t w)
{
    const double *a = slot(f, at->of[0], w);
    const bool expected = at->of[1];
    uint64_t differ = 0;
    bool any = false;
    for (size_t i = 0; i < w; i++)
        any |= (a[i] != 0) != expected;
    for (size_t i = 0; any && i < w; i++)
        differ |= (uint64_t)((a[i] != 0) != expected) << i;
    f->counts &= ~differ;
    for (uint32_t i = 0; differ && i < f->point; i++)
        if (differ >> i & 1) {
            f->point = i;
            f->guard = at->of[2];
        }
}

/* Adds the points that count. */
static void add_some(const ad_lane_frame *f, uint32_t sum, const double *numbers, size_t w)
{
    double *sums = f->sums + (size_t)sum * AD_LANE_LEAST;
    for (size_t i = 0; i < w; i++)
        if (f->counts >> i & 1)
            sums[i % AD_LANE_LEAST] += numbers[i];
}

static void add_product(const ad_lane_frame *f, const ad_lane_instruction *at, size_t w)
{
    const double *a = slot(f, at->of[0], w), *b = slot(f, at->of[1], w);
    double numbers[AD_LANE_MOST];
    for (size_t i = 0; i < w; i++)
        numbers[i] = a[i] * b[i];
    add_some(f, at->to, numbers, w);
}

/* ---- the loop over the code --------------------------------------------------------- */

#define A             load(a + i)
#define B             load(b + i)
#define C             load(c + i)
#define UA            uniform[at->of[0]]
#define UB            uniform[at->of[1]]
#define UC            uniform[at->of[2]]
#define EVERYWHERE(x) ((x) - (vec){0}) /* keeps signs of zeros */
/* Of the instruction `at`. */
#define OPERANDS                                                         \
    const double *a = lanes + at->of[0] * w, *b = lanes + at->of[1] * w; \
    const double *c = lanes + at->of[2] * w;                             \
    double *to = lanes + at->to * w;                                     \
    (void)a, (void)b, (void)c, (void)to;
#define VECTORS(...)                         \
    OPERANDS                                 \
    for (size_t i = 0; i < w; i += AD_LANES) \
        store(to + i, __VA_ARGS__);
#define NUMBERS(...) OPERANDS AD_LOOP_APART for (size_t i = 0; i < w; i++) to[i] = __VA_ARGS__;
#define ALONE        run_alone(f, at, w)
#define POWER        run_power(f, at, w)
#define KERNEL       run_kernel(f, at, w)
#define GUARD        run_guard(f, at, w)
#define PRODUCTS     at = sum_products(f, at, w)
#define CHAIN        at = run_chain(f, at, w)
#define DOT_LL       at = run_dot(f, at, w, false)
#define DOT_LU       at = run_dot(f, at, w, true)
#define SUM(...)                                                 \
    const double *a = lanes + at->of[0] * w;                     \
    (void)a;                                                     \
    if (f->all) {                                                \
        double *sums = f->sums + (size_t)at->to * AD_LANE_LEAST; \
        for (size_t j = 0; j < AD_LANE_LEAST; j += AD_LANES) {   \
            vec sum = load(sums + j);                            \
            for (size_t i = j; i < w; i += AD_LANE_LEAST)        \
                sum += __VA_ARGS__;                              \
            store(sums + j, sum);                                \
        }                                                        \
    } else {                                                     \
        double numbers[AD_LANE_MOST];                            \
        for (size_t i = 0; i < w; i += AD_LANES)                 \
            store(numbers + i, __VA_ARGS__);                     \
        add_some(f, at->to, numbers, w);                         \
    }

/* As many points as there is room for in registers. */
#define BLOCK(w) ((w) < 8 * AD_LANES ? (w) : 8 * AD_LANES)
#define PER_BLOCK \
    AD_LOOP_UNROLLED for (size_t i = from, j = 0; j < block / AD_LANES; i += AD_LANES, j++)

/* Sums of products whose first factor is the same. Returns the last of them. */
INLINE const ad_lane_instruction *sum_products(const ad_lane_frame *f,
                                               const ad_lane_instruction *first, const size_t w)
{
    double *const lanes = f->lanes, *const all_sums = f->sums;
    const ad_lane_instruction *at = first;
    const uint32_t common = first->of[0];
    const double *a = lanes + common * w;
    const size_t block = BLOCK(w), step = AD_LANE_LEAST / AD_LANES;
    if (!f->all) {
        add_product(f, first, w);
        return first;
    }
    for (size_t from = 0; from < w; from += block) {
        vec x[8] = {{0}};
        PER_BLOCK x[j] = A;
        for (at = first; at->code == AD_LANE_sum_ll && at->of[0] == common; at++) {
            double *sums = all_sums + (size_t)at->to * AD_LANE_LEAST;
            const double *b = lanes + at->of[1] * w + from;
            AD_LOOP_UNROLLED for (size_t k = 0; k < step; k++)
            {
                vec sum = load(sums + k * AD_LANES);
                AD_LOOP_UNROLLED for (size_t j = k; j < block / AD_LANES; j += step)
                {
                    sum += x[j] * load(b + j * AD_LANES);
                }
                store(sums + k * AD_LANES, sum);
            }
        }
    }
    return at - 1;
}

/* Terms of one kind after another. */
#define TERM(name, does)                                                         \
    case AD_LANE_##name:                                                         \
        do {                                                                     \
            const double *a = lanes + at->of[0] * w, *b = lanes + at->of[1] * w; \
            PER_BLOCK                                                            \
            {                                                                    \
                sum[j] does;                                                     \
                (void)i;                                                         \
            }                                                                    \
            (void)a, (void)b;                                                    \
        } while ((++at)->code == AD_LANE_##name);                                \
        continue;

/* Returns the last of its terms. */
INLINE const ad_lane_instruction *run_chain(const ad_lane_frame *f,
                                            const ad_lane_instruction *chain, const size_t w)
{
    double *const lanes = f->lanes;
    const double *const uniform = f->uniform;
    const size_t block = BLOCK(w);
    double *to = lanes + chain->to * w;
    for (size_t from = 0; from < w; from += block) {
        vec sum[8] = {{0}};
        for (const ad_lane_instruction *at = chain + 1, *end = at + chain->op; at < end;)
            switch ((ad_lane_op)at->code) {
                AD_LANE_TERMS(TERM)
            default:
                at++;
            }
        PER_BLOCK store(to + i, sum[j]);
    }
    return chain + chain->op;
}

/* Returns the last of its terms. */
INLINE const ad_lane_instruction *run_dot(const ad_lane_frame *f, const ad_lane_instruction *dot,
                                          const size_t w, const bool by_uniform)
{
    double *const lanes = f->lanes;
    const double *const uniform = f->uniform;
    const size_t block = BLOCK(w);
    const ad_lane_instruction *const end = dot + 1 + dot->op;
    double *to = lanes + dot->to * w;
    for (size_t from = 0; from < w; from += block) {
        const ad_lane_instruction *at = dot + 1;
        const double *a = lanes + at->of[0] * w, *b = lanes + at->of[1] * w;
        vec sum[8] = {{0}};
        PER_BLOCK sum[j] = by_uniform ? A * UB : A * B;
        while (++at != end) {
            a = lanes + at->of[0] * w;
            b = lanes + at->of[1] * w;
            PER_BLOCK sum[j] += by_uniform ? A * UB : A * B;
        }
        PER_BLOCK store(to + i, sum[j]);
    }
    return end - 1;
}

#define RUN(name, does)    \
    case AD_LANE_##name: { \
        does;              \
        break;             \
    }

#define NOTHING(name, does) case AD_LANE_##name:

static uint64_t lanes_with(size_t count)
{
    return count < AD_LANE_MOST ? ((uint64_t)1 << count) - 1 : UINT64_MAX;
}

/* False where it stops. */
INLINE bool run(ad_lane_frame *f, const size_t w)
{
    double *const lanes = f->lanes;
    const double *const uniform = f->uniform;
    for (const ad_lane_instruction *at = f->code->instruction;; at++) {
        switch ((ad_lane_op)at->code) {
            AD_LANE_ROWS(RUN)
            AD_LANE_TERMS(NOTHING)
        case AD_LANE_settle:
            f->all = f->counts == lanes_with(w);
            if (f->point != AD_NO_POINT && f->stops)
                return false;
            break;
        case AD_LANE_end:
            return true;
        }
    }
}

static bool run_8(ad_lane_frame *f)
{
    return run(f, 8);
}

static bool run_16(ad_lane_frame *f)
{
    return run(f, 16);
}

static bool run_32(ad_lane_frame *f)
{
    return run(f, 32);
}

static bool run_64(ad_lane_frame *f)
{
    return run(f, 64);
}

void AD_RUNNER(ad_lane_frame *f)
{
    load_inputs(f);
    f->all = f->counts == lanes_with(f->width);
    bool (*run_width)(ad_lane_frame *) = f->width == 64   ? run_64
                                         : f->width == 32 ? run_32
                                         : f->width == 16 ? run_16
                                                          : run_8;
    if (run_width(f))
        store_outputs(f);
}
