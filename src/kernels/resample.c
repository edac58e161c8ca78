/* Sums of weighted rows. */
#include "kernels/resample.h"

#include "kernels/kernel.h"

#include <string.h>

/* y[i] = w x[i], or += */
typedef void scale_row(int64_t n, double weight, const void *x, bool add, void *y);

#define SCALE_ROW(isa, name, T)                                                            \
    AD_TARGET_##isa static void name##_##isa(int64_t n, double weight, const void *x_data, \
                                             bool add, void *y_data)                       \
    {                                                                                      \
        const T *restrict x = x_data, w = (T)weight;                                       \
        T *restrict y = y_data;                                                            \
        if (add)                                                                           \
            for (int64_t i = 0; i < n; i++)                                                \
                y[i] += w * x[i];                                                          \
        else                                                                               \
            for (int64_t i = 0; i < n; i++)                                                \
                y[i] = w * x[i];                                                           \
    }
AD_EACH_ISA(SCALE_ROW, scale_f32, float)
AD_EACH_ISA(SCALE_ROW, scale_f64, double)
static scale_row *const scales[2][AD_ISA_COUNT] = {AD_ALL(scale_f32), AD_ALL(scale_f64)};

ad_mixture ad_mixture_transposed(ad_workspace *work, const ad_mixture *m, int64_t rows)
{
    int64_t count = m->begin[m->rows];
    ad_mixture t = {.rows = rows,
                    .begin = ad_scratch(work, (size_t)(rows + 2) * sizeof *t.begin),
                    .from = ad_scratch(work, (size_t)(count + 1) * sizeof *t.from),
                    .weight = ad_scratch(work, (size_t)(count + 1) * sizeof *t.weight)};
    if (!t.begin || !t.from || !t.weight)
        return (ad_mixture){0};
    memset(t.begin, 0, (size_t)(rows + 2) * sizeof *t.begin);
    for (int64_t k = 0; k < count; k++)
        t.begin[m->from[k] + 2]++;
    for (int64_t i = 2; i <= rows; i++)
        t.begin[i] += t.begin[i - 1];
    for (int64_t i = 0; i < m->rows; i++) /* begin[i + 1] moves to where row i ends */
        for (int64_t k = m->begin[i]; k < m->begin[i + 1]; k++) {
            int64_t to = t.begin[m->from[k] + 1]++;
            t.from[to] = i;
            t.weight[to] = m->weight[k];
        }
    return t;
}

typedef struct job {
    const ad_mixture *m;
    scale_row *scale;
    int64_t x_rows, all, some; /* rows of x; all rows of results, and those of a task */
    size_t row;                /* bytes */
    int64_t inner;
    const char *x;
    char *y;
    bool add;
} job;

static void mix_row(const job *j, int64_t row)
{
    const ad_mixture *m = j->m;
    const char *x = j->x + (size_t)(row / m->rows * j->x_rows) * j->row;
    char *y = j->y + (size_t)row * j->row;
    int64_t i = row % m->rows;
    if (!j->add && m->begin[i] == m->begin[i + 1])
        memset(y, 0, j->row);
    for (int64_t k = m->begin[i]; k < m->begin[i + 1]; k++)
        j->scale(j->inner, m->weight[k], x + (size_t)m->from[k] * j->row, j->add || k > m->begin[i],
                 y);
}

static void mix_rows(void *user, size_t task, int worker)
{
    const job *j = user;
    int64_t begin = (int64_t)task * j->some;
    int64_t end = j->all - begin < j->some ? j->all : begin + j->some;
    (void)worker;
    for (int64_t row = begin; row < end; row++)
        mix_row(j, row);
}

void ad_mix(ad_workspace *work, const ad_mixture *m, ad_type type, int64_t outer, int64_t x_rows,
            int64_t inner, const void *x, bool add, void *y)
{
    enum { NUMBERS = 1 << 12 };
    job j = {.m = m,
             .scale = scales[type][ad_work_isa(work)],
             .x_rows = x_rows,
             .all = outer * m->rows,
             .some = NUMBERS / (inner + 1) + 1,
             .row = (size_t)inner * ad_type_size(type),
             .inner = inner,
             .x = x,
             .y = y,
             .add = add};
    if (j.all > 0 && inner > 0)
        ad_work_share(work, (size_t)((j.all + j.some - 1) / j.some), mix_rows, &j);
}
