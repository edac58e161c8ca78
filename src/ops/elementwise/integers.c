/* Arithmetic on integers: the rules that operations on floats share with it, and what integers have
 * for themselves: floor_div, floor_mod. */
#include "ops/elementwise/integers.h"

#include "adze/ops.h"
#include "kernels/map.h"
#include "ops/families.h"

const char *ad_type_number(const ad_type *x, const void *attr, ad_type *y)
{
    (void)attr;
    *y = x[0];
    return x[0] == AD_BOOL ? "operands must be numbers, not masks (ad_cast converts)" : NULL;
}

const char *ad_type_numbers(const ad_type *x, const void *attr, ad_type *y)
{
    *y = x[0];
    if (x[0] == x[1] && x[0] != AD_BOOL) /* at once: small operations feel it */
        return NULL;
    if (x[0] == AD_BOOL)
        return ad_type_number(x, attr, y);
    return ad_type_is_float(x[0]) && ad_type_is_float(x[1])
               ? "operands must have one type, not f32 and f64 (ad_cast converts)"
               : "operands must have one type (ad_cast converts)";
}

const char *ad_type_integers(const ad_type *x, const void *attr, ad_type *y)
{
    (void)attr;
    *y = x[0];
    if (ad_type_is_float(x[0]) || x[0] == AD_BOOL)
        return "operands must be i32, i64 or u8 (ad_cast converts)";
    return x[0] == x[1] ? NULL : "operands must have one type (ad_cast converts)";
}

void ad_integers_forward(const ad_forward_args *c, const ad_integer_kernels *kernels)
{
    ad_map(c->work, &c->y.shape, &kernels->of[c->y.type - AD_I32], c->arity, c->x,
           ad_type_size(c->y.type), c->y.data, false);
}

/* ---- floor_div and floor_mod --------------------------------------------------------- */

/* C rounds quotients towards 0. The least integer divided by -1 wraps around. */
static int64_t floor_div(int64_t a, int64_t b)
{
    if (b == -1)
        return (int64_t)(0 - (uint64_t)a);
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

static int64_t floor_mod(int64_t a, int64_t b)
{
    int64_t rest = b == -1 ? 0 : a % b;
    return rest + (rest != 0 && (rest < 0) != (b < 0) ? b : 0);
}

AD_SIGNED(ad_floor_div, floor_div(a, b))
AD_SIGNED(ad_floor_mod, floor_mod(a, b))

/* Where the first 0 is, or the count. */
#define FIND_ZERO(T)                                    \
    while (at < count && ((const T *)v->data)[at] != 0) \
        at++;

static size_t find_zero(const ad_view *v)
{
    size_t count = ad_view_count(v), at = 0;
    if (v->type == AD_I32)
        FIND_ZERO(int32_t)
    else if (v->type == AD_I64)
        FIND_ZERO(int64_t)
    else
        FIND_ZERO(uint8_t)
    return at;
}

static void division_check(const ad_forward_args *c)
{
    size_t at = find_zero(&c->x[1]);
    if (at < ad_view_count(&c->x[1]))
        ad_reject(c->work, AD_DOMAIN, "b[%zu] is 0, and integers cannot be divided by 0", at);
}

static void division_forward(const ad_forward_args *c)
{
    ad_integers_forward(c, c->op->kernels);
}

#define DIVISION(op)                                          \
    static const ad_op op##_op = {                            \
        .size = sizeof(ad_op),                                \
        .name = &#op[3],                                      \
        .arity = 2,                                           \
        .flags = AD_OP_NO_DERIVATIVE,                         \
        .type = ad_type_integers,                             \
        .shape = ad_shape_broadcast,                          \
        .check = division_check,                              \
        .forward = division_forward,                          \
        .kernels = &op##_integers,                            \
    };                                                        \
    ad_tensor(op)(ad_tensor a, ad_tensor b)                   \
    {                                                         \
        return ad_apply(&op##_op, (ad_tensor[]){a, b}, NULL); \
    }

DIVISION(ad_floor_div)
DIVISION(ad_floor_mod)

const ad_op *const ad_integer_ops[] = {&ad_floor_div_op, &ad_floor_mod_op, NULL};
