/* Matrix products of views, over batch axes that broadcast.
 *
 * A batch whose rows follow each other at one step is one tall product where the other factor is one
 * matrix, and one long sum where the result is. Else there is a product for each matrix of the batch. */
#include "kernels/product.h"

#include "array/strided.h"
#include "base/workspace.h"
#include "kernels/axis.h"
#include "kernels/gemm.h"
#include "kernels/unwanted.h"

#include <string.h>

/* ---- products ---------------------------------------------------------------------- */

static bool same_batch(const ad_shape *a, const ad_shape *b)
{
    ad_shape one = ad_batch_of(a), other = ad_batch_of(b);
    return ad_shape_equal(&one, &other);
}

/* The shape to which the batch axes of a and b broadcast, if they do. */
static ad_shape common_batch(const ad_shape *a, const ad_shape *b)
{
    ad_shape over = ad_batch_of(a->rank > b->rank ? a : b);
    const ad_shape *less = a->rank > b->rank ? b : a;
    int shift = over.rank - (less->rank - 2);
    for (int i = shift; i < over.rank; i++)
        if (over.dim[i] == 1)
            over.dim[i] = less->dim[i - shift];
    return over;
}

/* All rows of a batch as one matrix, if they follow each other at one step. */
static bool tall(const ad_view *v, ad_matrix *rows)
{
    *rows = ad_matrix_of(v);
    for (int i = v->shape.rank - 3; i >= 0; i--) {
        if (v->shape.dim[i] == 1)
            continue;
        if (rows->rows == 1)
            rows->row_step = v->stride[i];
        else if (v->stride[i] != rows->row_step * rows->rows)
            return false;
        rows->rows *= v->shape.dim[i];
    }
    return true;
}

static ad_matrix turned(ad_matrix m, bool transposed)
{
    return transposed ? ad_matrix_transposed(m) : m;
}

static void add_stream(ad_nest *nest, const ad_view *v)
{
    ad_shape batch = ad_batch_of(&v->shape);
    ad_nest_add(nest, &batch, v->stride);
}

/* A product for each matrix of the batch; the matrices of c may repeat only where add. */
static void multiply_each(ad_workspace *work, const ad_shape *over, const ad_view *a,
                          const ad_view *b, const ad_array *c, unsigned flags)
{
    ad_nest nest;
    ad_view to = ad_array_view(*c);
    int64_t size = (int64_t)ad_type_size(c->type);
    ad_matrix left = turned(ad_matrix_of(a), flags & AD_TRANSPOSE_A);
    ad_matrix right = turned(ad_matrix_of(b), flags & AD_TRANSPOSE_B);
    ad_nest_begin(&nest, over);
    add_stream(&nest, a);
    add_stream(&nest, b);
    add_stream(&nest, &to);
    for (bool more = ad_nest_start(&nest); more; more = ad_nest_next(&nest))
        for (int64_t i = 0; i < nest.row; i++) {
            left.data = (const char *)a->data + (nest.offset[0] + i * nest.step[0]) * size;
            right.data = (const char *)b->data + (nest.offset[1] + i * nest.step[1]) * size;
            ad_gemm(work, c->type, left, right, flags & AD_ADD,
                    (char *)c->data + (nest.offset[2] + i * nest.step[2]) * size, NULL);
        }
}

static void clear(const ad_array *c)
{
    size_t bytes = ad_array_count(c) * ad_type_size(c->type);
    if (bytes)
        memset(c->data, 0, bytes);
}

/* What follows all rows of all matrices at once. */
static void follow_all(const ad_epilogue *then, const ad_array *c)
{
    int64_t count = (int64_t)ad_array_count(c);
    if (then && count)
        then->run(then->user, 0, count / c->shape.dim[c->shape.rank - 1]);
}

void ad_multiply_then(ad_workspace *work, const ad_view *a, const ad_view *b, const ad_array *c,
                      unsigned flags, const ad_epilogue *then)
{
    ad_matrix left, right;
    bool a_turns = flags & AD_TRANSPOSE_A, b_turns = flags & AD_TRANSPOSE_B, add = flags & AD_ADD;
    if (!a_turns && b->shape.rank == 2 && same_batch(&a->shape, &c->shape) && tall(a, &left)) {
        ad_gemm(work, c->type, left, turned(ad_matrix_of(b), b_turns), add, c->data, then);
        return;
    }
    if (a_turns && !b_turns && c->shape.rank == 2 && same_batch(&a->shape, &b->shape) &&
        tall(a, &left) && tall(b, &right)) {
        ad_gemm(work, c->type, ad_matrix_transposed(left), right, add, c->data, then);
        return;
    }
    ad_shape over = common_batch(&a->shape, &b->shape), batch = ad_batch_of(&c->shape);
    if (!add && !ad_shape_equal(&batch, &over)) {
        clear(c);
        flags |= AD_ADD;
    }
    multiply_each(work, &over, a, b, c, flags);
    follow_all(then, c);
}

void ad_multiply(ad_workspace *work, const ad_view *a, const ad_view *b, const ad_array *c,
                 unsigned flags)
{
    ad_multiply_then(work, a, b, c, flags, NULL);
}

/* ---- for users ---------------------------------------------------------------------- */

static bool is_matrix(const ad_shape *s)
{
    return s->rank >= 2 && ad_shape_count(s, NULL) == AD_OK;
}

/* Why they are not factors and their product; NULL if they are. */
static const char *misfit(const ad_shape *a, const ad_shape *b, const ad_shape *c, unsigned flags)
{
    int a_turns = flags & AD_TRANSPOSE_A ? 1 : 0, b_turns = flags & AD_TRANSPOSE_B ? 1 : 0;
    if (!is_matrix(a) || !is_matrix(b) || !is_matrix(c))
        return "each needs two axes or more, and extents that are not negative or too large";
    const int64_t *a_end = a->dim + a->rank - 2, *b_end = b->dim + b->rank - 2;
    const int64_t *c_end = c->dim + c->rank - 2;
    if (a_end[1 - a_turns] != b_end[b_turns])
        return "the inner extents must be equal";
    if (a_end[a_turns] != c_end[0] || b_end[1 - b_turns] != c_end[1])
        return "the result has other rows or columns";
    ad_shape over = common_batch(a, b), of_a = ad_batch_of(a), of_b = ad_batch_of(b),
             of_c = ad_batch_of(c);
    if (!ad_shape_broadcasts(&of_a, &over) || !ad_shape_broadcasts(&of_b, &over))
        return "the axes before the last two do not broadcast";
    return ad_shape_broadcasts(&of_c, &over)
               ? NULL
               : "the axes of the result before the last two are not those of the factors";
}

static bool refuse(ad_workspace *work, ad_status status, const ad_shape *of[3], const char *why)
{
    char text[3][100];
    for (int i = 0; i < 3; i++)
        ad_shape_print(of[i], text[i], sizeof text[i]);
    ad_reject(work, status, "ad_product: %s by %s into %s: %s", text[0], text[1], text[2], why);
    return false;
}

/* Where a factor is a tangent of zeros, only the result must make sense. */
static bool good_zeros(ad_workspace *work, const ad_view *a, const ad_view *b, const ad_array *c)
{
    const ad_shape *shapes[] = {&a->shape, &b->shape, &c->shape};
    if (!is_matrix(&c->shape))
        return refuse(work, AD_BAD_SHAPE, shapes,
                      "the result needs two axes or more, and extents that are not negative or too "
                      "large");
    return ad_type_is_float(c->type) ||
           refuse(work, AD_BAD_TYPE, shapes, "the result must be f32 or f64");
}

static bool good_call(ad_workspace *work, const ad_view *a, const ad_view *b, const ad_array *c,
                      unsigned flags)
{
    const ad_shape *shapes[] = {&a->shape, &b->shape, &c->shape};
    const char *why = misfit(shapes[0], shapes[1], shapes[2], flags);
    if (why)
        return refuse(work, AD_BAD_SHAPE, shapes, why);
    if (!ad_type_is_float(c->type) || a->type != c->type || b->type != c->type)
        return refuse(work, AD_BAD_TYPE, shapes, "all must be f32, or all f64");
    return true;
}

typedef struct follower {
    ad_part *f;
    void *user;
} follower;

static void follow(const void *user, int64_t begin, int64_t end)
{
    const follower *t = user;
    t->f(t->user, (size_t)begin, (size_t)end);
}

bool ad_product_then(ad_workspace *work, const ad_view *a, const ad_view *b, const ad_array *c,
                     unsigned flags, ad_part *f, void *user)
{
    enum { KNOWN = AD_ADD | AD_TRANSPOSE_A | AD_TRANSPOSE_B };
    const follower follows = {f, user};
    const ad_epilogue epilogue = {follow, &follows}, *then = f ? &epilogue : NULL;
    if (!work || !a || !b || !c || flags & ~(unsigned)KNOWN) {
        ad_reject(work, AD_MISUSE, "ad_product: an argument is missing, or a flag is unknown");
        return false;
    }
    if (ad_is_unwanted(c))
        return true;
    if (a->data && b->data) {
        if (!good_call(work, a, b, c, flags))
            return false;
        ad_multiply_then(work, a, b, c, flags, then);
        return work->rejected.status == AD_OK;
    }
    if (!good_zeros(work, a, b, c))
        return false;
    if (!(flags & AD_ADD))
        clear(c);
    follow_all(then, c);
    return true;
}

bool ad_product(ad_workspace *work, const ad_view *a, const ad_view *b, const ad_array *c,
                unsigned flags)
{
    return ad_product_then(work, a, b, c, flags, NULL, NULL);
}
