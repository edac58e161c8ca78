/* Products for the bare forms: BLIS as adze calls it, on one thread and without its small-matrix
 * path; and loops if one extent is 1, because BLIS's large kernels are slow there. */
#define _POSIX_C_SOURCE 200809L /* blis.h wants pthread_barrier_t */
#include "bare.h"

#include "base/workspace.h"

#if __has_include(<blis/blis.h>)
#include <blis/blis.h>
#else
#include <blis.h>
#endif

/* ---- threads ------------------------------------------------------------------------ */

typedef struct job {
    bare_part *work;
    void *user;
    int parts;
} job;

static void run_part(void *user, size_t part, int worker)
{
    const job *j = user;
    (void)worker;
    j->work(j->user, (int)part, j->parts);
}

void bare_run(ad_pool *pool, int parts, bare_part *work, void *user)
{
    ad_pool_run(pool, (size_t)parts, run_part, &(job){work, user, parts});
}

/* ---- products ----------------------------------------------------------------------- */

void bare_blis(bare_matrix a, bare_matrix b, void *c, int64_t c_step, size_t size)
{
    rntm_t runtime;
    bli_rntm_init(&runtime);
    bli_rntm_set_num_threads(1, &runtime);
    bli_rntm_disable_l3_sup(&runtime);
    float one = 1, zero = 0;
    double wide_one = 1, wide_zero = 0;
    void *left = (void *)(uintptr_t)a.data, *right = (void *)(uintptr_t)b.data;
    if (size == sizeof(float))
        bli_sgemm_ex(BLIS_NO_TRANSPOSE, BLIS_NO_TRANSPOSE, a.rows, b.columns, a.columns, &one, left,
                     a.row_step, a.column_step, right, b.row_step, b.column_step, &zero, c, c_step,
                     1, NULL, &runtime);
    else
        bli_dgemm_ex(BLIS_NO_TRANSPOSE, BLIS_NO_TRANSPOSE, a.rows, b.columns, a.columns, &wide_one,
                     left, a.row_step, a.column_step, right, b.row_step, b.column_step, &wide_zero,
                     c, c_step, 1, NULL, &runtime);
}

const char *bare_blis_arch(void)
{
    return bli_arch_string(bli_arch_query_id());
}

const char *bare_blis_version(void)
{
    return bli_info_get_version_str();
}

/* Many sums side by side: one alone would wait for each addition. */
static float dot(const float *x, const float *y, int64_t n)
{
    enum { LANES = 64 };
    float lane[LANES] = {0}, sum = 0;
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++)
            lane[j] += x[i + j] * y[i + j];
    for (; i < n; i++)
        sum += x[i] * y[i];
    for (int j = 0; j < LANES; j++)
        sum += lane[j];
    return sum;
}

static void axpy(float alpha, const float *x, float *y, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] += alpha * x[i];
}

static void zero(float *c, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        c[i] = 0;
}

/* A product with vectors along an axis that the operands have in common. False if
 * there is none. */
static bool thin(bare_matrix a, bare_matrix b, float *c)
{
    const float *x = a.data, *y = b.data;
    int64_t m = a.rows, n = b.columns, k = a.columns;
    if (b.column_step == 1 && (m == 1 || k == 1)) {
        zero(c, m * n);
        for (int64_t i = 0; i < m; i++)
            for (int64_t p = 0; p < k; p++)
                axpy(x[i * a.row_step + p * a.column_step], y + p * b.row_step, c + i * n, n);
    } else if (a.column_step == 1 && b.row_step == 1 && (m == 1 || n == 1)) {
        for (int64_t i = 0; i < m; i++)
            for (int64_t j = 0; j < n; j++)
                c[i * n + j] = dot(x + i * a.row_step, y + j * b.column_step, k);
    } else if (a.row_step == 1 && n == 1) {
        zero(c, m);
        for (int64_t p = 0; p < k; p++)
            axpy(y[p * b.row_step], x + p * a.column_step, c, m);
    } else {
        return false;
    }
    return true;
}

void bare_product(bare_matrix a, bare_matrix b, float *c)
{
    if (!thin(a, b, c))
        bare_blis(a, b, c, b.columns, sizeof *c);
}
