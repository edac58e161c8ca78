/* Elementwise operations of two operands, broadcasting.
 *
 * One line is one operation: y as an expression of a and b, and its first and second derivatives as
 * expressions of a, b and y. The pullback to an operand that was broadcast sums what the
 * broadcasting repeated; ad_map_into does that, from the shapes alone. */
#include "adze/ops.h"
#include "core/share.h"
#include "ops/families.h"
#include "ops/kernel.h"

#include <tgmath.h>

typedef struct binary_kernels {
    ad_blocks forward;    /* a, b -> y */
    ad_blocks slope[2];   /* a, b, y, t -> t dy/da;  t dy/db */
    ad_blocks bend[2][2]; /* a, b, y, g, t -> g t d2y/da2, g t d2y/dadb; the same, g t d2y/db2 */
} binary_kernels;

const char *ad_shape_broadcast(const ad_shape *x, const void *attr, ad_shape *y)
{
    (void)attr;
    int rank = x[0].rank > x[1].rank ? x[0].rank : x[1].rank;
    y->rank = rank;
    for (int i = 1; i <= rank; i++) {
        int64_t a = i <= x[0].rank ? x[0].dim[x[0].rank - i] : 1;
        int64_t b = i <= x[1].rank ? x[1].dim[x[1].rank - i] : 1;
        if (a != b && a != 1 && b != 1)
            return "shapes do not broadcast: aligned at the end, extents must be equal or 1";
        y->dim[rank - i] = a == 1 ? b : a;
    }
    return NULL;
}

static void binary_forward(const ad_forward_args *c)
{
    const binary_kernels *k = c->op->kernels;
    const ad_kernel *kernel = &k->forward.of[c->y.type];
    const void *run[] = {c->x[0].data, c->x[1].data};
    if (!ad_map_run(c->work, kernel, c->run, run, c->y.data, false))
        ad_map(c->work, &c->y.shape, kernel, 2, c->x, ad_type_size(c->y.type), c->y.data, false);
}

static void map_slope(const ad_pullback_args *c, int i)
{
    const binary_kernels *k = c->op->kernels;
    ad_view in[] = {c->x[0], c->x[1], c->y, c->dy};
    ad_map_into(c->work, &c->y.shape, &k->slope[i], 4, in, &c->dx[i], !c->assign[i]);
}

/* Both slopes of a run, piece by piece, so that what they share comes from the cache the second time. */
typedef struct both_slopes {
    ad_block *slope[2];
    const char *run[4];
    char *dx[2];
    bool add[2];
    size_t n, size;
} both_slopes;

enum { PIECE = 1 << 13 };

static void pull_piece(void *user, size_t task, int worker)
{
    const both_slopes *s = user;
    size_t begin = task * PIECE, n = s->n - begin < PIECE ? s->n - begin : PIECE;
    const void *in[4];
    (void)worker;
    for (int k = 0; k < 4; k++)
        in[k] = s->run[k] + begin * s->size;
    for (int i = 0; i < 2; i++)
        s->slope[i](n, in, s->dx[i] + begin * s->size, s->add[i]);
}

static void pull_both(const ad_pullback_args *c)
{
    const binary_kernels *k = c->op->kernels;
    both_slopes s = {.run = {c->x[0].data, c->x[1].data, c->y.data, c->dy.data},
                     .n = c->run,
                     .size = ad_type_size(c->y.type)};
    for (int i = 0; i < 2; i++) {
        s.slope[i] = k->slope[i].of[c->y.type].of[ad_work_isa(c->work)];
        s.dx[i] = c->dx[i].data;
        s.add[i] = !c->assign[i];
    }
    ad_work_share(c->work, (s.n + PIECE - 1) / PIECE, pull_piece, &s);
}

static void binary_pullback(const ad_pullback_args *c)
{
    const binary_kernels *k = c->op->kernels;
    const void *run[] = {c->x[0].data, c->x[1].data, c->y.data, c->dy.data};
    if (c->run > PIECE && c->dx[0].data && c->dx[1].data) {
        pull_both(c);
        return;
    }
    for (int i = 0; i < 2; i++)
        if (c->dx[i].data && !ad_map_run(c->work, &k->slope[i].of[c->y.type], c->run, run,
                                         c->dx[i].data, !c->assign[i]))
            map_slope(c, i);
}

static void binary_jvp(const ad_jvp_args *c)
{
    const binary_kernels *k = c->op->kernels;
    bool add = false;
    for (int i = 0; i < 2; i++) {
        if (!c->tx[i].data)
            continue;
        ad_view in[] = {c->x[0], c->x[1], c->y, c->tx[i]};
        ad_map_into(c->work, &c->y.shape, &k->slope[i], 4, in, &c->ty, add);
        add = true;
    }
}

static void binary_curvature(const ad_curvature_args *c)
{
    const binary_kernels *k = c->op->kernels;
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++) {
            if (!c->tdx[i].data || !c->tx[j].data)
                continue;
            ad_view in[] = {c->x[0], c->x[1], c->y, c->dy, c->tx[j]};
            ad_map_into(c->work, &c->y.shape, &k->bend[i][j], 5, in, &c->tdx[i], true);
        }
}

#define A(T) AD_IN(T, 0)
#define B(T) AD_IN(T, 1)
#define Y(T) AD_IN(T, 2)

/* A derivative as a function, and as a kernel that multiplies it by the factor. */
#define PART(name, s, T, part, factor)       \
    AD_INLINE T name##_of_##s(T a, T b, T y) \
    {                                        \
        (void)a, (void)b, (void)y;           \
        return (T)(part);                    \
    }                                        \
    AD_KERNEL(name##_##s, T, factor *name##_of_##s(A(T), B(T), Y(T)))

#define BINARY_KERNELS(op, s, T, f, da, db, daa, dab, dbb)     \
    AD_INLINE T op##_value_##s(T a, T b)                       \
    {                                                          \
        return (T)(f);                                         \
    }                                                          \
    AD_KERNEL(op##_forward_##s, T, op##_value_##s(A(T), B(T))) \
    PART(op##_da, s, T, da, AD_IN(T, 3))                       \
    PART(op##_db, s, T, db, AD_IN(T, 3))                       \
    PART(op##_daa, s, T, daa, AD_IN(T, 3) * AD_IN(T, 4))       \
    PART(op##_dab, s, T, dab, AD_IN(T, 3) * AD_IN(T, 4))       \
    PART(op##_dbb, s, T, dbb, AD_IN(T, 3) * AD_IN(T, 4))

#define BINARY_RULES(op, op_flags, f, da, db, daa, dab, dbb)                                      \
    BINARY_KERNELS(op, f32, float, f, da, db, daa, dab, dbb)                                      \
    BINARY_KERNELS(op, f64, double, f, da, db, daa, dab, dbb)                                     \
    static const binary_kernels op##_kernels = {                                                  \
        AD_BLOCKS(op##_forward),                                                                  \
        {AD_BLOCKS(op##_da), AD_BLOCKS(op##_db)},                                                 \
        {{AD_BLOCKS(op##_daa), AD_BLOCKS(op##_dab)}, {AD_BLOCKS(op##_dab), AD_BLOCKS(op##_dbb)}}, \
    };                                                                                            \
    static const ad_op op##_op = {                                                                \
        .name = #op,                                                                              \
        .arity = 2,                                                                               \
        .flags = AD_OP_STRIDED | AD_OP_ASSIGNS | (op_flags),                                      \
        .shape = ad_shape_broadcast,                                                              \
        .forward = binary_forward,                                                                \
        .pullback = binary_pullback,                                                              \
        .jvp = binary_jvp,                                                                        \
        .curvature = binary_curvature,                                                            \
        .kernels = &op##_kernels,                                                                 \
    };                                                                                            \
    ad_tensor(ad_##op)(ad_tensor a, ad_tensor b)                                                  \
    {                                                                                             \
        return ad_apply(&op##_op, (ad_tensor[]){a, b}, NULL);                                     \
    }

#define BINARY(op, f, da, db, daa, dab, dbb) BINARY_RULES(op, 0, f, da, db, daa, dab, dbb)
#define PIECEWISE(op, f, da, db)             BINARY_RULES(op, AD_OP_LINEAR, f, da, db, 0, 0, 0)

/* Ties belong to a, and a NaN on either side is the result. */
#define A_IS_MAX (a >= b || a != a)
#define A_IS_MIN (a <= b || a != a)

/* clang-format off */
/*        name      y                   dy/da         dy/db        d2y/da2     d2y/dadb  d2y/db2 */
PIECEWISE(add,      a + b,              1,            1)
PIECEWISE(sub,      a - b,              1,            -1)
PIECEWISE(maximum,  A_IS_MAX ? a : b,   A_IS_MAX,     !A_IS_MAX)
PIECEWISE(minimum,  A_IS_MIN ? a : b,   A_IS_MIN,     !A_IS_MIN)
BINARY(   mul,      a * b,              b,            a,           0,          1,        0)
BINARY(   div,      a / b,              1 / b,        -(y / b),    0, -1 / (b * b),      2 * (y / (b * b)))
BINARY(   pow,      pow(a, b),
                    b == 0 ? 0 : b * pow(a, b - 1),
                    a > 0 ? y * log(a) : 0,
                    b == 0 || b == 1 ? 0 : b * (b - 1) * pow(a, b - 2),
                    a > 0 ? pow(a, b - 1) * (1 + b * log(a)) : b == 0 ? 0 : pow(a, b - 1),
                    a > 0 ? y * log(a) * log(a) : 0)
/* clang-format on */

/* ---- comparisons ------------------------------------------------------------------- */

static const char *compare_type(const ad_type *x, const void *attr, ad_type *y)
{
    (void)attr;
    *y = AD_BOOL;
    return x[0] == x[1] ? NULL : "operands must have one type (ad_cast converts)";
}

/* One kernel for each number type. */
typedef struct compare_kernels {
    ad_kernel of[AD_TYPE_COUNT];
} compare_kernels;

static void compare_forward(const ad_forward_args *c)
{
    const compare_kernels *k = c->op->kernels;
    ad_map(c->work, &c->y.shape, &k->of[c->x[0].type], 2, c->x, sizeof(bool), c->y.data, false);
}

#define COMPARE_KERNEL(op, type, T, relation) \
    AD_ASSIGNING_KERNEL(op##_##type, bool, A(T) relation B(T))

#define COMPARE(op, relation)                                                                 \
    COMPARE_KERNEL(op, AD_F32, float, relation)                                               \
    COMPARE_KERNEL(op, AD_F64, double, relation)                                              \
    COMPARE_KERNEL(op, AD_I32, int32_t, relation)                                             \
    COMPARE_KERNEL(op, AD_I64, int64_t, relation)                                             \
    COMPARE_KERNEL(op, AD_U8, uint8_t, relation)                                              \
    COMPARE_KERNEL(op, AD_BOOL, bool, relation)                                               \
    static const compare_kernels op##_kernels = {{AD_ALL(op##_AD_F32), AD_ALL(op##_AD_F64),   \
                                                  AD_ALL(op##_AD_I32), AD_ALL(op##_AD_I64),   \
                                                  AD_ALL(op##_AD_U8), AD_ALL(op##_AD_BOOL)}}; \
    static const ad_op op##_op = {                                                            \
        .name = #op,                                                                          \
        .arity = 2,                                                                           \
        .flags = AD_OP_STRIDED | AD_OP_NO_DERIVATIVE,                                         \
        .type = compare_type,                                                                 \
        .shape = ad_shape_broadcast,                                                          \
        .forward = compare_forward,                                                           \
        .kernels = &op##_kernels,                                                             \
    };                                                                                        \
    ad_tensor(ad_##op)(ad_tensor a, ad_tensor b)                                              \
    {                                                                                         \
        return ad_apply(&op##_op, (ad_tensor[]){a, b}, NULL);                                 \
    }

COMPARE(equal, ==)
COMPARE(not_equal, !=)
COMPARE(less, <)
COMPARE(less_equal, <=)
COMPARE(greater, >)
COMPARE(greater_equal, >=)

const ad_op *const ad_binary_ops[] = {
    &add_op,   &sub_op,       &mul_op,  &div_op,        &pow_op,     &maximum_op,       &minimum_op,
    &equal_op, &not_equal_op, &less_op, &less_equal_op, &greater_op, &greater_equal_op, NULL,
};
