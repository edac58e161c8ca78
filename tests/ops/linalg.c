/* Linear algebra. rows.h says how a row reads. */
#ifndef ROWS
#define ROWS   "linalg.c"
#define FAMILY linalg_rows
#include "rows.h"

/* x x^T with twice its diagonal and 1: symmetric, and far from singular. */
static ad_tensor positive(ad_tensor x)
{
    ad_tensor square = ad_matmul(x, ad_transpose(x));
    return ad_add(square, ad_diag(ad_add(ad_diagonal(square, 0), 1), 0));
}

/* x with d^2 + 5 more on its diagonal d. */
static ad_tensor regular(ad_tensor x)
{
    return ad_add(x, ad_diag(ad_add(ad_square(ad_diagonal(x, 0)), 5), 0));
}

static ad_tensor symmetric(ad_tensor x)
{
    ad_tensor a = regular(x);
    return ad_mul(ad_add(a, ad_transpose(a)), 0.5);
}

static ad_tensor solve_itself(ad_tensor a)
{
    return ad_solve(a, a);
}

static ad_tensor solve_its_triangle(ad_tensor t)
{
    return ad_triangular_solve(t, t, 0);
}

/* Something flows into both of them. */
static ad_tensor sign_and_log(ad_tensor x)
{
    ad_sign_and_log y = ad_slogdet(x);
    return ad_add(ad_square(y.log), ad_mul(y.sign, 3));
}

/* The symmetric half of x with 6, 12, 18 and so on added to its diagonal: eigenvalues are far from each other. */
static ad_tensor spread(ad_tensor x)
{
    ad_shape shape = ad_shape_of(x); /* of rank 0 where memory ran out */
    int64_t n = shape.rank > 0 ? shape.dim[shape.rank - 1] : 1;
    ad_tensor all = ad_broadcast_to(ad_constant(x.tape, ad_read(x).type, 6), AD_SHAPE(n));
    return ad_add(ad_mul(ad_add(x, ad_transpose(x)), 0.5), ad_diag(ad_cumsum(all, 0, 0), 0));
}

/* Of numbers within (-1, 1). */
static ad_tensor squared(ad_tensor x)
{
    ad_tensor y = ad_tanh(x);
    return ad_matmul(y, ad_transpose(y));
}

/* a a, for a symmetric a. */
static ad_tensor square_by_eigh(ad_tensor a)
{
    ad_eigen e = ad_eigh(a);
    ad_tensor scaled = ad_mul(e.vectors, ad_expand(ad_square(e.values), -2));
    return ad_matmul(scaled, ad_transpose(e.vectors));
}

/* a a^T a */
static ad_tensor cubed_by_svd(ad_tensor a)
{
    ad_svd_parts p = ad_svd(a);
    ad_tensor cubes = ad_powi(p.s, 3);
    return ad_matmul(ad_mul(p.u, ad_expand(cubes, -2)), ad_transpose(p.v));
}

/* a over half of b. */
static ad_tensor tall(ad_tensor a, ad_tensor b)
{
    return ad_concat(2, (ad_tensor[]){a, ad_mul(b, 0.5)}, 0);
}

/* Something flows into both of them. */
static ad_tensor both_of_qr(ad_tensor a)
{
    ad_qr_parts p = ad_qr(a);
    return ad_add(ad_square(p.r), ad_mul(p.q, 3));
}

#include "read_rows.h"
#else

/* clang-format off */
OP(ad_cholesky, .needs_axes = true)
CASE(cholesky, ad_cholesky(positive(x[0])), ON(S(3, 3)), .whole = complex_cholesky)
CASE(cholesky_of_1, ad_cholesky(positive(x[0])), ON(S(1, 1)), .whole = complex_cholesky)
CASE(cholesky_of_a_batch, ad_cholesky(positive(x[0])), ON(S(2, 3, 3)), .whole = complex_cholesky)
CASE(cholesky_across_lanes, ad_cholesky(positive(x[0])), ON(S(2, 5, 3, 3)), .whole = complex_cholesky)
CASE(cholesky_across_full_lanes, ad_cholesky(positive(x[0])), ON(S(8, 4, 4)), .whole = complex_cholesky)
CASE(cholesky_of_17, ad_cholesky(symmetric(x[0])), ON(S(17, 17)), .range = {-0.3, 0.3})
CASE(cholesky_of_nothing, ad_cholesky(x[0]), ON(S(0, 0)))
CASE(cholesky_without_batch, ad_cholesky(x[0]), ON(S(0, 3, 3)))
CASE(cholesky_of_a_symmetric_half, ad_cholesky(symmetric(x[0])), ON(S(3, 3)))
CASE(cholesky_of_columns, ad_cholesky(ad_transpose(symmetric(x[0]))), ON(S(3, 3)))
GRAPH(ad_cholesky(positive(*x)), .fits = FIT_MATRIX)
CALL(cholesky, ad_cholesky(o[D]), .uses = BIT(D))
BAD(cholesky, ad_cholesky(o[A]), AD_BAD_SHAPE)
BAD(cholesky, ad_cholesky(o[V]), AD_BAD_SHAPE)
BAD(cholesky, ad_cholesky(ad_neg(o[D])), AD_DOMAIN)
ORACLE(cholesky, ad_cholesky(positive(x[0])))

OP(ad_triangular_solve, .needs_axes = true)
CASE(triangular_solve, ad_triangular_solve(regular(x[0]), x[1], 0), ON(S(3, 3), S(3, 2)),
    .whole = complex_triangular_lower)
CASE(triangular_solve_upper, ad_triangular_solve(regular(x[0]), x[1], AD_UPPER), ON(S(3, 3), S(3, 2)),
    .whole = complex_triangular_upper)
CASE(triangular_solve_transposed, ad_triangular_solve(regular(x[0]), x[1], AD_TRANSPOSED), ON(S(3, 3), S(3, 2)))
CASE(triangular_solve_upper_transposed, ad_triangular_solve(regular(x[0]), x[1], AD_UPPER | AD_TRANSPOSED),
    ON(S(3, 3), S(3, 2)))
CASE(triangular_solve_unit, ad_triangular_solve(x[0], x[1], AD_UNIT_DIAGONAL), ON(S(3, 3), S(3, 2)))
CASE(triangular_solve_unit_upper, ad_triangular_solve(x[0], x[1], AD_UNIT_DIAGONAL | AD_UPPER),
    ON(S(3, 3), S(3, 2)))
CASE(triangular_solve_unit_transposed, ad_triangular_solve(x[0], x[1], AD_UNIT_DIAGONAL | AD_TRANSPOSED),
    ON(S(3, 3), S(3, 2)))
CASE(triangular_solve_right, ad_triangular_solve(regular(x[0]), x[1], AD_RIGHT), ON(S(3, 3), S(2, 3)))
CASE(triangular_solve_right_upper, ad_triangular_solve(regular(x[0]), x[1], AD_RIGHT | AD_UPPER),
    ON(S(3, 3), S(2, 3)))
CASE(triangular_solve_right_transposed, ad_triangular_solve(regular(x[0]), x[1], AD_RIGHT | AD_TRANSPOSED),
    ON(S(3, 3), S(2, 3)))
CASE(triangular_solve_right_upper_transposed,
    ad_triangular_solve(regular(x[0]), x[1], AD_RIGHT | AD_UPPER | AD_TRANSPOSED), ON(S(3, 3), S(2, 3)))
CASE(triangular_solve_right_unit, ad_triangular_solve(x[0], x[1], AD_RIGHT | AD_UNIT_DIAGONAL),
    ON(S(3, 3), S(2, 3)))
CASE(triangular_solve_of_batches, ad_triangular_solve(regular(x[0]), x[1], 0), ON(S(5, 3, 3), S(5, 3, 2)))
CASE(triangular_solve_of_batches_right_upper,
    ad_triangular_solve(regular(x[0]), x[1], AD_RIGHT | AD_UPPER), ON(S(5, 3, 3), S(5, 2, 3)))
CASE(triangular_solve_of_batches_transposed,
    ad_triangular_solve(regular(x[0]), x[1], AD_TRANSPOSED), ON(S(8, 3, 3), S(8, 3, 1)))
CASE(triangular_solve_of_batches_right_unit,
    ad_triangular_solve(x[0], x[1], AD_RIGHT | AD_UNIT_DIAGONAL | AD_UPPER | AD_TRANSPOSED), ON(S(4, 3, 3), S(4, 1, 3)))
CASE(triangular_solve_broadcasts, ad_triangular_solve(regular(x[0]), x[1], 0), ON(S(3, 3), S(4, 3, 2)))
CASE(triangular_solve_broadcasts_both, ad_triangular_solve(regular(x[0]), x[1], 0), ON(S(2, 1, 3, 3), S(3, 3, 1)))
CASE(triangular_solve_of_nothing, ad_triangular_solve(x[0], x[1], 0), ON(S(0, 0), S(0, 2)))
CASE(triangular_solve_without_columns, ad_triangular_solve(regular(x[0]), x[1], 0), ON(S(3, 3), S(3, 0)))
CASE(triangular_solve_itself, solve_its_triangle(regular(x[0])), ON(S(3, 3)))
GRAPH(ad_triangular_solve(positive(ad_matmul(*x, ad_transpose(*x))), *x, (unsigned)(choice & 3)), .fits = FIT_MATRIX)
CALL(triangular_solve, ad_triangular_solve(o[D], o[C], AD_UPPER), .uses = BIT(D) | BIT(C))
BAD(triangular_solve, ad_triangular_solve(o[A], o[A], 0), AD_BAD_SHAPE)
BAD(triangular_solve, ad_triangular_solve(o[D], o[V], 0), AD_BAD_SHAPE)
BAD(triangular_solve, ad_triangular_solve(o[D], o[A], 0), AD_BAD_SHAPE)
BAD(triangular_solve, ad_triangular_solve(o[D], o[C], AD_RIGHT), AD_BAD_SHAPE)
BAD(triangular_solve, ad_triangular_solve(o[D], o[C], 16), AD_MISUSE)
BAD(triangular_solve, ad_triangular_solve(ad_mul(o[D], 0), o[C], 0), AD_DOMAIN)
ORACLE(triangular_solve, ad_triangular_solve(regular(x[0]), x[1], 0))
ORACLE(triangular_solve_upper, ad_triangular_solve(regular(x[0]), x[1], AD_UPPER))
ORACLE(triangular_solve_right, ad_triangular_solve(x[0], x[1], AD_RIGHT | AD_UNIT_DIAGONAL | AD_TRANSPOSED))

OP(ad_solve, .needs_axes = true)
CASE(solve, ad_solve(regular(x[0]), x[1]), ON(S(3, 3), S(3, 2)), .whole = complex_solve)
CASE(solve_with_swaps, ad_solve(ad_flip(regular(x[0]), AD_AXES(0)), x[1]), ON(S(3, 3), S(3, 2)))
CASE(solve_of_batches, ad_solve(ad_flip(regular(x[0]), AD_AXES(1)), x[1]), ON(S(5, 3, 3), S(5, 3, 2)))
CASE(solve_across_full_lanes, ad_solve(regular(x[0]), x[1]), ON(S(8, 4, 4), S(8, 4, 1)), .whole = complex_solve)
CASE(solve_of_17, ad_solve(ad_roll(regular(x[0]), 0, 5), x[1]), ON(S(17, 17), S(17, 2)), .range = {-0.5, 0.5})
CASE(solve_broadcasts, ad_solve(regular(x[0]), x[1]), ON(S(3, 3), S(4, 3, 2)))
CASE(solve_broadcasts_both, ad_solve(regular(x[0]), x[1]), ON(S(2, 1, 3, 3), S(3, 3, 1)))
CASE(solve_of_nothing, ad_solve(x[0], x[1]), ON(S(0, 0), S(0, 2)))
CASE(solve_without_columns, ad_solve(regular(x[0]), x[1]), ON(S(3, 3), S(3, 0)))
CASE(solve_itself, solve_itself(regular(x[0])), ON(S(3, 3)))
GRAPH(ad_solve(positive(*x), *x), .fits = FIT_MATRIX)
CALL(solve, ad_solve(o[D], o[C]), .uses = BIT(D) | BIT(C))
BAD(solve, ad_solve(o[A], o[C]), AD_BAD_SHAPE)
BAD(solve, ad_solve(o[D], o[A]), AD_BAD_SHAPE)
BAD(solve, ad_solve(o[D], o[V]), AD_BAD_SHAPE)
BAD(solve, ad_solve(ad_mul(o[D], 0), o[C]), AD_DOMAIN)
ORACLE(solve, ad_solve(regular(x[0]), x[1]))

OP(ad_inverse, .needs_axes = true)
CASE(inverse, ad_inverse(regular(x[0])), ON(S(3, 3)), .whole = complex_inverse)
CASE(inverse_with_swaps, ad_inverse(ad_flip(regular(x[0]), AD_AXES(0))), ON(S(3, 3)))
CASE(inverse_of_a_batch, ad_inverse(regular(x[0])), ON(S(5, 3, 3)), .whole = complex_inverse)
CASE(inverse_of_17, ad_inverse(regular(x[0])), ON(S(17, 17)), .range = {-0.5, 0.5}, .whole = complex_inverse)
CASE(inverse_of_nothing, ad_inverse(x[0]), ON(S(0, 0)))
GRAPH(ad_inverse(positive(*x)), .fits = FIT_MATRIX)
CALL(inverse, ad_inverse(o[D]), .uses = BIT(D))
BAD(inverse, ad_inverse(o[A]), AD_BAD_SHAPE)
BAD(inverse, ad_inverse(ad_mul(o[D], 0)), AD_DOMAIN)
ORACLE(inverse, ad_inverse(regular(x[0])))

OP(ad_det, .needs_axes = true)
CASE(det, ad_det(regular(x[0])), ON(S(3, 3)), .whole = complex_det)
CASE(det_of_2, ad_det(x[0]), ON(S(2, 2)))
CASE(det_of_columns, ad_det(ad_transpose(x[0])), ON(S(3, 3)))
CASE(det_of_a_batch, ad_det(regular(x[0])), ON(S(5, 3, 3)), .whole = complex_det)
CASE(det_with_swaps, ad_det(ad_flip(regular(x[0]), AD_AXES(0))), ON(S(2, 3, 3)))
CASE(det_of_rank_2, ad_det(ad_matmul(x[0], x[1])), ON(S(3, 2), S(2, 3)))
CASE(det_of_rank_2_of_4, ad_det(ad_matmul(x[0], x[1])), ON(S(4, 2), S(2, 4)))
CASE(det_of_rank_1, ad_det(ad_matmul(x[0], x[1])), ON(S(3, 1), S(1, 3)))
CASE(det_of_zeros, ad_det(ad_mul(ad_square(x[0]), 0)), ON(S(3, 3)))
CASE(det_of_1, ad_det(x[0]), ON(S(1, 1)), .linear = true)
CASE(det_of_nothing, ad_det(x[0]), ON(S(2, 0, 0)))
GRAPH(ad_det(ad_tanh(ad_matmul(*x, ad_transpose(*x)))), .fits = FIT_MATRIX)
CALL(det, ad_det(o[D]), .uses = BIT(D))
BAD(det, ad_det(o[A]), AD_BAD_SHAPE)
BAD(det, ad_det(o[V]), AD_BAD_SHAPE)
ORACLE(det, ad_det(x[0]))

OP(ad_slogdet, .needs_axes = true, .not_analytic = true)
CASE(slogdet, ad_slogdet(regular(x[0])).log, ON(S(3, 3)))
CASE(sign_of_slogdet, ad_slogdet(regular(x[0])).sign, ON(S(3, 3)))
CASE(slogdet_of_a_batch, ad_slogdet(ad_flip(regular(x[0]), AD_AXES(1))).log, ON(S(5, 3, 3)))
CASE(slogdet_of_columns, ad_slogdet(ad_transpose(regular(x[0]))).log, ON(S(3, 3)))
CASE(sign_and_log, sign_and_log(ad_flip(regular(x[0]), AD_AXES(0))), ON(S(2, 3, 3)))
CASE(slogdet_of_nothing, ad_slogdet(x[0]).log, ON(S(2, 0, 0)))
GRAPH(ad_slogdet(positive(*x)).log, .fits = FIT_MATRIX)
CALL(slogdet, ad_slogdet(o[D]).log, .uses = BIT(D))
BAD(slogdet, ad_slogdet(o[A]).log, AD_BAD_SHAPE)
ORACLE(slogdet, ad_slogdet(x[0]).log)

OP(ad_logdet, .needs_axes = true)
CASE(logdet, ad_logdet(regular(x[0])), ON(S(3, 3)), .whole = complex_logdet)
CASE(logdet_of_a_batch, ad_logdet(regular(x[0])), ON(S(5, 3, 3)), .whole = complex_logdet)
CASE(logdet_of_columns, ad_logdet(ad_transpose(regular(x[0]))), ON(S(3, 3)))
CASE(logdet_of_nothing, ad_logdet(x[0]), ON(S(2, 0, 0)))
GRAPH(ad_logdet(positive(*x)), .fits = FIT_MATRIX)
CALL(logdet, ad_logdet(o[D]), .uses = BIT(D))
BAD(logdet, ad_logdet(o[A]), AD_BAD_SHAPE)
ORACLE(logdet, ad_logdet(regular(x[0])))

OP(ad_eigh, .needs_axes = true, .not_analytic = true)
CASE(eigenvalues, ad_eigh(spread(x[0])).values, ON(S(3, 3)))
CASE(eigenvectors, ad_square(ad_eigh(spread(x[0])).vectors), ON(S(3, 3)))
CASE(square_by_eigh, square_by_eigh(spread(x[0])), ON(S(3, 3)))
CASE(eigh_of_a_batch, square_by_eigh(spread(x[0])), ON(S(5, 2, 2)))
CASE(eigh_of_columns, ad_eigh(ad_transpose(spread(x[0]))).values, ON(S(3, 3)))
CASE(eigh_of_17, square_by_eigh(spread(x[0])), ON(S(17, 17)), .range = {-0.2, 0.2})
CASE(eigh_of_1, square_by_eigh(spread(x[0])), ON(S(1, 1)))
CASE(eigh_of_nothing, ad_eigh(x[0]).vectors, ON(S(2, 0, 0)))
GRAPH(ad_eigh(spread(squared(*x))).values, .fits = FIT_MATRIX)
CALL(eigh, ad_eigh(o[D]).values, .uses = BIT(D))
BAD(eigh, ad_eigh(o[A]).values, AD_BAD_SHAPE)
BAD(eigh, ad_eigh(ad_div(o[D], ad_sub(o[D], o[D]))).values, AD_DOMAIN)
ORACLE(eigh, square_by_eigh(spread(x[0])))

OP(ad_eigvalsh, .needs_axes = true, .not_analytic = true)
CASE(eigvalsh, ad_eigvalsh(spread(x[0])), ON(S(3, 3)))
CASE(eigvalsh_of_a_batch, ad_eigvalsh(spread(x[0])), ON(S(5, 2, 2)))
CASE(eigvalsh_of_columns, ad_eigvalsh(ad_transpose(spread(x[0]))), ON(S(3, 3)))
CASE(eigvalsh_of_nothing, ad_eigvalsh(x[0]), ON(S(2, 0, 0)))
GRAPH(ad_eigvalsh(spread(squared(*x))), .fits = FIT_MATRIX)
CALL(eigvalsh, ad_eigvalsh(o[D]), .uses = BIT(D))
BAD(eigvalsh, ad_eigvalsh(o[A]), AD_BAD_SHAPE)
BAD(eigvalsh, ad_eigvalsh(ad_div(o[D], ad_sub(o[D], o[D]))), AD_DOMAIN)
ORACLE(eigvalsh, ad_eigvalsh(spread(x[0])))

OP(ad_svd, .needs_axes = true, .not_analytic = true)
CASE(singular_values, ad_svd(spread(x[0])).s, ON(S(3, 3)))
CASE(left_vectors, ad_square(ad_svd(spread(x[0])).u), ON(S(3, 3)))
CASE(right_vectors, ad_square(ad_svd(spread(x[0])).v), ON(S(3, 3)))
CASE(cubed_by_svd, cubed_by_svd(spread(x[0])), ON(S(3, 3)))
CASE(svd_of_tall, cubed_by_svd(tall(spread(x[0]), x[1])), ON(S(3, 3), S(2, 3)))
CASE(svd_of_wide, cubed_by_svd(ad_transpose(tall(spread(x[0]), x[1]))), ON(S(3, 3), S(2, 3)))
CASE(left_vectors_of_tall, ad_square(ad_svd(tall(spread(x[0]), x[1])).u), ON(S(3, 3), S(2, 3)))
CASE(right_vectors_of_wide, ad_square(ad_svd(ad_transpose(tall(spread(x[0]), x[1]))).v), ON(S(3, 3), S(2, 3)))
CASE(svd_of_a_batch, cubed_by_svd(spread(x[0])), ON(S(5, 2, 2)))
CASE(svd_of_columns, ad_svd(ad_transpose(spread(x[0]))).s, ON(S(3, 3)))
CASE(svd_of_1, cubed_by_svd(spread(x[0])), ON(S(1, 1)))
CASE(svd_of_nothing, ad_svd(x[0]).u, ON(S(2, 3, 0)))
GRAPH(ad_svd(spread(squared(*x))).s, .fits = FIT_MATRIX)
CALL(svd, ad_svd(o[A]).s, .uses = BIT(A))
BAD(svd, ad_svd(o[V]).s, AD_BAD_SHAPE)
BAD(svd, ad_svd(ad_div(o[D], ad_sub(o[D], o[D]))).s, AD_DOMAIN)
ORACLE(svd, cubed_by_svd(spread(x[0])))

OP(ad_svdvals, .needs_axes = true, .not_analytic = true)
CASE(svdvals, ad_svdvals(spread(x[0])), ON(S(3, 3)))
CASE(svdvals_of_tall, ad_svdvals(tall(spread(x[0]), x[1])), ON(S(3, 3), S(2, 3)))
CASE(svdvals_of_a_batch, ad_svdvals(spread(x[0])), ON(S(5, 2, 2)))
CASE(svdvals_of_columns, ad_svdvals(ad_transpose(spread(x[0]))), ON(S(3, 3)))
CASE(svdvals_of_nothing, ad_svdvals(x[0]), ON(S(2, 0, 3)))
GRAPH(ad_svdvals(spread(squared(*x))), .fits = FIT_MATRIX)
CALL(svdvals, ad_svdvals(o[A]), .uses = BIT(A))
BAD(svdvals, ad_svdvals(o[V]), AD_BAD_SHAPE)
BAD(svdvals, ad_svdvals(ad_div(o[D], ad_sub(o[D], o[D]))), AD_DOMAIN)
ORACLE(svdvals, ad_svdvals(x[0]))

OP(ad_nuclear_norm, .covers = "svdvals")
CASE(nuclear_norm, ad_nuclear_norm(spread(x[0])), ON(S(3, 3)))
CASE(nuclear_norm_of_a_batch, ad_nuclear_norm(spread(x[0])), ON(S(2, 3, 3)))
CALL(nuclear_norm, ad_nuclear_norm(o[A]), .uses = BIT(A))
BAD(nuclear_norm, ad_nuclear_norm(o[V]), AD_BAD_SHAPE)
ORACLE(nuclear_norm, ad_nuclear_norm(x[0]))

OP(ad_spectral_norm, .covers = "svdvals")
CASE(spectral_norm, ad_spectral_norm(spread(x[0])), ON(S(3, 3)))
CASE(spectral_norm_of_a_batch, ad_spectral_norm(spread(x[0])), ON(S(2, 3, 3)))
CALL(spectral_norm, ad_spectral_norm(o[A]), .uses = BIT(A))
BAD(spectral_norm, ad_spectral_norm(o[V]), AD_BAD_SHAPE)
BAD(spectral_norm, ad_spectral_norm(ad_slice(o[A], 1, 1, 1)), AD_BAD_SHAPE)
ORACLE(spectral_norm, ad_spectral_norm(x[0]))

OP(ad_qr, .needs_axes = true, .not_analytic = true)
CASE(q_of_qr, ad_qr(regular(x[0])).q, ON(S(3, 3)))
CASE(r_of_qr, ad_qr(regular(x[0])).r, ON(S(3, 3)))
CASE(both_of_qr, both_of_qr(regular(x[0])), ON(S(3, 3)))
CASE(q_of_tall, ad_qr(tall(regular(x[0]), x[1])).q, ON(S(3, 3), S(2, 3)))
CASE(r_of_tall, ad_qr(tall(regular(x[0]), x[1])).r, ON(S(3, 3), S(2, 3)))
CASE(r_of_wide, ad_qr(ad_transpose(tall(regular(x[0]), x[1]))).r, ON(S(3, 3), S(2, 3)))
CASE(qr_of_a_batch, both_of_qr(regular(x[0])), ON(S(5, 2, 2)))
CASE(qr_of_columns, ad_qr(ad_transpose(regular(x[0]))).r, ON(S(3, 3)))
CASE(qr_of_17, both_of_qr(regular(x[0])), ON(S(17, 17)), .range = {-0.5, 0.5})
CASE(qr_of_nothing, ad_qr(x[0]).q, ON(S(2, 3, 0)))
GRAPH(ad_qr(positive(*x)).r, .fits = FIT_MATRIX)
CALL(qr, ad_qr(o[C]).r, .uses = BIT(C))
BAD(qr, ad_qr(o[V]).r, AD_BAD_SHAPE)
BAD(qr, ad_qr(ad_div(o[D], ad_sub(o[D], o[D]))).r, AD_DOMAIN)
ORACLE(qr, ad_square(ad_qr(x[0]).r))

OP(ad_lstsq, .covers = "qr")
CASE(lstsq, ad_lstsq(tall(regular(x[0]), x[1]), x[2]), ON(S(3, 3), S(2, 3), S(5, 2)))
CASE(lstsq_of_batches, ad_lstsq(tall(regular(x[0]), x[1]), x[2]), ON(S(3, 3), S(2, 3), S(2, 5, 1)))
CALL(lstsq, ad_lstsq(o[D], o[C]), .uses = BIT(D) | BIT(C))
BAD(lstsq, ad_lstsq(o[A], o[B]), AD_BAD_SHAPE)
BAD(lstsq, ad_lstsq(o[C], o[A]), AD_BAD_SHAPE)
BAD(lstsq, ad_lstsq(o[C], o[V]), AD_BAD_SHAPE)
BAD(lstsq, ad_lstsq(ad_mul(o[C], 0), o[C]), AD_DOMAIN)
ORACLE(lstsq, ad_lstsq(x[0], x[1]))

OP(ad_pinv, .covers = "qr")
CASE(pinv, ad_pinv(tall(regular(x[0]), x[1])), ON(S(3, 3), S(2, 3)))
CASE(pinv_of_wide, ad_pinv(ad_transpose(tall(regular(x[0]), x[1]))), ON(S(3, 3), S(2, 3)))
CALL(pinv, ad_pinv(o[C]), .uses = BIT(C))
BAD(pinv, ad_pinv(o[V]), AD_BAD_SHAPE)
BAD(pinv, ad_pinv(ad_mul(o[A], 0)), AD_DOMAIN)
ORACLE(pinv, ad_pinv(x[0]))

OP(ad_matrix_power, .covers = "matmul")
CASE(matrix_power_2, ad_matrix_power(x[0], 2), ON(S(3, 3)))
CASE(matrix_power_7, ad_matrix_power(x[0], 7), ON(S(3, 3)), .range = {-0.6, 0.6})
CASE(matrix_power_of_a_batch, ad_matrix_power(x[0], 3), ON(S(2, 3, 3)))
CASE(matrix_power_minus_2, ad_matrix_power(regular(x[0]), -2), ON(S(3, 3)))
CALL(matrix_power, ad_matrix_power(o[D], 3), .uses = BIT(D))
BAD(matrix_power, ad_matrix_power(o[A], 3), AD_BAD_SHAPE)
BAD(inverse, ad_matrix_power(ad_mul(o[D], 0), INT64_MIN), AD_DOMAIN)
ORACLE(matrix_power, ad_matrix_power(x[0], 5))

OP(ad_expm, .covers = "matmul")
CASE(expm, ad_expm(x[0]), ON(S(3, 3)), .range = {-1, 1}, .whole = complex_expm)
CASE(expm_of_a_batch, ad_expm(x[0]), ON(S(2, 3, 3)), .range = {-1, 1}, .whole = complex_expm)
CASE(expm_of_large, ad_expm(x[0]), ON(S(3, 3)), .range = {-4, 4}, .whole = complex_expm)
CASE(expm_of_1, ad_expm(x[0]), ON(S(1, 1)), .whole = complex_expm)
CASE(expm_of_nothing, ad_expm(x[0]), ON(S(0, 0)))
CALL(expm, ad_expm(o[D]), .uses = BIT(D))
BAD(expm, ad_expm(o[A]), AD_BAD_SHAPE)
ORACLE(expm, ad_expm(x[0]))

OP(ad_kron, .covers = "mul")
CASE(kron, ad_kron(x[0], x[1]), ON(S(2, 3), S(3, 1)))
CASE(kron_of_batches, ad_kron(x[0], x[1]), ON(S(2, 1, 2, 2), S(3, 1, 2)))
CASE(kron_with_itself, ad_kron(x[0], x[0]), ON(S(2, 3)))
CASE(kron_of_nothing, ad_kron(x[0], x[1]), ON(S(2, 0), S(3, 1)))
CALL(kron, ad_kron(o[A], o[C]), .uses = BIT(A) | BIT(C))
BAD(kron, ad_kron(o[A], o[V]), AD_BAD_SHAPE)
ORACLE(kron, ad_kron(x[0], x[1]))

OP(ad_trace_of_product, .covers = "sum")
CASE(trace_of_product, ad_trace_of_product(x[0], x[1]), ON(S(2, 3), S(3, 2)))
CASE(trace_of_products, ad_trace_of_product(x[0], x[1]), ON(S(2, 1, 2, 3), S(4, 3, 2)))
CASE(trace_of_a_square, ad_trace_of_product(x[0], x[0]), ON(S(3, 3)))
CALL(trace_of_product, ad_trace_of_product(o[A], o[C]), .uses = BIT(A) | BIT(C))
BAD(trace_of_product, ad_trace_of_product(o[A], o[B]), AD_BAD_SHAPE)
BAD(trace_of_product, ad_trace_of_product(o[A], o[V]), AD_BAD_SHAPE)
ORACLE(trace_of_product, ad_trace_of_product(x[0], x[1]))
/* clang-format on */
#endif
