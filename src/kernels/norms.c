/* Normalisation: numbers in sets, each with a mean and a scale of its own.
 *
 * Rows that are a set each go one by one. Else work goes down the columns, and what belongs to a set is made of what
 * its columns have: there are parts of rows for threads, cut by the shape alone, whose sums are added in order. */
#include "kernels/norms.h"

#include "array/convert.h"
#include "kernels/map.h"
#include "kernels/norm_kernel.h"

#include <math.h>
#include <string.h>

enum { LEAST = 1 << 13, PARTS = 64 }; /* numbers of a task, tasks */

static const ad_norm_kernel *kernel_for(const ad_workspace *work, ad_type type)
{
#define KERNEL_F32(isa) &ad_norms_f32_##isa,
#define KERNEL_F64(isa) &ad_norms_f64_##isa,
    static const ad_norm_kernel *const f32[] = {AD_ISA_LIST(KERNEL_F32)};
    static const ad_norm_kernel *const f64[] = {AD_ISA_LIST(KERNEL_F64)};
    return type == AD_F32 ? f32[ad_work_isa(work)] : f64[ad_work_isa(work)];
}

static bool by_rows(const ad_norm_layout *l)
{
    return l->rows == 1 && l->groups == 1 && !l->zero_scale;
}

/* Rows of a task, where each has so many numbers. */
static size_t rows_of_task(size_t rows, size_t columns)
{
    size_t least = LEAST / (columns ? columns : 1) + 1, even = (rows + PARTS - 1) / PARTS;
    return even > least ? even : least;
}

static size_t count_tasks(size_t rows, size_t of_task)
{
    return (rows + of_task - 1) / of_task;
}

static void *moved(const void *data, size_t numbers, size_t size)
{
    return data ? (char *)(uintptr_t)data + numbers * size : NULL;
}

/* ---- row by row ------------------------------------------------------------------------ */

typedef struct rows_job {
    ad_norm_rows all;
    ad_norm_rows_routine *run;
    size_t size, chunk; /* of a number, rows of a task */
    char *rooms;        /* of each task: sums of gain and bias, and room for numbers; or NULL */
} rows_job;

static size_t room_of_task(const rows_job *j)
{
    return j->all.length * 2 * sizeof(double) + (2 * j->all.length * j->size + 63) / 64 * 64;
}

static void run_rows(void *user, size_t task, int worker)
{
    const rows_job *j = user;
    ad_norm_rows r = j->all;
    size_t first = task * j->chunk, at = first * r.length;
    (void)worker;
    r.count = r.count - first < j->chunk ? r.count - first : j->chunk;
    r.x = moved(r.x, at, j->size);
    r.y = moved(r.y, at, j->size);
    r.dy = moved(r.dy, at, j->size);
    r.dx = moved(r.dx, at, j->size);
    r.mean += first;
    r.scale += first;
    if (j->rooms) {
        r.dgain = (double *)(void *)(j->rooms + task * room_of_task(j));
        r.dbias = r.dgain + r.length;
        r.room = r.dbias + r.length;
        memset(r.dgain, 0, 2 * r.length * sizeof *r.dgain);
    }
    j->run(&r);
}

static ad_norm_rows rows_of(const ad_norm_layout *l, ad_norm_statistics s)
{
    return (ad_norm_rows){.count = l->outer,
                          .length = l->columns,
                          .centred = l->centred,
                          .divisor = l->divisor,
                          .epsilon = l->epsilon,
                          .mean = s.mean,
                          .scale = s.scale};
}

static void run_all_rows(ad_workspace *work, rows_job *j)
{
    ad_work_share(work, count_tasks(j->all.count, j->chunk), run_rows, j);
}

static bool pull_rows(ad_workspace *work, const ad_norm_layout *l, ad_type type,
                      ad_norm_statistics s, const ad_norm_back *b)
{
    size_t n = l->columns, chunk = rows_of_task(l->outer, n);
    rows_job j = {rows_of(l, s), kernel_for(work, type)->back, ad_type_size(type), chunk, NULL};
    j.all.x = b->x;
    j.all.gain = b->gain;
    j.all.dy = b->dy;
    j.all.dx = b->dx;
    j.all.add = b->add;
    size_t tasks = count_tasks(l->outer, chunk), room = room_of_task(&j);
    j.rooms = ad_scratch(work, tasks * room);
    if (!j.rooms)
        return false;
    run_all_rows(work, &j);
    for (size_t task = 0; task < tasks; task++) {
        const double *sums = (const double *)(const void *)(j.rooms + task * room);
        for (size_t i = 0; i < n; i++) {
            b->dgain[i] += sums[i];
            b->dbias[i] += sums[n + i];
        }
    }
    return true;
}

/* ---- down the columns -------------------------------------------------------------------- */

typedef struct columns_job {
    const ad_norm_layout *l;
    ad_norm_columns all; /* of the first outer place; each has columns of its own */
    ad_norm_columns_routine *run;
    ad_type type;
    size_t size, chunk, across; /* of a number, rows of a task, tasks of an outer place */
} columns_job;

static void run_columns(void *user, size_t task, int worker)
{
    const columns_job *j = user;
    ad_norm_columns c = j->all;
    size_t n = c.length, outer = task / j->across, first = task % j->across * j->chunk;
    size_t at = (outer * j->l->rows + first) * n;
    (void)worker;
    c.count = j->l->rows - first < j->chunk ? j->l->rows - first : j->chunk;
    c.x = moved(c.x, at, j->size);
    c.dy = moved(c.dy, at, j->size);
    c.out = moved(c.out, at, j->size);
    c.high = moved(c.high, outer * n, j->size);
    c.low = moved(c.low, outer * n, j->size);
    for (int i = 0; i < 3; i++)
        c.factor[i] = moved(c.factor[i], outer * n, j->size);
    for (int i = 0; i < 2; i++)
        c.sums[i] = c.sums[i] ? c.sums[i] + task * n : NULL;
    j->run(&c);
}

static columns_job columns_of(const ad_norm_layout *l, ad_type type)
{
    size_t chunk = rows_of_task(l->rows, l->columns);
    if (l->outer >= PARTS)
        chunk = l->rows;
    return (columns_job){.l = l,
                         .all = {.length = l->columns},
                         .type = type,
                         .size = ad_type_size(type),
                         .chunk = chunk,
                         .across = count_tasks(l->rows, chunk)};
}

static void run_all_columns(ad_workspace *work, columns_job *j, ad_norm_columns_routine *run)
{
    j->run = run;
    ad_work_share(work, j->l->outer * j->across, run_columns, j);
}

/* Sums of each outer place's columns, from those of its parts. They end up one after another. */
static void join_parts(const columns_job *j, double *sums)
{
    size_t n = j->all.length;
    for (size_t o = 0; o < j->l->outer; o++) {
        double *parts = sums + o * j->across * n;
        ad_add_parts(j->across, n, parts);
        memmove(sums + o * n, parts, n * sizeof *sums);
    }
}

static double *room_for_sums(ad_workspace *work, const columns_job *j)
{
    return ad_scratch(work, j->l->outer * j->across * j->all.length * sizeof(double));
}

/* Numbers for each column of each outer place. */
static void *room_for_numbers(ad_workspace *work, const columns_job *j)
{
    return ad_scratch(work, j->l->outer * j->all.length * j->size);
}

/* Each column's set, and its place among the sums of all. */
#define EACH_COLUMN(l)                                                                  \
    for (size_t o = 0, at = 0, width = (l)->columns / (l)->groups; o < (l)->outer; o++) \
        for (size_t k = 0, set = o * (l)->groups; k < (l)->columns;                     \
             k++, at++, set = o * (l)->groups + k / width)

/* The parts of the means of columns; of nothing where numbers are not centred. */
static void split_means(columns_job *j, const double *mean, void *high, void *low)
{
    EACH_COLUMN(j->l)
    {
        ad_put_float(j->type, high, at, mean[set]);
        ad_put_float(j->type, low, at, mean[set] - ad_float_at(j->type, high, at));
    }
    j->all.high = high;
    j->all.low = low;
}

/* The first number of each set and the mean distance from it: exact where all are equal. */
static void find_means(ad_workspace *work, columns_job *j, double *mean, double *sums, void *high,
                       void *low)
{
    const ad_norm_layout *l = j->l;
    size_t width = l->columns / l->groups;
    for (size_t i = 0; i < ad_norm_sets(l); i++)
        mean[i] = l->centred
                      ? ad_float_at(j->type, j->all.x,
                                    i / l->groups * l->rows * l->columns + i % l->groups * width)
                      : 0;
    split_means(j, mean, high, low);
    if (!l->centred)
        return;
    run_all_columns(work, j, kernel_for(work, j->type)->sum);
    join_parts(j, sums);
    for (size_t i = 0; i < ad_norm_sets(l); i++) {
        double sum = 0;
        for (size_t k = 0; k < width; k++)
            sum += sums[i * width + k];
        mean[i] += sum / l->divisor;
    }
    split_means(j, mean, high, low);
}

static void find_scales(const columns_job *j, const double *squares, ad_norm_statistics s)
{
    const ad_norm_layout *l = j->l;
    size_t width = l->columns / l->groups;
    for (size_t i = 0; i < ad_norm_sets(l); i++) {
        double sum = 0;
        for (size_t k = 0; k < width; k++)
            sum += squares[i * width + k];
        sum /= l->divisor;
        if (s.variance)
            s.variance[i] = sum;
        sum += l->epsilon;
        s.scale[i] = l->zero_scale && sum == 0 ? 0 : 1 / sqrt(sum);
    }
}

static void forward_by_columns(ad_workspace *work, const ad_norm_layout *l, ad_type type,
                               const void *x, const void *gain, const void *bias, void *y,
                               ad_norm_statistics s)
{
    const ad_norm_kernel *kernel = kernel_for(work, type);
    columns_job j = columns_of(l, type);
    double *sums = room_for_sums(work, &j);
    void *numbers[4];
    for (int i = 0; i < 4; i++)
        if (!(numbers[i] = room_for_numbers(work, &j)))
            return;
    if (!sums)
        return;
    j.all.x = x;
    j.all.sums[0] = sums;
    find_means(work, &j, s.mean, sums, numbers[0], numbers[1]);
    run_all_columns(work, &j, kernel->squares);
    join_parts(&j, sums);
    find_scales(&j, sums, s);
    EACH_COLUMN(l)
    {
        ad_put_float(type, numbers[2], at, s.scale[set] * ad_float_at(type, gain, k));
        ad_put_float(type, numbers[3], at, bias ? ad_float_at(type, bias, k) : 0);
    }
    j.all.factor[0] = numbers[2];
    j.all.factor[1] = numbers[3];
    j.all.out = y;
    run_all_columns(work, &j, kernel->apply);
}

/* What each column's slopes are made of: dx = (dy a - d b) - c. */
static void find_factors(const columns_job *j, const ad_norm_back *b, ad_norm_statistics s,
                         const double *plain, const double *along, void *const factor[3])
{
    const ad_norm_layout *l = j->l;
    size_t width = l->columns / l->groups;
    for (size_t i = 0, at = 0; i < ad_norm_sets(l); i++, at += width) {
        double h = 0, h_along = 0, scale = s.scale[i];
        size_t column = i % l->groups * width;
        for (size_t k = 0; k < width; k++) {
            double gain = ad_float_at(j->type, b->gain, column + k);
            h += gain * plain[at + k];
            h_along += gain * along[at + k];
        }
        double steep = scale * scale * (h_along / l->divisor);
        double level = l->centred ? scale * (h / l->divisor) : 0;
        steep -= b->dvariance ? 2 * ad_float_at(j->type, b->dvariance, i) / l->divisor : 0;
        level -= b->dmean ? ad_float_at(j->type, b->dmean, i) / l->divisor : 0;
        for (size_t k = 0; k < width; k++) {
            ad_put_float(j->type, factor[0], at + k,
                         scale * ad_float_at(j->type, b->gain, column + k));
            ad_put_float(j->type, factor[1], at + k, steep);
            ad_put_float(j->type, factor[2], at + k, level);
        }
    }
}

static bool pull_by_columns(ad_workspace *work, const ad_norm_layout *l, ad_type type,
                            ad_norm_statistics s, const ad_norm_back *b)
{
    const ad_norm_kernel *kernel = kernel_for(work, type);
    columns_job j = columns_of(l, type);
    void *numbers[5];
    for (int i = 0; i < 5; i++)
        if (!(numbers[i] = room_for_numbers(work, &j)))
            return false;
    for (int i = 0; i < 2; i++)
        if (!(j.all.sums[i] = room_for_sums(work, &j)))
            return false;
    j.all.x = b->x;
    j.all.dy = b->dy;
    j.all.factor[0] = numbers[2];
    split_means(&j, s.mean, numbers[0], numbers[1]);
    EACH_COLUMN(l) ad_put_float(type, numbers[2], at, s.scale[set]);
    run_all_columns(work, &j, kernel->both);
    for (int i = 0; i < 2; i++)
        join_parts(&j, j.all.sums[i]);
    EACH_COLUMN(l)
    {
        (void)set;
        b->dbias[k] += j.all.sums[0][at];
        b->dgain[k] += j.all.sums[1][at];
    }
    find_factors(&j, b, s, j.all.sums[0], j.all.sums[1], &numbers[2]);
    for (int i = 0; i < 3; i++)
        j.all.factor[i] = numbers[2 + i];
    j.all.sums[0] = j.all.sums[1] = NULL;
    j.all.out = b->dx;
    j.all.add = b->add;
    if (b->dx)
        run_all_columns(work, &j, kernel->slope);
    return true;
}

/* ---- either way ------------------------------------------------------------------------- */

void ad_norm_forward(ad_workspace *work, const ad_norm_layout *l, ad_type type, const void *x,
                     const void *gain, const void *bias, void *y, ad_norm_statistics s)
{
    if (l->outer * l->rows * l->columns == 0) {
        for (size_t i = 0; i < ad_norm_sets(l); i++)
            s.mean[i] = s.scale[i] = 0;
        return;
    }
    if (!by_rows(l)) {
        forward_by_columns(work, l, type, x, gain, bias, y, s);
        return;
    }
    rows_job j = {rows_of(l, s), kernel_for(work, type)->forward, ad_type_size(type),
                  rows_of_task(l->outer, l->columns), NULL};
    j.all.x = x;
    j.all.gain = gain;
    j.all.bias = bias;
    j.all.y = y;
    run_all_rows(work, &j);
}

bool ad_norm_pull(ad_workspace *work, const ad_norm_layout *l, ad_type type, ad_norm_statistics s,
                  const ad_norm_back *b)
{
    memset(b->dgain, 0, l->columns * sizeof *b->dgain);
    memset(b->dbias, 0, l->columns * sizeof *b->dbias);
    if (l->outer * l->rows * l->columns == 0)
        return true;
    return by_rows(l) ? pull_rows(work, l, type, s, b) : pull_by_columns(work, l, type, s, b);
}
