/* Products of matrices and vectors. rows.h says how a row reads. */
#ifndef ROWS
#define ROWS   "product.c"
#define FAMILY product_rows
#include "rows.h"

#define FAR(x) ad_add(x, ad_mul(ad_sign(x), 4)) /* from relu's kink */

#include "read_rows.h"
#else

/* clang-format off */
OP(ad_matmul, .needs_axes = true)
CASE(matmul_of_matrices, ad_matmul(x[0], x[1]), ON(S(3, 4), S(4, 2)), .whole = complex_matmul)
CASE(matmul_of_squares, ad_matmul(x[0], x[1]), ON(S(3, 3), S(3, 3)), .whole = complex_matmul)
CASE(matmul_of_batches, ad_matmul(x[0], x[1]), ON(S(2, 3, 4), S(2, 4, 2)), .whole = complex_matmul)
CASE(matmul_of_a_batch_and_a_matrix, ad_matmul(x[0], x[1]), ON(S(2, 3, 4), S(4, 2)),
    .whole = complex_matmul)
CASE(matmul_of_a_matrix_and_a_batch, ad_matmul(x[0], x[1]), ON(S(3, 4), S(2, 4, 2)),
    .whole = complex_matmul)
CASE(matmul_both_batches_broadcast, ad_matmul(x[0], x[1]), ON(S(2, 1, 3, 4), S(3, 4, 2)),
    .whole = complex_matmul)
CASE(matmul_of_ranks_4_and_3, ad_matmul(x[0], x[1]), ON(S(2, 3, 2, 4), S(3, 4, 2)),
    .whole = complex_matmul)
CASE(matmul_of_a_batch_of_one, ad_matmul(x[0], x[1]), ON(S(1, 3, 4), S(2, 4, 2)),
    .whole = complex_matmul)
CASE(matmul_of_rows_in_a_batch, ad_matmul(x[0], x[1]), ON(S(3, 1, 4), S(4, 2)),
    .whole = complex_matmul)
CASE(matmul_of_a_deep_batch, ad_matmul(x[0], x[1]), ON(S(2, 1, 3, 4), S(4, 2)),
    .whole = complex_matmul)
CASE(matmul_of_row_and_column, ad_matmul(x[0], x[1]), ON(S(1, 4), S(4, 1)), .whole = complex_matmul)
CASE(matmul_of_column_and_row, ad_matmul(x[0], x[1]), ON(S(4, 1), S(1, 4)), .whole = complex_matmul)
CASE(matmul_without_rows, ad_matmul(x[0], x[1]), ON(S(0, 4), S(4, 2)), .whole = complex_matmul)
CASE(matmul_without_columns, ad_matmul(x[0], x[1]), ON(S(3, 4), S(4, 0)), .whole = complex_matmul)
CASE(matmul_without_depth, ad_matmul(x[0], x[1]), ON(S(3, 0), S(0, 2)), .whole = complex_matmul)
CASE(matmul_without_batch, ad_matmul(x[0], x[1]), ON(S(0, 3, 4), S(4, 2)), .whole = complex_matmul)
CASE(matmul_of_a_matrix_and_no_batch, ad_matmul(x[0], x[1]), ON(S(3, 4), S(0, 4, 2)),
    .whole = complex_matmul)
CASE(matmul_of_16, ad_matmul(x[0], x[1]), ON(S(16, 16), S(16, 16)), .whole = complex_matmul)
CASE(matmul_of_17, ad_matmul(x[0], x[1]), ON(S(17, 17), S(17, 17)), .whole = complex_matmul)
CASE(matmul_long_and_flat, ad_matmul(x[0], x[1]), ON(S(33, 20), S(20, 9)), .whole = complex_matmul)
CASE(matmul_large_batch_and_matrix, ad_matmul(x[0], x[1]), ON(S(2, 17, 16), S(16, 17)),
    .whole = complex_matmul)
CASE(matmul_large_matrix_and_batch, ad_matmul(x[0], x[1]), ON(S(17, 16), S(2, 16, 17)),
    .whole = complex_matmul)
CASE(matmul_large_batches, ad_matmul(x[0], x[1]), ON(S(2, 17, 16), S(2, 16, 17)),
    .whole = complex_matmul)
CASE(matmul_left_transposed, ad_matmul(ad_transpose(x[0]), x[1]), ON(S(4, 3), S(4, 2)))
CASE(matmul_right_transposed, ad_matmul(x[0], ad_transpose(x[1])), ON(S(3, 4), S(2, 4)))
CASE(matmul_batch_transposed, ad_matmul(ad_transpose(x[0]), x[1]), ON(S(2, 4, 3), S(4, 2)))
CASE(matmul_batch_permuted, ad_matmul(ad_permute(x[0], AD_AXES(1, 0, 2)), x[1]),
    ON(S(3, 2, 4), S(4, 2)))
CASE(large_matmul_transposed, ad_matmul(ad_transpose(x[0]), ad_transpose(x[1])),
    ON(S(18, 17), S(16, 18)))
CASE(matmul_by_its_transpose, ad_matmul(x[0], ad_transpose(x[0])), ON(S(3, 4)))
CASE(large_matmul_by_its_transpose, ad_matmul(ad_transpose(x[0]), x[0]), ON(S(17, 18)))
GRAPH(ad_matmul(x[0], x[1]), .arity = 2, .fits = FIT_PRODUCT)
GRAPH(ad_matmul(*x, ad_transpose(*x)), .fits = FIT_MATRIX)
CALL(matmul, ad_matmul(o[A], o[C]), .uses = BIT(A) | BIT(C))
BAD(matmul, ad_matmul(o[A], o[B]), AD_BAD_SHAPE)
BAD(matmul, ad_matmul(o[A], o[V]), AD_BAD_SHAPE)
ORACLE(matmul, ad_matmul(x[0], x[1]))

OP(ad_dot, .needs_axes = true)
CASE(dot, ad_dot(x[0], x[1]), ON(S(5), S(5)), .whole = complex_dot)
CASE(dot_of_many, ad_dot(x[0], x[1]), ON(S(700), S(700)), .whole = complex_dot)
CASE(dot_of_nothing, ad_dot(x[0], x[1]), ON(S(0), S(0)), .whole = complex_dot)
GRAPH(ad_dot(x[0], x[1]), .arity = 2, .fits = FIT_VECTORS)
CALL(dot, ad_dot(o[V], o[W]), .uses = BIT(V) | BIT(W))
BAD(dot, ad_dot(o[A], o[B]), AD_BAD_SHAPE)
ORACLE(dot, ad_dot(x[0], x[1]))

OP(ad_dense, .needs_axes = true)
CASE(dense_identity, ad_dense(x[0], x[1], x[2], AD_IDENTITY), ON(S(3, 4), S(4, 2), S(2)),
    .whole = complex_dense_identity)
CASE(large_dense_identity, ad_dense(x[0], x[1], x[2], AD_IDENTITY), ON(S(20, 17), S(17, 18), S(18)),
    .range = {-0.5, 0.5}, .whole = complex_dense_identity)
CASE(dense_relu, ad_dense(x[0], x[1], x[2], AD_RELU), ON(S(3, 4), S(4, 2), S(2)))
CASE(large_dense_relu, ad_dense(x[0], x[1], FAR(x[2]), AD_RELU), ON(S(20, 17), S(17, 18), S(18)),
    .range = {-0.5, 0.5})
CASE(dense_tanh, ad_dense(x[0], x[1], x[2], AD_TANH), ON(S(3, 4), S(4, 2), S(2)),
    .whole = complex_dense_tanh)
CASE(large_dense_tanh, ad_dense(x[0], x[1], x[2], AD_TANH), ON(S(20, 17), S(17, 18), S(18)),
    .range = {-0.5, 0.5}, .whole = complex_dense_tanh)
CASE(dense_sigmoid, ad_dense(x[0], x[1], x[2], AD_SIGMOID), ON(S(3, 4), S(4, 2), S(2)),
    .whole = complex_dense_sigmoid)
CASE(large_dense_sigmoid, ad_dense(x[0], x[1], x[2], AD_SIGMOID), ON(S(20, 17), S(17, 18), S(18)),
    .range = {-0.5, 0.5}, .whole = complex_dense_sigmoid)
CASE(dense_of_long_rows, ad_dense(x[0], x[1], x[2], AD_TANH), ON(S(2, 3), S(3, 300), S(300)),
    .whole = complex_dense_tanh)
CASE(dense_with_itself, ad_dense(x[0], x[0], x[1], AD_TANH), ON(S(3, 3), S(3)))
CASE(dense_without_rows, ad_dense(x[0], x[1], x[2], AD_TANH), ON(S(0, 4), S(4, 2), S(2)),
    .whole = complex_dense_tanh)
CASE(dense_without_inputs, ad_dense(x[0], x[1], x[2], AD_TANH), ON(S(3, 0), S(0, 2), S(2)),
    .whole = complex_dense_tanh)
CASE(dense_without_outputs, ad_dense(x[0], x[1], x[2], AD_TANH), ON(S(3, 4), S(4, 0), S(0)),
    .whole = complex_dense_tanh)
GRAPH(ad_dense(x[0], x[1], ad_sum_over(x[1], AD_AXES(0)), choice & 1 ? AD_TANH : AD_SIGMOID),
    .arity = 2, .fits = FIT_DENSE)
GRAPH(ad_dense(*x, ad_transpose(*x), ad_sum_over(*x, AD_AXES(1)), AD_TANH), .fits = FIT_ROWS)
CALL(dense, ad_dense(o[C], o[A], o[V], AD_TANH), .uses = BIT(C) | BIT(A) | BIT(V))
BAD(dense, ad_dense(o[A], o[A], o[V], AD_TANH), AD_BAD_SHAPE)
BAD(dense, ad_dense(o[C], o[A], o[V], (ad_activation)44), AD_MISUSE)
BAD(dense, ad_dense(o[C], o[A], o[V], (ad_activation)-1), AD_MISUSE)
ORACLE(dense, ad_dense(x[0], x[1], x[2], AD_IDENTITY))
ORACLE(dense_tanh, ad_dense(x[0], x[1], x[2], AD_TANH))
ORACLE(dense_relu, ad_dense(x[0], x[1], x[2], AD_RELU))

OP(ad_matvec, .covers = "matmul")
CASE(matvec, ad_matvec(x[0], x[1]), ON(S(3, 4), S(4)), .whole = complex_matvec)
CASE(matvec_of_one, ad_matvec(x[0], x[1]), ON(S(1, 1), S(1)), .whole = complex_matvec)
CASE(matvec_batch, ad_matvec(x[0], x[1]), ON(S(2, 3, 4), S(2, 4)))
CASE(matvec_on_a_batch, ad_matvec(x[0], x[1]), ON(S(3, 4), S(5, 4)))
CASE(matvec_of_nothing, ad_matvec(x[0], x[1]), ON(S(3, 0), S(0)))
CALL(matvec, ad_matvec(o[A], o[V]), .uses = BIT(A) | BIT(V))
BAD(matvec, ad_matvec(o[C], o[V]), AD_BAD_SHAPE)
ORACLE(matvec, ad_matvec(x[0], x[1]))

OP(ad_outer, .covers = "mul")
CASE(outer, ad_outer(x[0], x[1]), ON(S(3), S(4)), .whole = complex_outer)
CASE(outer_of_equal_lengths, ad_outer(x[0], x[1]), ON(S(4), S(4)), .whole = complex_outer)
CASE(outer_of_nothing, ad_outer(x[0], x[1]), ON(S(0), S(4)))
CALL(outer, ad_outer(o[V], o[W]), .uses = BIT(V) | BIT(W))
BAD(outer, ad_outer(o[A], o[V]), AD_BAD_SHAPE)
ORACLE(outer, ad_outer(x[0], x[1]))

OP(ad_einsum, .covers = "matmul")
CASE(einsum_of_matrices, ad_einsum(2, x, "ij,jk->ik"), ON(S(3, 4), S(4, 2)), .whole = complex_matmul)
CASE(einsum_without_an_arrow, ad_einsum(2, x, "ij, jk"), ON(S(3, 4), S(4, 2)), .whole = complex_matmul)
CASE(einsum_of_transposes, ad_einsum(2, x, "ji,kj->ik"), ON(S(4, 3), S(2, 4)))
CASE(einsum_of_batches, ad_einsum(2, x, "bij,bjk->bik"), ON(S(2, 3, 4), S(2, 4, 2)),
    .whole = complex_matmul)
CASE(einsum_of_matrix_and_vector, ad_einsum(2, x, "ij,j->i"), ON(S(3, 4), S(4)), .whole = complex_matvec)
CASE(einsum_of_vectors, ad_einsum(2, x, "i,i->"), ON(S(5), S(5)), .whole = complex_dot)
CASE(einsum_of_rows, ad_einsum(2, x, "bi,bi->b"), ON(S(3, 4), S(3, 4)))
CASE(einsum_of_heads, ad_einsum(2, x, "bqhd,bkhd->bhqk"), ON(S(2, 3, 2, 2), S(2, 4, 2, 2)))
CASE(einsum_over_two_axes, ad_einsum(2, x, "ijk,kjl->li"), ON(S(2, 3, 2), S(2, 3, 4)))
CASE(einsum_with_two_batch_axes, ad_einsum(2, x, "abi,iba->ab"), ON(S(2, 3, 2), S(2, 3, 2)))
CASE(einsum_summed_alone, ad_einsum(2, x, "ija,jk->k"), ON(S(2, 3, 2), S(3, 2)))
CASE(einsum_of_three, ad_einsum(3, x, "ij,jk,kl->il"), ON(S(2, 3), S(3, 2), S(2, 4)))
CASE(einsum_bilinear, ad_einsum(3, x, "bi,kij,bj->bk"), ON(S(2, 3), S(2, 3, 4), S(2, 4)))
CASE(einsum_of_the_same, ad_einsum(2, (ad_tensor[]){x[0], x[0]}, "ij,kj->ik"), ON(S(3, 4)))
CASE(einsum_of_an_ellipsis, ad_einsum(2, x, "...j,jk->...k"), ON(S(2, 3, 4), S(4, 2)),
    .whole = complex_matmul)
CASE(einsum_of_ellipses, ad_einsum(2, x, "...ij,...jk->...ik"), ON(S(2, 1, 3, 4), S(3, 4, 2)),
    .whole = complex_matmul)
CASE(einsum_of_open_ellipses, ad_einsum(2, x, "i...,i..."), ON(S(3, 1, 2), S(3, 4, 1)))
CASE(einsum_of_nothing, ad_einsum(2, x, "ij,jk->ik"), ON(S(3, 0), S(0, 2)), .whole = complex_matmul)
GRAPH(ad_einsum(2, x, "...ij,...jk->...ik"), .arity = 2, .fits = FIT_PRODUCT)
GRAPH(ad_einsum(2, (ad_tensor[]){*x, *x}, choice & 1 ? "...ij,...kj->...ki" : "...ij,...kl->...jl"),
    .fits = FIT_MATRIX)
CALL(einsum, ad_einsum(2, TWO_OF(A, C), "ij,jk->ik"), .uses = BIT(A) | BIT(C))
BAD(einsum, ad_einsum(2, TWO_OF(A, B), "ij,jk->ik"), AD_BAD_SHAPE)
BAD(einsum, ad_einsum(2, TWO_OF(A, C), "ij,jkl->ik"), AD_BAD_SHAPE)
BAD(einsum, ad_einsum(2, TWO_OF(A, C), "ij,...jkl->ik"), AD_BAD_SHAPE)
BAD(einsum, ad_einsum(2, TWO_OF(A, C), "ij->ij"), AD_MISUSE)
BAD(einsum, ad_einsum(2, TWO_OF(A, C), "ij,jk->iz"), AD_MISUSE)
BAD(einsum, ad_einsum(2, TWO_OF(A, C), "ij,jk->ii"), AD_MISUSE)
BAD(einsum, ad_einsum(2, TWO_OF(A, C), "ij,jk->i,k"), AD_MISUSE)
BAD(einsum, ad_einsum(2, TWO_OF(A, C), "ij,j2->i"), AD_MISUSE)
BAD(einsum, ad_einsum(2, TWO_OF(A, C), "ij,jk-ik"), AD_MISUSE)
BAD(einsum, ad_einsum(2, TWO_OF(A, C), "ij,jk->ik->"), AD_MISUSE)
BAD(einsum, ad_einsum(2, TWO_OF(A, C), "..ij,jk->ik"), AD_MISUSE)
BAD(einsum, ad_einsum(2, TWO_OF(A, C), "...i...,jk->ik"), AD_MISUSE)
BAD(einsum, ad_einsum(2, TWO_OF(A, C), "abcdefghi,jk->ik"), AD_BAD_SHAPE)
BAD(einsum, ad_einsum(2, TWO_OF(A, C), "ij,jk->abcdefghi"), AD_BAD_SHAPE)
BAD(einsum, ad_einsum(5, (ad_tensor[]){o[A], o[B], o[A], o[B], o[A]}, "ab,cd,ef,gh,ij"), AD_BAD_SHAPE)
BAD(einsum, ad_einsum(5, (ad_tensor[]){o[A], o[B], o[A], o[B], o[A]}, "ab,cd,ef,gh,ij->abcdefghi"), AD_BAD_SHAPE)
BAD(einsum, ad_einsum(2, (ad_tensor[]){o[A], ad_number(2)}, "ij,->ij"), AD_MISUSE)
BAD(einsum, ad_einsum(2, TWO_OF(A, C), NULL), AD_MISUSE)
BAD(einsum, ad_einsum(0, TWO_OF(A, C), ""), AD_OK)
BAD(einsum, ((void)o, ad_einsum(2, NULL, "ij,jk->ik")), AD_OK)
ORACLE(einsum, ad_einsum(2, x, "ij,kj->ki"))
ORACLE(einsum_of_three, ad_einsum(3, x, "ij,jk,kl->li"))
ORACLE(einsum_bilinear, ad_einsum(3, x, "bi,kij,bj->kb"))
ORACLE(einsum_of_heads, ad_einsum(2, x, "bqhd,bkhd->bhqk"))
ORACLE(einsum_of_two_batch_axes, ad_einsum(2, x, "abi,iba->ab"))
ORACLE(einsum_over_two_axes, ad_einsum(2, x, "ijk,kjl->li"))
ORACLE(einsum_of_rows, ad_einsum(2, x, "bi,bi->b"))
ORACLE(einsum_of_each, ad_einsum(2, x, "ij,ji->ji"))
ORACLE(einsum_alone, ad_einsum(2, x, "ija,jk->k"))
ORACLE(einsum_of_diagonals, ad_einsum(1, x, "bii->ib"))
ORACLE(einsum_sorted, ad_einsum(2, x, " kB, aj "))
ORACLE(einsum_of_ellipses, ad_einsum(2, x, "i...a,i...->...a"))

OP(ad_einsum, .covers = "mul")
CASE(einsum_of_each, ad_einsum(2, x, "ij,ji->ji"), ON(S(3, 2), S(2, 3)))
CASE(einsum_outer, ad_einsum(2, x, "i,j->ij"), ON(S(3), S(4)), .whole = complex_outer)
CASE(einsum_by_a_number, ad_einsum(2, x, ",ij->ji"), ON(NUMBER, S(2, 3)))

OP(ad_einsum, .covers = "sum")
CASE(einsum_trace, ad_einsum(1, x, "ii"), ON(S(3, 3)), .linear = true)
CASE(einsum_of_sums, ad_einsum(1, x, "ijk->j"), ON(S(2, 3, 4)), .linear = true)
CASE(einsum_of_summed_ellipses, ad_einsum(1, x, "...i->i"), ON(S(2, 3, 4)), .linear = true)

OP(ad_einsum, .covers = "diagonal")
CASE(einsum_of_three_that_are_one, ad_einsum(1, x, "bBiii->iB"), ON(S(2, 2, 2, 2, 2)), .linear = true)

OP(ad_einsum, .covers = "permute")
CASE(einsum_in_another_order, ad_einsum(1, x, "ijk->kij"), ON(S(2, 3, 4)), .linear = true)
/* clang-format on */
#endif
