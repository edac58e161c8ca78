/* Operations on cotangents. Differences see values only, so these are cases whose derivative is that of the value;
 * for others, test_cotangents.c. rows.h says how a row reads. */
#ifndef ROWS
#define ROWS   "cotangents.c"
#define FAMILY cotangents_rows
#include "rows.h"

static ad_status look(void *user, const ad_cotangent *c)
{
    (void)user;
    return c->dx.shape.rank < 0 ? AD_MISUSE : AD_OK;
}

static ad_status twice(void *user, const ad_cotangent *c)
{
    (void)user;
    for (size_t i = 0; i < ad_array_count(&c->dx); i++)
        if (c->dx.type == AD_F32)
            ((float *)c->dx.data)[i] *= 2;
        else
            ((double *)c->dx.data)[i] *= 2;
    return AD_OK;
}

#include "read_rows.h"
#else

/* clang-format off */
OP(ad_scale_gradient)
CASE(scaled_and_back, ad_scale_gradient(ad_scale_gradient(x[0], -4), -0.25), ON(S(3, 4)),
    .linear = true)
CASE(scaled_square, ad_square(ad_scale_gradient(x[0], 1)), ON(S(5)))
CASE(scaled_view, ad_scale_gradient(ad_transpose(x[0]), 1), ON(S(2, 3)), .linear = true)
CASE(scaled_number, ad_scale_gradient(x[0], 1), ON(NUMBER), .linear = true)
CASE(scaled_nothing, ad_scale_gradient(x[0], 2), ON(S(0, 3)), .linear = true)
GRAPH(ad_scale_gradient(*x, 1))
CALL(scale_gradient, ad_scale_gradient(o[A], 2), .uses = BIT(A))
ORACLE(scale_gradient, ad_scale_gradient(x[0], -2.5))

OP(ad_clip_gradient)
CASE(clipped_far, ad_square(ad_clip_gradient(x[0], -1e9, 1e9)), ON(S(3, 4)))
CASE(clipped_view, ad_clip_gradient(ad_transpose(x[0]), -1e9, 1e9), ON(S(2, 3)), .linear = true)
CASE(clipped_number, ad_clip_gradient(x[0], -1e9, 1e9), ON(NUMBER), .linear = true)
CASE(clipped_nothing, ad_clip_gradient(x[0], 0, 0), ON(S(3, 0)), .linear = true)
GRAPH(ad_clip_gradient(*x, -1e30, 1e30))
CALL(clip_gradient, ad_clip_gradient(o[A], 0, 1), .uses = BIT(A))
BAD(clip_gradient, ad_clip_gradient(o[A], 1, 0), AD_MISUSE)
ORACLE(clip_gradient, ad_mul(ad_clip_gradient(x[0], -1, 1.5), 2))

OP(ad_clip_gradient_norm)
CASE(norm_clipped_far, ad_square(ad_clip_gradient_norm(x[0], 1e9)), ON(S(3, 4)))
CASE(norm_clipped_number, ad_clip_gradient_norm(x[0], 1e9), ON(NUMBER), .linear = true)
CASE(norm_clipped_nothing, ad_clip_gradient_norm(x[0], 0), ON(S(0)), .linear = true)
GRAPH(ad_clip_gradient_norm(*x, 1e30))
CALL(clip_gradient_norm, ad_clip_gradient_norm(o[A], 1), .uses = BIT(A))
BAD(clip_gradient_norm, ad_clip_gradient_norm(o[A], NAN), AD_MISUSE)
ORACLE(clip_gradient_norm, ad_mul(ad_clip_gradient_norm(x[0], 1), 2))

OP(ad_straight_through)
CASE(through_itself, ad_straight_through(x[0], ad_stop_gradient(x[0])), ON(S(3, 4)), .linear = true)
CASE(through_a_view, ad_straight_through(ad_transpose(x[0]), ad_transpose(x[0])), ON(S(2, 3)),
    .linear = true)
CASE(through_a_number, ad_straight_through(x[0], x[0]), ON(NUMBER), .linear = true)
CASE(through_nothing, ad_straight_through(x[0], x[0]), ON(S(0, 3)), .linear = true)
CASE(through_a_copy, ad_straight_through(x[0], ad_mul(ad_mul(x[0], 2), 0.5)), ON(S(2, 3)))
GRAPH(ad_straight_through(*x, *x))
CALL(straight_through, ad_straight_through(o[A], o[B]), .says = "", .uses = BIT(A) | BIT(B))
BAD(straight_through, ad_straight_through(o[A], o[V]), AD_BAD_SHAPE)
ORACLE(straight_through, ad_straight_through(x[0], ad_round(x[0])))

OP(ad_on_cotangent)
CASE(looked_at, ad_square(ad_on_cotangent(x[0], look, NULL)), ON(S(3, 4)))
CASE(looked_at_view, ad_on_cotangent(ad_transpose(x[0]), look, NULL), ON(S(2, 3)), .linear = true)
CASE(looked_at_number, ad_on_cotangent(x[0], look, NULL), ON(NUMBER), .linear = true)
CASE(looked_at_nothing, ad_on_cotangent(x[0], look, NULL), ON(S(0, 3)), .linear = true)
GRAPH(ad_on_cotangent(*x, look, NULL))
CALL(on_cotangent, ad_on_cotangent(o[A], look, NULL), .uses = BIT(A))
BAD(on_cotangent, ad_on_cotangent(o[A], NULL, NULL), AD_MISUSE)
ORACLE(on_cotangent, ad_on_cotangent(x[0], twice, NULL))
/* clang-format on */
#endif
