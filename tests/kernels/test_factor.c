/* Factorisations against plain loops, on both sides of every size at which they go another way. */
#include "kernels/factor.h"
#include "kernels/spectrum.h"

#include "adze/op.h"
#include "suite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 150 };

/* ---- plain loops ---------------------------------------------------------------------------- */

static double number_at(size_t i)
{
    return (double)((i * 7919 + 13) % 1009) / 1009 - 0.5;
}

/* Numbers between -0.5 and 0.5, and n more on the diagonals of square ones. */
static void fill(const ad_matrices *m, size_t salt)
{
    for (size_t i = 0; i < ad_matrices_size(m); i++)
        m->data[i] = number_at(i + salt);
    for (int64_t k = 0; k < m->count && m->rows == m->columns; k++)
        for (int64_t i = 0; i < m->rows; i++)
            ad_matrices_at(m, k)[i * (m->rows + 1)] += (double)m->rows;
}

static ad_matrices taken(int64_t count, int64_t rows, int64_t columns)
{
    ad_matrices m = {NULL, count, rows, columns};
    m.data = malloc(ad_matrices_size(&m) * sizeof *m.data + 1);
    ck_assert_ptr_nonnull(m.data);
    return m;
}

static ad_matrices copied(const ad_matrices *m)
{
    ad_matrices copy = taken(m->count, m->rows, m->columns);
    memcpy(copy.data, m->data, ad_matrices_size(m) * sizeof *m->data);
    return copy;
}

static double at(const ad_matrices *m, int64_t k, int64_t i, int64_t j, bool turned)
{
    return ad_matrices_at(m, k)[turned ? j * m->columns + i : i * m->columns + j];
}

static void expect_near(const ad_matrices *got, const ad_matrices *wanted, const char *what)
{
    for (size_t i = 0; i < ad_matrices_size(got); i++)
        ck_assert_msg(fabs(got->data[i] - wanted->data[i]) <= 1e-12 * (1 + fabs(wanted->data[i])),
                      "%s of %lld by %lld: number %zu is %.17g instead of %.17g", what,
                      (long long)got->rows, (long long)got->columns, i, got->data[i],
                      wanted->data[i]);
}

static void multiply(const ad_matrices *a, const ad_matrices *b, const ad_matrices *c,
                     unsigned flags)
{
    bool a_turns = flags & AD_TRANSPOSE_A, b_turns = flags & AD_TRANSPOSE_B;
    int64_t terms = a_turns ? a->rows : a->columns;
    for (int64_t k = 0; k < c->count; k++)
        for (int64_t i = 0; i < c->rows; i++)
            for (int64_t j = 0; j < c->columns; j++) {
                double sum = 0, *to = ad_matrices_at(c, k) + i * c->columns + j;
                for (int64_t p = 0; p < terms; p++)
                    sum += at(a, k, i, p, a_turns) * at(b, k, p, j, b_turns);
                *to = flags & AD_SUBTRACT ? *to - sum : flags & AD_ADD ? *to + sum : sum;
            }
}

/* The triangle as it is read, whole. */
static ad_matrices read_triangle(const ad_matrices *t, unsigned how)
{
    ad_matrices m = copied(t);
    for (int64_t k = 0; k < t->count; k++)
        for (int64_t i = 0; i < t->rows; i++)
            for (int64_t j = 0; j < t->rows; j++) {
                bool turned = how & AD_TURNED;
                int64_t row = turned ? j : i, column = turned ? i : j;
                bool in = how & AD_OF_UPPER ? column >= row : column <= row;
                double x = in ? at(t, k, row, column, false) : 0;
                ad_matrices_at(&m, k)[i * t->rows + j] = i == j && how & AD_OF_UNIT ? 1 : x;
            }
    return m;
}

/* ---- the kernels, in a rule --------------------------------------------------------------- */

typedef void trial(ad_workspace *work, int64_t count, int64_t n);

typedef struct trial_attr {
    trial *run;
    int64_t count, n;
} trial_attr;

static void trial_forward(const ad_forward_args *c)
{
    const trial_attr *a = c->attr;
    a->run(c->work, a->count, a->n);
    *(double *)c->y.data = 0;
}

static const ad_op trial_op = {.size = sizeof(ad_op),
                               .name = "trial",
                               .arity = 1,
                               .flags = AD_OP_NO_DERIVATIVE,
                               .attr_size = sizeof(trial_attr),
                               .shape = ad_shape_first,
                               .forward = trial_forward};

static const struct {
    int64_t count, n;
} sizes[] = {{1, 1},  {1, 2},  {3, 1},  {3, 3},  {8, 4},   {13, 16}, {3, 17}, {2, 16}, {200, 5},
             {1, 32}, {1, 33}, {2, 64}, {1, 65}, {1, 100}, {0, 4},   {4, 0},  {9, 7}};
enum { SIZES = sizeof sizes / sizeof *sizes };

static void try_on_all_sizes(trial *run)
{
    static const double number = 1;
    for (int i = 0; i < 2 * SIZES; i++) {
        ad_pool *pool = i % 2 ? ad_pool_new(NULL, 2) : NULL;
        ad_tape *t = ad_tape_new(&(ad_tape_options){.size = sizeof(ad_tape_options), .pool = pool});
        ad_tensor x = ad_watch(t, ad_view_of(AD_F64, &number, AD_SCALAR));
        ad_apply(&trial_op, &x, &(trial_attr){run, sizes[i / 2].count, sizes[i / 2].n});
        ck_assert_int_eq(ad_tape_status(t), AD_OK);
        ad_tape_free(t);
        ad_pool_free(pool);
    }
}

static void try_product(ad_workspace *work, int64_t count, int64_t n)
{
    for (unsigned flags = 0; flags < 16; flags++) {
        if (flags & AD_ADD && flags & AD_SUBTRACT)
            continue;
        int64_t m = n / 2 + 1;
        bool a_turns = flags & AD_TRANSPOSE_A, b_turns = flags & AD_TRANSPOSE_B;
        ad_matrices a = taken(count, a_turns ? n : m, a_turns ? m : n);
        ad_matrices b = taken(count, b_turns ? 3 : n, b_turns ? n : 3), c = taken(count, m, 3);
        fill(&a, 1);
        fill(&b, 2);
        fill(&c, 3);
        ad_matrices wanted = copied(&c);
        ad_matrices_multiply(work, &a, &b, &c, flags);
        multiply(&a, &b, &wanted, flags);
        expect_near(&c, &wanted, "product");
        free(a.data), free(b.data), free(c.data), free(wanted.data);
    }
}

START_TEST(products_are_those_of_plain_loops)
{
    try_on_all_sizes(try_product);
}
END_TEST

static void try_substitution(ad_workspace *work, int64_t count, int64_t n)
{
    static const int64_t columns[] = {1, 35};
    for (unsigned how = 0; how < 16; how++)
        for (int k = 0; k < 2; k++) {
            bool right = how & AD_FROM_RIGHT;
            int64_t m = columns[k];
            ad_matrices t = taken(count, n, n);
            ad_matrices x = taken(count, right ? m : n, right ? n : m);
            fill(&t, how);
            for (size_t i = 0; i < ad_matrices_size(&t); i++)
                t.data[i] /= (double)n;
            fill(&x, 5);
            ad_matrices b = copied(&x), back = copied(&x), read = read_triangle(&t, how);
            ad_matrices_substitute(work, &t, &x, how);
            multiply(right ? &x : &read, right ? &read : &x, &back, 0);
            expect_near(&back, &b, "substitution");
            free(t.data), free(x.data), free(b.data), free(back.data), free(read.data);
        }
}

START_TEST(substitution_solves_every_kind_of_triangle)
{
    try_on_all_sizes(try_substitution);
}
END_TEST

static ad_matrices positive(int64_t count, int64_t n)
{
    ad_matrices a = taken(count, n, n), b = taken(count, n, n);
    fill(&a, 4);
    multiply(&a, &a, &b, AD_TRANSPOSE_B);
    free(a.data);
    return b;
}

static void try_cholesky(ad_workspace *work, int64_t count, int64_t n)
{
    ad_matrices a = positive(count, n), l = copied(&a), back = copied(&a);
    ad_matrices_cholesky(work, &l);
    multiply(&l, &l, &back, AD_TRANSPOSE_B);
    for (size_t i = 0; i < ad_matrices_size(&a); i++) {
        a.data[i] /= (double)(n * n);
        back.data[i] /= (double)(n * n);
    }
    expect_near(&back, &a, "cholesky");
    for (int64_t k = 0; k < count; k++)
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = i + 1; j < n; j++)
                ck_assert(at(&l, k, i, j, false) == 0);
    free(a.data), free(l.data), free(back.data);
}

START_TEST(the_factor_times_its_transpose_is_the_matrix)
{
    try_on_all_sizes(try_cholesky);
}
END_TEST

/* Giles' formula, by products and plain loops: the lower half of L^-T (P + P^T) L^-1 with P the lower half of
 * L^T G, their diagonals halved. */
static void pull_back(const ad_matrices *l, const ad_matrices *g, const ad_matrices *to)
{
    int64_t n = l->rows;
    for (int64_t k = 0; k < l->count; k++) {
        double *s = ad_matrices_at(to, k);
        const double *f = ad_matrices_at(l, k), *h = ad_matrices_at(g, k);
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j <= i; j++) {
                double sum = 0;
                for (int64_t p = i; p < n; p++)
                    sum += f[p * n + i] * h[p * n + j];
                s[i * n + j] = s[j * n + i] = sum;
            }
        for (int side = 0; side < 2; side++) /* s = L^-T s, then the same of its transpose */
            for (int64_t c = 0; c < n; c++)
                for (int64_t i = n - 1; i >= 0; i--) {
                    int64_t step = side ? 1 : n, of = side ? n : 1;
                    double x = s[i * step + c * of];
                    for (int64_t p = i + 1; p < n; p++)
                        x -= f[p * n + i] * s[p * step + c * of];
                    s[i * step + c * of] = x / f[i * (n + 1)];
                }
        for (int64_t i = 0; i < n; i++)
            s[i * (n + 1)] /= 2;
    }
}

static void try_cholesky_back(ad_workspace *work, int64_t count, int64_t n)
{
    ad_matrices l = positive(count, n), g = taken(count, n, n), wanted = taken(count, n, n);
    fill(&g, 6);
    ad_matrices_cholesky(work, &l);
    pull_back(&l, &g, &wanted);
    ad_matrices_cholesky_back(work, &l, &g);
    for (int64_t k = 0; k < count; k++)
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = i + 1; j < n; j++)
                ad_matrices_at(&g, k)[i * n + j] = at(&wanted, k, i, j, false);
    expect_near(&g, &wanted, "cholesky backwards");
    free(l.data), free(g.data), free(wanted.data);
}

START_TEST(the_factorisation_backwards_is_giles_formula)
{
    try_on_all_sizes(try_cholesky_back);
}
END_TEST

static void try_elimination(ad_workspace *work, int64_t count, int64_t n)
{
    ad_matrices a = taken(count, n, n), b = taken(count, n, 3), x = taken(count, n, 3);
    ad_matrices back = taken(count, n, 3);
    int64_t *order = malloc((size_t)(count * n) * sizeof *order + 1);
    ad_matrices upright = taken(count, n, n);
    fill(&upright, 8);
    for (int64_t r = 0; r < count * n; r++) /* rows from the last to the first */
        memcpy(a.data + r * n, upright.data + (r / n * n + n - 1 - r % n) * n,
               (size_t)n * sizeof *a.data);
    fill(&b, 7);
    ad_matrices lu = copied(&a);
    ad_matrices_lu(work, &lu, order);
    for (int turned = 0; turned < 2; turned++) {
        ad_matrices_lu_solve(work, &lu, order, &b, &x, turned);
        multiply(&a, &x, &back, turned ? AD_TRANSPOSE_A : 0);
        for (size_t i = 0; i < ad_matrices_size(&b); i++)
            ck_assert_msg(fabs(back.data[i] - b.data[i]) < 1e-9, "n %d: %g", (int)n,
                          back.data[i] - b.data[i]);
    }
    free(a.data), free(b.data), free(x.data), free(back.data), free(lu.data), free(order);
    free(upright.data);
}

START_TEST(what_elimination_solves_is_solved)
{
    try_on_all_sizes(try_elimination);
}
END_TEST

/* ---- spectra -------------------------------------------------------------------------------- */

static void expect_identity(const ad_matrices *q, const char *what)
{
    ad_matrices square = taken(q->count, q->columns, q->columns), one = copied(&square);
    multiply(q, q, &square, AD_TRANSPOSE_A);
    for (size_t i = 0; i < ad_matrices_size(&one); i++) {
        int64_t n = q->columns, at = (int64_t)i % (n * n);
        one.data[i] = at % (n + 1) == 0;
    }
    expect_near(&square, &one, what);
    free(square.data), free(one.data);
}

/* The columns times numbers of a list. */
static void scale(const ad_matrices *m, const ad_matrices *list)
{
    for (int64_t k = 0; k < m->count; k++)
        for (int64_t i = 0; i < m->rows * m->columns; i++)
            ad_matrices_at(m, k)[i] *= ad_matrices_at(list, k)[i % m->columns];
}

static void expect_order(const ad_matrices *list, double sign)
{
    for (int64_t k = 0; k < list->count; k++)
        for (int64_t i = 1; i < list->columns; i++)
            ck_assert(sign * ad_matrices_at(list, k)[i] >= sign * ad_matrices_at(list, k)[i - 1]);
}

/* The symmetric half of a, its size near 1. Some have equal eigenvalues. */
static void make_symmetric(const ad_matrices *a)
{
    int64_t n = a->rows;
    for (int64_t k = 0; k < a->count; k++)
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j <= i; j++) {
                double *m = ad_matrices_at(a, k), x = i == j ? number_at((size_t)i) : m[i * n + j];
                x = k % 3 == 1 ? i / 2 == j / 2 && i == j : x / sqrt((double)n);
                m[i * n + j] = m[j * n + i] = k % 3 == 2 ? 0 : x;
            }
}

static void try_eigh(ad_workspace *work, int64_t count, int64_t n)
{
    ad_matrices a = taken(count, n, n), w = taken(count, 1, n), v = taken(count, n, n);
    fill(&a, 9);
    make_symmetric(&a);
    ad_matrices lost = copied(&a), left = taken(count, n, n), right = taken(count, n, n);
    ad_matrices_eigh(work, &lost, &w, &v);
    expect_identity(&v, "vectors");
    expect_order(&w, 1);
    multiply(&a, &v, &left, 0);
    memcpy(right.data, v.data, ad_matrices_size(&v) * sizeof *v.data);
    scale(&right, &w);
    expect_near(&left, &right, "a v and v w");
    free(a.data), free(w.data), free(v.data), free(lost.data), free(left.data), free(right.data);
}

START_TEST(eigenvectors_are_multiplied_by_their_eigenvalues)
{
    try_on_all_sizes(try_eigh);
}
END_TEST

static void try_svd_of(ad_workspace *work, int64_t count, int64_t m, int64_t n)
{
    int64_t k = m < n ? m : n;
    ad_matrices a = taken(count, m, n), u = taken(count, m, k), s = taken(count, 1, k);
    fill(&a, 10);
    for (int64_t i = 0; i < count * m * n; i++) /* rank 1, and 0, among them */
        a.data[i] = i / (m * n) % 3 == 1   ? (double)(i % (m * n) % n + 1) / (double)n
                    : i / (m * n) % 3 == 2 ? 0
                                           : a.data[i] / (double)(m + n);
    ad_matrices v = taken(count, n, k), lost = copied(&a), back = taken(count, m, n);
    ad_matrices_svd(work, &lost, &u, &s, &v);
    expect_identity(&u, "u");
    expect_identity(&v, "v");
    expect_order(&s, -1);
    scale(&u, &s);
    multiply(&u, &v, &back, AD_TRANSPOSE_B);
    expect_near(&back, &a, "u s v");
    free(a.data), free(u.data), free(s.data), free(v.data), free(lost.data), free(back.data);
}

static void try_svd(ad_workspace *work, int64_t count, int64_t n)
{
    try_svd_of(work, count, n, n);
    try_svd_of(work, count, n + 2, n);
    try_svd_of(work, count, n, 2 * n);
}

START_TEST(singular_values_and_vectors_make_the_matrix)
{
    try_on_all_sizes(try_svd);
}
END_TEST

static void try_qr_of(ad_workspace *work, int64_t count, int64_t m, int64_t n)
{
    int64_t k = m < n ? m : n;
    ad_matrices a = taken(count, m, n), q = taken(count, m, k), r = taken(count, k, n);
    fill(&a, 11);
    ad_matrices lost = copied(&a), back = taken(count, m, n);
    ad_matrices_qr(work, &lost, &q, &r);
    expect_identity(&q, "q");
    multiply(&q, &r, &back, 0);
    expect_near(&back, &a, "q r");
    for (int64_t b = 0; b < count; b++)
        for (int64_t i = 0; i < k; i++)
            for (int64_t j = 0; j < i; j++)
                ck_assert(at(&r, b, i, j, false) == 0);
    free(a.data), free(q.data), free(r.data), free(lost.data), free(back.data);
}

static void try_qr(ad_workspace *work, int64_t count, int64_t n)
{
    try_qr_of(work, count, n, n);
    try_qr_of(work, count, n + 2, n);
    try_qr_of(work, count, n, n + 2);
}

START_TEST(q_is_orthogonal_and_q_r_the_matrix)
{
    try_on_all_sizes(try_qr);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("factor");
    TCase *all = tcase_create("factor");
    tcase_add_test(all, products_are_those_of_plain_loops);
    tcase_add_test(all, substitution_solves_every_kind_of_triangle);
    tcase_add_test(all, the_factor_times_its_transpose_is_the_matrix);
    tcase_add_test(all, the_factorisation_backwards_is_giles_formula);
    tcase_add_test(all, what_elimination_solves_is_solved);
    tcase_add_test(all, eigenvectors_are_multiplied_by_their_eigenvalues);
    tcase_add_test(all, singular_values_and_vectors_make_the_matrix);
    tcase_add_test(all, q_is_orthogonal_and_q_r_the_matrix);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
