/* Functions of tensors that are not operations: good calls, then calls that cannot be right. */
#include "inside.h"
#include "misuse.h"

static const double reals[] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, definite[] = {4, 1, 2, 1, 5, 3, 2, 3, 6};
static const int32_t integers[] = {0, 1, 1, 0, 1, 0, 1, 1, 0};
static const bool masks[] = {true, false, true, true, false, false};

static ad_shape shape_of(int slot)
{
    return slot == C                ? AD_SHAPE(3, 2)
           : slot == V || slot == W ? AD_SHAPE(3)
           : slot == D              ? AD_SHAPE(3, 3)
           : slot == X              ? AD_SHAPE(1, 3, 2)
           : slot == F              ? AD_SHAPE(1, 2, 3)
           : slot == L              ? AD_SHAPE(2)
                                    : AD_SHAPE(2, 3);
}

void make_operands(ad_tape *t, ad_tensor *o)
{
    for (int i = A; i < L; i++)
        o[i] = ad_watch(t, ad_view_of(AD_F64, reals, shape_of(i)));
    o[D] = ad_watch(t, ad_view_of(AD_F64, definite, shape_of(D)));
    o[L] = ad_freeze(t, ad_view_of(AD_I32, integers, shape_of(L)));
    o[M] = ad_freeze(t, ad_view_of(AD_BOOL, masks, shape_of(M)));
}

ad_tensor mistyped(ad_tape *t, int slot)
{
    bool number = slot == L || slot == M;
    return ad_freeze(t, ad_view_of(number ? AD_F64 : AD_I32,
                                   number ? (const void *)reals : integers, shape_of(slot)));
}

/* clang-format off */
/* ---- calls ------------------------------------------------------------------------------- */

/* A user's op, for ad_apply. */
static void copy_forward(const ad_forward_args *c)
{
    for (size_t i = 0; i < ad_array_count(&c->y); i++)
        ((double *)c->y.data)[i] = ad_view_get(&c->x[0], i);
}
static const ad_op copy_op = {.size = sizeof(ad_op),
                              .name = "copy",
                              .arity = 1,
                              .flags = AD_OP_NO_DERIVATIVE,
                              .shape = ad_shape_first,
                              .forward = copy_forward};
static const ad_op copies_op = {.size = sizeof(ad_op),
                                .name = "copies",
                                .arity = AD_VARIADIC,
                                .flags = AD_OP_NO_DERIVATIVE,
                                .shape = ad_shape_first,
                                .forward = copy_forward};

#define OP_ROWS(ROW) \
    INSIDE_ROWS(ROW) \
    ROW(apply, copy, ad_apply(&copy_op, &o[A], NULL), BIT(A)) \
    ROW(apply_n, copies, ad_apply_n(&copies_op, 2, TWO_OF(A, B), NULL), BIT(A) | BIT(B))

#define BAD_ROWS(ROW) \
    BAD_INSIDE_ROWS(ROW) \
    ROW(apply, 0, apply, ad_apply(NULL, &o[A], NULL), AD_MISUSE) \
    ROW(apply, 1, apply, ad_apply(&copies_op, &o[A], NULL), AD_MISUSE) \
    ROW(apply_n, 0, copies, ad_apply_n(&copies_op, 0, &o[A], NULL), AD_OK) \
    ROW(apply_n, 1, copy, ad_apply_n(&copy_op, 2, TWO_OF(A, B), NULL), AD_MISUSE) \
    ROW(apply_n, 2, apply, ad_apply_n(NULL, 1, &o[A], NULL), AD_MISUSE)
/* clang-format on */

#define GOOD(name, op, result, uses)                 \
    static ad_tensor call_##name(const ad_tensor *o) \
    {                                                \
        return result;                               \
    }
OP_ROWS(GOOD)

#define WRONG(name, number, op, result, status)                \
    static ad_tensor bad_##name##_##number(const ad_tensor *o) \
    {                                                          \
        return result;                                         \
    }
BAD_ROWS(WRONG)

#define ROW_OF(name, op, result, uses) {#name, #op, call_##name, uses},
const function_row function_rows[] = {OP_ROWS(ROW_OF)};
const size_t function_row_count = sizeof function_rows / sizeof *function_rows;

#define BAD_ROW_OF(name, number, op, result, status) {#op, bad_##name##_##number, status},
const bad_row bad_rows[] = {BAD_ROWS(BAD_ROW_OF)};
const size_t bad_row_count = sizeof bad_rows / sizeof *bad_rows;
