/* Sums over elements that broadcasting repeats.
 *
 * The elements are cut into chunks. If each chunk has its own sums to write (sums along rows), it
 * writes them. If all chunks add to the same sums, each has partial sums, which are then added in
 * order. In other cases there is one chunk. The cuts depend on shapes only, and so do the bits: an
 * operand that does not lie row by row is gathered into the runs of one that does. */
#include "kernels/kernel.h"

#include "base/workspace.h"
#include "kernels/runs.h"

#include <string.h>

enum {
    CHUNK = 1 << 15,       /* elements at least */
    PARTS = 64,            /* chunks at most that add to the same sums */
    PARTIAL_SUMS = 1 << 19 /* of all chunks together, at most */
};

/* ---- a run ------------------------------------------------------------------------- */

enum {
    CACHED = 1 << 20, /* bytes that a near cache holds */
    PIECE = 256,      /* numbers that are asked for at a time */
    AHEAD = 1 << 13   /* bytes, so long before they are read */
};

/* Asks for bytes that follow those at x: by itself, a processor begins too late. */
AD_INLINE void fetch_ahead(const void *x, size_t bytes)
{
    enum { LINE = 64 };
    for (size_t i = 0; i < bytes; i += LINE)
        __builtin_prefetch((const void *)((uintptr_t)x + AHEAD + i));
}

/* Four times eight partial sums, so that the additions do not wait for each other, whatever the
 * machine's vectors; added up in pairs. */
#define ADD_UP(T)                                          \
    const T *restrict x = numbers;                         \
    double a[8] = {0}, b[8] = {0}, c[8] = {0}, d[8] = {0}; \
    size_t i = 0;                                          \
    (void)columns, (void)far;                              \
    for (; i + 32 <= n; i += 32) {                         \
        fetch_ahead(x + i, 32 * sizeof(T));                \
        for (size_t k = 0; k < 8; k++) {                   \
            a[k] += (double)x[i + k];                      \
            b[k] += (double)x[i + 8 + k];                  \
            c[k] += (double)x[i + 16 + k];                 \
            d[k] += (double)x[i + 24 + k];                 \
        }                                                  \
    }                                                      \
    for (; i + 8 <= n; i += 8)                             \
        for (size_t k = 0; k < 8; k++)                     \
            a[k] += (double)x[i + k];                      \
    for (size_t k = 0; i < n; i++, k++)                    \
        b[k] += (double)x[i];                              \
    for (size_t k = 0; k < 8; k++)                         \
        a[k] = (a[k] + b[k]) + (c[k] + d[k]);              \
    *sums += ((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7]));

/* sums[i] += x[i] */
#define ADD_EACH(T)                \
    const T *restrict x = numbers; \
    (void)columns, (void)far;      \
    for (size_t i = 0; i < n; i++) \
        sums[i] += (double)x[i];

/* sums[j] += x[i][j], row by row. A loop over i would be taken apart by gcc, for two rows at a time, which
 * halves the speed where they come from memory. */
#define ADD_ROWS(T)                                                  \
    const T *restrict x = numbers;                                   \
    const T *const end = x + n * columns;                            \
    for (; x != end; x += columns)                                   \
        for (size_t j = 0; j < columns;) {                           \
            size_t stop = columns - j < PIECE ? columns : j + PIECE; \
            fetch_ahead(x + j, far ? (stop - j) * sizeof(T) : 0);    \
            for (; j < stop; j++)                                    \
                sums[j] += (double)x[j];                             \
        }

#define ADDER_FOR(isa, name, ...)                                                        \
    AD_TARGET_##isa static void name##_##isa(size_t n, size_t columns, bool far,         \
                                             const void *numbers, double *restrict sums) \
    {                                                                                    \
        __VA_ARGS__                                                                      \
    }
#define ADDERS(name, BODY)                          \
    AD_EACH_ISA(ADDER_FOR, name##_f32, BODY(float)) \
    AD_EACH_ISA(ADDER_FOR, name##_f64, BODY(double))
#define ADDERS_OF(name)                            \
    {                                              \
        {                                          \
            AD_ALL(name##_f32), AD_ALL(name##_f64) \
        }                                          \
    }

ADDERS(total, ADD_UP)
ADDERS(each, ADD_EACH)
ADDERS(rows, ADD_ROWS)
static const ad_adders total = ADDERS_OF(total), each = ADDERS_OF(each);
const ad_adders ad_sum_rows = ADDERS_OF(rows);

typedef struct sum_job {
    ad_run_plan plan;
    const ad_kernel *kernel; /* or NULL */
    ad_isa isa;
    bool narrows; /* the kernel's f64 results are rounded to f32 */
    ad_adder *total, *each, *rows;
    ad_type type;
    size_t size; /* of a number of that type */
    int64_t elements, chunk;
    bool far;     /* the elements are more than a near cache holds */
    size_t count; /* sums */
    bool shared;  /* all chunks add to the same sums: each has its own copy */
    double *sums; /* [chunks, count] if shared, else [count] */
} sum_job;

/* sums[i step] += numbers[i] */
static void add_run(const sum_job *j, size_t n, const void *numbers, int64_t step, double *sums)
{
    if (step == 0)
        j->total(n, 1, j->far, numbers, sums);
    else if (step == 1)
        j->each(n, 1, j->far, numbers, sums);
    else if (j->type == AD_F32)
        for (size_t i = 0; i < n; i++)
            sums[(int64_t)i * step] += (double)((const float *)numbers)[i];
    else
        for (size_t i = 0; i < n; i++)
            sums[(int64_t)i * step] += ((const double *)numbers)[i];
}

/* Whether the elements are rows of one operand that lie one after another, to be added up. */
static bool are_rows(const sum_job *j)
{
    const ad_nest *nest = &j->plan.nest;
    return !j->kernel && !j->plan.gathered && nest->rank == 2 && nest->step[0] == 1 &&
           nest->stride[0][0] == nest->row && nest->step[1] == 1 && nest->stride[1][0] == 0;
}

static void find_results(const sum_job *j, size_t n, const void *const *in, void *out)
{
    double wide[AD_RUN];
    const void *results = wide;
    if (!j->narrows) {
        ad_kernel_run(j->kernel, j->isa, j->size, 0, n, in, out, false);
        return;
    }
    ad_kernel_run(j->kernel, j->isa, sizeof *wide, 0, n, in, wide, false);
    ad_kernel_run(&ad_narrowed, j->isa, sizeof(float), 0, n, &results, out, false);
}

static void sum_chunk(void *user, size_t task, int worker)
{
    const sum_job *j = user;
    int s = j->plan.n; /* the stream of the sums */
    int64_t begin = (int64_t)task * j->chunk, left = j->elements - begin;
    double *sums = j->sums + (j->shared ? task * j->count : 0);
    _Alignas(64) char result[AD_RUN * sizeof(double)];
    ad_runs r;
    (void)worker;
    if (are_rows(j)) {
        size_t row = (size_t)j->plan.nest.row, size = ad_type_size(j->type);
        const char *from = (const char *)j->plan.in[0].data + (size_t)begin * size;
        j->rows((size_t)(left < j->chunk ? left : j->chunk) / row, row, j->far, from, sums);
        return;
    }
    ad_runs_open(&r, &j->plan, begin, begin + (left < j->chunk ? left : j->chunk));
    while (ad_runs_next(&r)) {
        const ad_nest *nest = &r.plan.nest;
        if (j->kernel)
            find_results(j, (size_t)r.length, r.run, result);
        add_run(j, (size_t)r.length, j->kernel ? result : r.run[0], nest->step[s],
                sums + nest->offset[s] + r.start * nest->step[s]);
    }
}

/* ---- chunks ------------------------------------------------------------------------ */

/* Cuts the elements into chunks. */
static void plan_chunks(sum_job *j)
{
    const ad_nest *nest = &j->plan.nest;
    int s = j->plan.n;
    bool same = true, own = nest->step[s] == 0;
    for (int i = 0; i < nest->rank - 1; i++) {
        same = same && nest->stride[s][i] == 0;
        own = own && nest->stride[s][i] != 0;
    }
    int64_t most = PARTIAL_SUMS / (int64_t)j->count;
    most = most < PARTS ? most : PARTS;
    int64_t chunk = same ? (j->elements + most) / (most + 1) : 0;
    bool one = j->elements < 2 * CHUNK || (same ? most < 2 : !own);
    chunk = chunk < CHUNK ? CHUNK : chunk;
    if (nest->rank > 1)
        chunk = (chunk + nest->row - 1) / nest->row * nest->row;
    j->shared = same && !one;
    j->chunk = one ? j->elements : chunk;
}

void ad_add_parts(size_t parts, size_t count, double *sums)
{
    for (size_t k = 1; k < parts; k++)
        for (size_t i = 0; i < count; i++)
            sums[i] += sums[k * count + i];
}

/* Runs the job that has been set up, over a shape. */
static double *sum_over(ad_workspace *work, const ad_shape *shape, sum_job *j, const void *env,
                        int n, const ad_view *in, const ad_shape *target)
{
    int64_t stride[AD_MAX_RANK];
    size_t elements = 0, chunks = 1;
    if (ad_shape_count(target, &j->count) != AD_OK || ad_shape_count(shape, &elements) != AD_OK)
        return NULL;
    ad_row_strides(target, stride);
    ad_run_plan_begin_rows(&j->plan, shape, n, in);
    ad_nest_add(&j->plan.nest, target, stride);
    j->plan.env = env;
    bool some = ad_run_plan_start(&j->plan, j->kernel ? AD_RUN : AD_LONG_RUN);
    j->elements = (int64_t)elements;
    j->far = elements * j->size > CACHED;
    if (some) {
        plan_chunks(j);
        chunks = (size_t)((j->elements + j->chunk - 1) / j->chunk);
    }
    size_t copies = j->shared ? chunks : 1;
    j->sums = ad_scratch(work, j->count * copies * sizeof *j->sums);
    if (!j->sums)
        return NULL;
    memset(j->sums, 0, j->count * copies * sizeof *j->sums);
    if (some)
        ad_work_share(work, chunks, sum_chunk, j);
    if (j->shared)
        ad_add_parts(chunks, j->count, j->sums);
    return j->sums;
}

static sum_job job_of(const ad_workspace *work, const ad_kernel *kernel, ad_type type)
{
    ad_isa isa = ad_work_isa(work);
    return (sum_job){.kernel = kernel,
                     .isa = isa,
                     .total = total.of[type][isa],
                     .each = each.of[type][isa],
                     .rows = ad_sum_rows.of[type][isa],
                     .type = type,
                     .size = ad_type_size(type),
                     .chunk = 1};
}

double *ad_map_sum_with(ad_workspace *work, const ad_shape *shape, const ad_kernel *kernel,
                        const void *env, int n, const ad_view *in, ad_type type,
                        const ad_shape *target)
{
    sum_job j = job_of(work, kernel, type);
    return sum_over(work, shape, &j, env, n, in, target);
}

double *ad_map_sum(ad_workspace *work, const ad_shape *shape, const ad_kernel *kernel, int n,
                   const ad_view *in, ad_type type, const ad_shape *target)
{
    return ad_map_sum_with(work, shape, kernel, NULL, n, in, type, target);
}

double *ad_map_sum_f64(ad_workspace *work, const ad_shape *shape, const ad_kernel *kernel, int n,
                       const ad_view *in, ad_type type, const ad_shape *target)
{
    sum_job j = job_of(work, kernel, type);
    j.plan.widens = in[0].type == AD_F32;
    j.plan.isa = j.isa;
    j.narrows = type == AD_F32;
    return sum_over(work, shape, &j, NULL, n, in, target);
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
