/* Matrix products: the one door to BLIS. */
#define _POSIX_C_SOURCE 200809L /* blis.h wants pthread_barrier_t */
#include "ops/gemm.h"

#include "core/strided.h"

#if __has_include(<blis/blis.h>)
#include <blis/blis.h>
#else
#include <blis.h>
#endif

enum { SMALL_WORK = 16 * 16 * 16 }; /* multiplications below which calling BLIS costs more */

ad_matrix ad_matrix_transposed(ad_matrix a)
{
    return (ad_matrix){a.data, a.columns, a.rows, a.column_step, a.row_step};
}

ad_matrix ad_matrix_of(const ad_view *v)
{
    int last = v->shape.rank - 1;
    return (ad_matrix){v->data, v->shape.dim[last - 1], v->shape.dim[last], v->stride[last - 1],
                       v->stride[last]};
}

/* Steps along an extent of 1 are never taken and may be anything: gives them honest values. */
static ad_matrix with_plain_steps(ad_matrix a)
{
    if (a.rows == 1 && a.columns == 1)
        a.row_step = a.column_step = 1;
    else if (a.rows == 1)
        a.row_step = a.columns * a.column_step;
    else if (a.columns == 1)
        a.column_step = a.rows * a.row_step;
    return a;
}

/* Rows or columns that lie together and do not overlap: what BLIS is asked to take. */
static bool plain(ad_matrix a)
{
    return (a.column_step == 1 && a.row_step >= a.columns) ||
           (a.row_step == 1 && a.column_step >= a.rows);
}

static bool pack(ad_workspace *work, ad_type type, ad_matrix *a)
{
    ad_view v = ad_view_of(type, a->data, AD_SHAPE(a->rows, a->columns));
    v.stride[0] = a->row_step;
    v.stride[1] = a->column_step;
    size_t bytes = (size_t)a->rows * (size_t)a->columns * ad_type_size(type);
    void *packed = ad_scratch(work, bytes);
    if (!packed)
        return false;
    ad_strided_read(&v, packed);
    *a = (ad_matrix){packed, a->rows, a->columns, a->columns, 1};
    return true;
}

/* c += a b, where the columns of b lie together. */
#define SMALL(name, T)                                             \
    static void name(ad_matrix a, ad_matrix b, T *c)               \
    {                                                              \
        const T *as = a.data, *bs = b.data;                        \
        for (int64_t i = 0; i < a.rows; i++, c += b.columns)       \
            for (int64_t p = 0; p < a.columns; p++) {              \
                T factor = as[i * a.row_step + p * a.column_step]; \
                const T *row = bs + p * b.row_step;                \
                for (int64_t j = 0; j < b.columns; j++)            \
                    c[j] += factor * row[j];                       \
            }                                                      \
    }

SMALL(small_f32, float)
SMALL(small_f64, double)

#define BLIS(name, T, gemm)                                                             \
    static void name(ad_matrix a, ad_matrix b, bool add, T *c)                          \
    {                                                                                   \
        rntm_t runtime;                                                                 \
        bli_rntm_init(&runtime);                                                        \
        bli_rntm_set_num_threads(1, &runtime);                                          \
        bli_rntm_disable_l3_sup(&runtime);                                              \
        T one = 1, keep = add;                                                          \
        gemm(BLIS_NO_TRANSPOSE, BLIS_NO_TRANSPOSE, a.rows, b.columns, a.columns, &one,  \
             (T *)(uintptr_t)a.data, a.row_step, a.column_step, (T *)(uintptr_t)b.data, \
             b.row_step, b.column_step, &keep, c, b.columns, 1, NULL, &runtime);        \
    }

BLIS(blis_f32, float, bli_sgemm_ex)
BLIS(blis_f64, double, bli_dgemm_ex)

void ad_gemm(ad_workspace *work, ad_type type, ad_matrix a, ad_matrix b, bool add, void *c)
{
    size_t m = (size_t)a.rows, n = (size_t)b.columns, k = (size_t)a.columns;
    if (m == 0 || n == 0)
        return;
    bool small = k == 0 ||
                 (m <= SMALL_WORK && n <= SMALL_WORK && k <= SMALL_WORK && m * n * k <= SMALL_WORK);
    if (small && !add)
        memset(c, 0, m * n * ad_type_size(type));
    if (k == 0)
        return;
    a = with_plain_steps(a);
    b = with_plain_steps(b);
    if (!plain(a) && !small && !pack(work, type, &a))
        return;
    if ((small ? b.column_step != 1 : !plain(b)) && !pack(work, type, &b))
        return;
    if (small && type == AD_F32)
        small_f32(a, b, c);
    else if (small)
        small_f64(a, b, c);
    else if (type == AD_F32)
        blis_f32(a, b, add, c);
    else
        blis_f64(a, b, add, c);
}

void ad_gemm_warm_up(void)
{
    enum { SIDE = 8 };
    float a[SIDE * SIDE] = {0}, c[SIDE * SIDE];
    double d[SIDE * SIDE] = {0}, e[SIDE * SIDE];
    blis_f32((ad_matrix){a, SIDE, SIDE, SIDE, 1}, (ad_matrix){a, SIDE, SIDE, SIDE, 1}, false, c);
    blis_f64((ad_matrix){d, SIDE, SIDE, SIDE, 1}, (ad_matrix){d, SIDE, SIDE, SIDE, 1}, false, e);
}
