/* Functions of matrices that are made of other operations, and have their derivatives from them. */
#include "ops/linalg/linalg.h"
#include "tape/apply.h"
#include "tape/failure.h"

#include <math.h>

/* ---- powers ------------------------------------------------------------------------- */

AD_FORM(matrix_power, 1, NULL, ad_square_first)

/* [n, n] with ones on the diagonal, which broadcasts to a batch; what has failed itself. */
static ad_tensor identity_beside(ad_tensor a)
{
    ad_shape shape = ad_shape_of(a);
    if (shape.rank < 0)
        return a;
    ad_tensor one = ad_constant(a.tape, ad_read(a).type, 1);
    return ad_diag(ad_broadcast_to(one, AD_SHAPE(shape.dim[shape.rank - 1])), 0);
}

/* a^n for n > 0, by the binary digits of n. */
static ad_tensor by_squares(ad_tensor a, uint64_t n)
{
    ad_tensor y = a;
    bool begun = false;
    for (;; a = ad_matmul(a, a)) {
        if (n & 1)
            y = begun ? ad_matmul(y, a) : a;
        begun = begun || n & 1;
        n >>= 1;
        if (!n)
            return y;
    }
}

ad_tensor ad_matrix_power(ad_tensor a, int64_t n)
{
    AD_DOOR(a.tape, "matrix_power", ad_dead(a));
    if (!ad_fits(&matrix_power, &a, NULL))
        return ad_dead(a);
    if (n == 0)
        return ad_broadcast_to(identity_beside(a), ad_shape_of(a));
    return n > 0 ? by_squares(a, (uint64_t)n) : by_squares(ad_inverse(a), -(uint64_t)n);
}

/* ---- the exponential ------------------------------------------------------------------- */

AD_FORM(expm, 1, NULL, ad_square_first)

/* How often a must be halved for the approximation to have all digits (Higham 2005): its greatest sum of a column's
 * sizes. */
static int halvings(ad_tensor a)
{
    ad_view v = ad_read(a);
    int64_t n = v.shape.dim[v.shape.rank - 1], count = (int64_t)ad_view_count(&v);
    double most = 0;
    for (int64_t first = 0; first < count; first += n * n)
        for (int64_t j = 0; j < n; j++) {
            double sum = 0;
            for (int64_t i = 0; i < n; i++)
                sum += fabs(ad_view_get(&v, (size_t)(first + i * n + j)));
            most = sum > most ? sum : most;
        }
    return most > 5.371920351148152 && isfinite(most) ? (int)ceil(log2(most / 5.371920351148152))
                                                      : 0;
}

/* The sum of c[k] x[k]. */
static ad_tensor combine(const ad_tensor *x, const double *c, int n)
{
    ad_tensor sum = ad_mul(x[0], ad_number(c[0]));
    for (int k = 1; k < n; k++)
        sum = ad_add(sum, ad_mul(x[k], ad_number(c[k])));
    return sum;
}

/* p(a) / p(-a), with Pade's polynomial of degree 13: its odd part is a times a polynomial of a^2. */
static ad_tensor approximate(ad_tensor a)
{
    static const double even[] = {64764752532480000, 7771770303897600, 129060195264000,
                                  670442572800};
    static const double even_high[] = {1323241920, 960960, 182};
    static const double odd[] = {32382376266240000, 1187353796428800, 10559470521600, 33522128640};
    static const double odd_high[] = {40840800, 16380, 1};
    ad_tensor x[4] = {identity_beside(a), ad_matmul(a, a)};
    x[2] = ad_matmul(x[1], x[1]);
    x[3] = ad_matmul(x[2], x[1]);
    ad_tensor v = ad_add(ad_matmul(x[3], combine(x + 1, even_high, 3)), combine(x, even, 4));
    ad_tensor u = ad_add(ad_matmul(x[3], combine(x + 1, odd_high, 3)), combine(x, odd, 4));
    u = ad_matmul(a, u);
    return ad_solve(ad_sub(v, u), ad_add(v, u));
}

ad_tensor ad_expm(ad_tensor a)
{
    AD_DOOR(a.tape, "expm", ad_dead(a));
    if (!ad_fits(&expm, &a, NULL))
        return ad_dead(a);
    int times = halvings(a);
    ad_tensor x = ad_read(a).type == AD_F64 ? a : ad_cast(a, AD_F64);
    ad_tensor y = approximate(times ? ad_mul(x, ad_number(ldexp(1, -times))) : x);
    for (int k = 0; k < times; k++)
        y = ad_matmul(y, y);
    return ad_read(a).type == AD_F64 ? y : ad_cast(y, ad_read(a).type);
}

/* ---- products ------------------------------------------------------------------------- */

static const char *kron_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    *y = x[0];
    if (x[0].rank < 2 || x[1].rank < 2)
        return "needs two matrices, or batches of them";
    if (x[0].rank > AD_MAX_RANK - 2 || x[1].rank > AD_MAX_RANK - 2)
        return "the rank must be at most 6";
    ad_shape batch[2] = {x[0], x[1]};
    batch[0].rank -= 2;
    batch[1].rank -= 2;
    if (ad_shape_broadcast(batch, attr, y))
        return "the axes before the last two do not broadcast";
    for (int i = 2; i > 0; i--) {
        int64_t m = x[0].dim[x[0].rank - i], n = x[1].dim[x[1].rank - i];
        if (m && n > INT64_MAX / m)
            return "the result is too large";
        y->dim[y->rank++] = m * n;
    }
    return NULL;
}

AD_FORM(kron, 2, NULL, kron_shape)

ad_tensor ad_kron(ad_tensor a, ad_tensor b)
{
    ad_tensor x[] = {a, b}, any = a.tape ? a : b;
    AD_DOOR(any.tape, "kron", ad_dead(any));
    if (!ad_fits(&kron, x, NULL))
        return ad_dead(any);
    ad_shape y, shapes[] = {ad_shape_of(a), ad_shape_of(b)};
    kron_shape(shapes, NULL, &y);
    ad_tensor left = ad_expand(ad_expand(a, -1), -3);  /* [..., m, 1, n, 1] */
    ad_tensor right = ad_expand(ad_expand(b, -2), -4); /* [..., 1, p, 1, q] */
    return ad_reshape(ad_mul(left, right), y);
}

static const char *trace_of_product_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    ad_shape batch[2] = {x[0], x[1]};
    *y = AD_SCALAR;
    if (x[0].rank < 2 || x[1].rank < 2)
        return "needs two matrices, or batches of them";
    if (x[0].dim[x[0].rank - 1] != x[1].dim[x[1].rank - 2] ||
        x[0].dim[x[0].rank - 2] != x[1].dim[x[1].rank - 1])
        return "rows and columns of the left must equal columns and rows of the right";
    batch[0].rank -= 2;
    batch[1].rank -= 2;
    return ad_shape_broadcast(batch, attr, y) ? "the axes before the last two do not broadcast"
                                              : NULL;
}

AD_FORM(trace_of_product, 2, NULL, trace_of_product_shape)

ad_tensor ad_trace_of_product(ad_tensor a, ad_tensor b)
{
    ad_tensor x[] = {a, b}, any = a.tape ? a : b;
    AD_DOOR(any.tape, "trace_of_product", ad_dead(any));
    if (!ad_fits(&trace_of_product, x, NULL))
        return ad_dead(any);
    return ad_sum_over(ad_mul(a, ad_transpose(b)), AD_AXES(-2, -1));
}

/* ---- norms ---------------------------------------------------------------------------- */

static const char *norm_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    (void)attr;
    *y = AD_SCALAR;
    return x->rank < 2 ? "needs a matrix, or a batch of them" : NULL;
}

static const char *spectral_norm_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    const char *why = norm_shape(x, attr, y);
    bool none = !why && (x->dim[x->rank - 1] == 0 || x->dim[x->rank - 2] == 0);
    return none ? "a matrix without numbers has no singular value" : why;
}

AD_FORM(nuclear_norm, 1, NULL, norm_shape)
AD_FORM(spectral_norm, 1, NULL, spectral_norm_shape)

ad_tensor ad_nuclear_norm(ad_tensor a)
{
    AD_DOOR(a.tape, "nuclear_norm", ad_dead(a));
    return ad_fits(&nuclear_norm, &a, NULL) ? ad_sum_over(ad_svdvals(a), AD_AXES(-1)) : ad_dead(a);
}

ad_tensor ad_spectral_norm(ad_tensor a)
{
    AD_DOOR(a.tape, "spectral_norm", ad_dead(a));
    return ad_fits(&spectral_norm, &a, NULL) ? ad_max_over(ad_svdvals(a), AD_AXES(-1)) : ad_dead(a);
}
