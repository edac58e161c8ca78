/* Elementwise work over broadcast, strided operands, and sums of it. */
#include "ops/kernel.h"

#include "core/memory.h"
#include "core/strided.h"

#include <string.h>

enum { RUN = 256 }; /* elements of a packed run: a few of them fit the first-level cache */

typedef struct runs {
    int n;
    size_t size[AD_MAX_STREAMS];
    const char *row[AD_MAX_STREAMS]; /* where the operands' current row begins */
    const void *in[AD_MAX_STREAMS];  /* where the current run lies together */
    _Alignas(64) char packed[AD_MAX_STREAMS][RUN * sizeof(double)];
} runs;

/* Whether v has that shape, and no gaps. */
static inline bool in_rows(const ad_view *v, const ad_shape *shape)
{
    int64_t step = 1;
    if (v->shape.rank != shape->rank)
        return false;
    for (int i = shape->rank - 1; i >= 0; i--) {
        int64_t extent = shape->dim[i];
        if (v->shape.dim[i] != extent || (v->stride[i] != step && extent != 1))
            return false;
        step *= extent;
    }
    return true;
}

static bool single(const ad_shape *shape)
{
    for (int i = 0; i < shape->rank; i++)
        if (shape->dim[i] != 1)
            return false;
    return true;
}

/* What ad_nest makes of operands that have the shape and no gaps, or are single numbers: one row. */
static bool begin_row_nest(ad_nest *nest, const ad_shape *shape, int n, const ad_view *in)
{
    nest->rank = 1;
    nest->streams = n;
    nest->row = 1;
    for (int i = 0; i < shape->rank; i++)
        nest->row *= shape->dim[i];
    for (int i = 0; i < n; i++) {
        bool repeats = single(&in[i].shape);
        if (!repeats && !in_rows(&in[i], shape))
            return false;
        nest->step[i] = !repeats;
        nest->offset[i] = 0;
    }
    return nest->row > 0;
}

static void begin_nest(ad_nest *nest, const ad_shape *shape, int n, const ad_view *in)
{
    ad_nest_begin(nest, shape);
    for (int i = 0; i < n; i++)
        ad_nest_add(nest, &in[i].shape, in[i].stride);
}

/* The longest run: a whole row if no operand must be packed. */
static int64_t run_length(const ad_nest *nest, int n)
{
    for (int i = 0; i < n; i++)
        if (nest->step[i] != 1 && nest->row > 1)
            return RUN;
    return nest->row;
}

static void begin_row(runs *r, const ad_nest *nest, const ad_view *in)
{
    for (int i = 0; i < r->n; i++) {
        r->size[i] = ad_type_size(in[i].type);
        r->row[i] = (const char *)in[i].data + nest->offset[i] * (int64_t)r->size[i];
        size_t repeats = nest->row < RUN ? (size_t)nest->row : RUN;
        if (nest->step[i] == 0 && nest->row > 1)
            ad_strided_pack(r->size[i], repeats, r->row[i], 0, r->packed[i]);
    }
}

static void begin_run(runs *r, const ad_nest *nest, int64_t start, int64_t length)
{
    for (int i = 0; i < r->n; i++) {
        const char *from = r->row[i] + start * nest->step[i] * (int64_t)r->size[i];
        r->in[i] = r->packed[i];
        if (nest->step[i] == 1 || nest->row == 1)
            r->in[i] = from;
        else if (nest->step[i] != 0)
            ad_strided_pack(r->size[i], (size_t)length, from, nest->step[i], r->packed[i]);
    }
}

/* The commonest case, and one number at a time: the operands are one run. */
static bool map_at_once(const ad_shape *shape, ad_block *block, int n, const ad_view *in, void *out,
                        bool add)
{
    size_t count = 1;
    const void *data[AD_MAX_STREAMS];
    for (int i = 0; i < shape->rank; i++)
        count *= (size_t)shape->dim[i];
    for (int i = 0; count != 1 && i < n; i++)
        if (!in_rows(&in[i], shape))
            return false;
    for (int i = 0; i < n; i++)
        data[i] = in[i].data;
    if (count)
        block(count, data, out, add);
    return true;
}

static AD_APART void map_rows(const ad_shape *shape, ad_block *block, int n, const ad_view *in,
                              size_t size, void *out, bool add)
{
    runs r;
    ad_nest nest;
    r.n = n;
    if (!begin_row_nest(&nest, shape, n, in)) {
        begin_nest(&nest, shape, n, in);
        if (!ad_nest_start(&nest))
            return;
    }
    int64_t run = run_length(&nest, n);
    char *to = out;
    do {
        begin_row(&r, &nest, in);
        for (int64_t start = 0; start < nest.row; start += run) {
            int64_t length = nest.row - start < run ? nest.row - start : run;
            begin_run(&r, &nest, start, length);
            block((size_t)length, r.in, to, add);
            to += (size_t)length * size;
        }
    } while (ad_nest_next(&nest));
}

void ad_map(const ad_shape *shape, ad_block *block, int n, const ad_view *in, size_t size,
            void *out, bool add)
{
    if (!map_at_once(shape, block, n, in, out, add))
        map_rows(shape, block, n, in, size, out, add);
}

/* ---- sums -------------------------------------------------------------------------- */

/* Eight partial sums, so that the additions neither wait for each other nor depend on the
 * machine's vectors; added up in pairs. */
#define SUM_RUN(ctype)                  \
    const ctype *x = numbers;           \
    double s[8] = {0};                  \
    size_t i = 0;                       \
    for (; i + 8 <= n; i += 8)          \
        for (size_t k = 0; k < 8; k++)  \
            s[k] += (double)x[i + k];   \
    for (size_t k = 0; i < n; i++, k++) \
        s[k] += (double)x[i];           \
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));

static double sum_f32(size_t n, const void *numbers)
{
    SUM_RUN(float)
}

static double sum_f64(size_t n, const void *numbers)
{
    SUM_RUN(double)
}

double ad_sum_run(ad_type type, size_t n, const void *numbers)
{
    return type == AD_F32 ? sum_f32(n, numbers) : sum_f64(n, numbers);
}

/* sums[j step] += numbers[j] */
static void add_run(ad_type type, size_t n, const void *numbers, int64_t step, double *sums)
{
    if (step == 0) {
        sums[0] += ad_sum_run(type, n, numbers);
        return;
    }
#define ADD(ctype, step)           \
    for (size_t j = 0; j < n; j++) \
        sums[(int64_t)j * (step)] += (double)((const ctype *)numbers)[j];
    if (type == AD_F32 && step == 1)
        ADD(float, 1)
    else if (type == AD_F32)
        ADD(float, step)
    else
        ADD(double, step)
#undef ADD
}

/* The operands, and behind them the sums. False if there is nothing to sum. */
static bool begin_sum_nest(ad_nest *nest, const ad_shape *shape, int n, const ad_view *in,
                           const ad_shape *target)
{
    int64_t stride[AD_MAX_RANK];
    if (single(target) && begin_row_nest(nest, shape, n, in)) {
        nest->step[n] = nest->offset[n] = 0;
        return true;
    }
    ad_row_strides(target, stride);
    begin_nest(nest, shape, n, in);
    ad_nest_add(nest, target, stride);
    return ad_nest_start(nest);
}

double *ad_map_sum(ad_workspace *work, const ad_shape *shape, ad_block *block, int n,
                   const ad_view *in, ad_type type, const ad_shape *target)
{
    enum { SUM_RUNS = 4096 }; /* longer rows are summed piece by piece */
    size_t count;
    if (ad_shape_count(target, &count) != AD_OK)
        return NULL;
    double *sums = ad_scratch(work, count * sizeof *sums);
    if (!sums)
        return NULL;
    memset(sums, 0, count * sizeof *sums);
    runs r;
    r.n = n;
    ad_nest nest;
    if (!begin_sum_nest(&nest, shape, n, in, target))
        return sums;
    _Alignas(64) char result[RUN * sizeof(double)];
    int64_t run = block || run_length(&nest, n) == RUN ? RUN : SUM_RUNS;
    do {
        begin_row(&r, &nest, in);
        for (int64_t start = 0; start < nest.row; start += run) {
            int64_t length = nest.row - start < run ? nest.row - start : run;
            begin_run(&r, &nest, start, length);
            if (block)
                block((size_t)length, r.in, result, false);
            add_run(type, (size_t)length, block ? result : r.in[0], nest.step[n],
                    sums + nest.offset[n] + start * nest.step[n]);
        }
    } while (ad_nest_next(&nest));
    return sums;
}

void ad_store_sums(size_t n, const double *sums, ad_type type, void *out, bool add)
{
#define STORE(ctype)               \
    for (size_t i = 0; i < n; i++) \
        ((ctype *)out)[i] = (ctype)(sums[i] + (add ? (double)((ctype *)out)[i] : 0));
    if (type == AD_F32)
        STORE(float)
    else
        STORE(double)
#undef STORE
}

AD_KERNEL(itself_f32, float, AD_IN(float, 0))
AD_KERNEL(itself_f64, double, AD_IN(double, 0))
const ad_blocks ad_itself = {{itself_f32, itself_f64}};

void ad_map_into(ad_workspace *work, const ad_shape *shape, const ad_blocks *blocks, int n,
                 const ad_view *in, const ad_array *out, bool add)
{
    ad_block *block = blocks->of[out->type];
    if (ad_shape_equal(shape, &out->shape)) {
        ad_map(shape, block, n, in, ad_type_size(out->type), out->data, add);
        return;
    }
    double *sums = ad_map_sum(work, shape, block, n, in, out->type, &out->shape);
    if (sums)
        ad_store_sums(ad_array_count(out), sums, out->type, out->data, add);
}
