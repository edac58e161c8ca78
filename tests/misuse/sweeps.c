/* Leaves, reading and sweeps: with handles that are nothing, stale or of the wrong kind. */
#include "misuse.h"

#include <math.h>
#include <string.h>

static const double reals[] = {1, 2, 3, 4, 5, 6};

/* ---- what can be wrong with a tensor ------------------------------------------------------- */

enum { NOTHING, NUMBER, DEAD, STALE, ODD, HANDLES };

/* A handle that is none; t is the tape that it names, if any. */
static ad_tensor bad_handle(ad_tape *t, int kind)
{
    ad_tensor x = {0}, odd = {.tape = t};
    if (kind == STALE || kind == DEAD) {
        x = kind == STALE ? ad_watch(t, AD_VIEW(reals, 6)) : (ad_watch)(t, (ad_view){.data = NULL});
        ad_tape_reset(t);
        ad_watch(t, AD_VIEW(reals, 2));
    }
    odd.bits = (uint64_t)1 << 32 | (UINT32_MAX - 1);
    return kind == NUMBER ? ad_number(3) : kind == ODD ? odd : x;
}

/* A sweep from such a root: without a tape there is nowhere to put more than the status. */
static void refuse_roots(ad_status (*sweep)(ad_tensor))
{
    for (int kind = 0; kind < HANDLES; kind++) {
        ad_tape *t = ad_tape_new(NULL);
        ad_status status = sweep(bad_handle(t, kind));
        ck_assert_int_eq(status, kind == NOTHING || kind == NUMBER ? AD_MISUSE : AD_STALE);
        ck_assert(status == AD_MISUSE || ad_tape_status(t) == AD_STALE);
        ad_tape_free(t);
    }
}

static void see_nothing(ad_view (*look)(ad_tensor))
{
    for (int kind = 0; kind < HANDLES; kind++) {
        ad_tape *t = ad_tape_new(NULL);
        ck_assert_ptr_null(look(bad_handle(t, kind)).data);
        ck_assert_int_eq(ad_tape_status(t), AD_OK);
        ad_tape_free(t);
    }
}

static ad_tensor a_matrix(ad_tape *t)
{
    return ad_watch(t, AD_VIEW(reals, 2, 3));
}

/* ---- leaves and reading -------------------------------------------------------------------- */

static void refuse_leaves(ad_tensor (*leaf)(ad_tape *, ad_view), bool any_type)
{
    ad_view good = AD_VIEW(reals, 6), wrong[4] = {good, good, good, good};
    const ad_status status[] = {AD_BAD_TYPE, AD_BAD_SHAPE, AD_MISUSE, AD_BAD_TYPE};
    wrong[0].type = AD_TYPE_COUNT;
    wrong[1].shape.rank = 9;
    wrong[2].data = NULL;
    wrong[3].type = AD_I64;
    ck_assert_ptr_null(leaf(NULL, good).tape);
    for (int i = 0; i < (any_type ? 3 : 4); i++) {
        ad_tape *t = ad_tape_new(NULL);
        ck_assert_ptr_null(ad_read(leaf(t, wrong[i])).data);
        ck_assert_int_eq(ad_tape_status(t), status[i]);
        ad_tape_free(t);
    }
}

/* A gradient is the tape's own, and ends with the next sweep: a leaf keeps a copy. */
static void keep_own_gradient(ad_tensor (*leaf)(ad_tape *, ad_view), unsigned checks)
{
    ad_tape *t = ad_tape_new(&(ad_tape_options){.size = sizeof(ad_tape_options), .checks = checks});
    ad_tensor x = (ad_watch)(t, AD_VIEW(reals, 6));
    ck_assert_int_eq(ad_backward(ad_sum(ad_square(x))), AD_OK);
    ad_tensor g = leaf(t, ad_grad(x));
    ck_assert_int_eq(ad_backward(ad_sum(ad_mul(ad_square(x), g))), AD_OK);
    ad_view numbers = ad_read(g), gradient = ad_grad(x);
    for (size_t i = 0; i < 6; i++) {
        ck_assert_double_eq(ad_view_get(&numbers, i), 2 * reals[i]);
        ck_assert_double_eq(ad_view_get(&gradient, i), 4 * reals[i] * reals[i]);
    }
    ad_tape_free(t);
}

static void run_watch(void)
{
    refuse_leaves(ad_watch, false);
    keep_own_gradient(ad_watch, 0);
    keep_own_gradient(ad_watch, AD_CHECK_BOUNDS);
}
static void run_freeze(void)
{
    refuse_leaves(ad_freeze, true);
    keep_own_gradient(ad_freeze, 0);
    keep_own_gradient(ad_freeze, AD_CHECK_BOUNDS);
}
static void run_constant(void)
{
    ad_tape *t = ad_tape_new(NULL);
    ck_assert_ptr_null(ad_constant(NULL, AD_F32, 1).tape);
    ad_constant(t, AD_U8, 256);
    ck_assert_int_eq(ad_tape_status(t), AD_DOMAIN);
    ad_tape_reset(t);
    ad_constant(t, AD_TYPE_COUNT, 1);
    ck_assert_int_eq(ad_tape_status(t), AD_BAD_TYPE);
    ad_tape_free(t);
}
static void run_label(void)
{
    ad_tape *t = ad_tape_new(NULL);
    ad_label(a_matrix(t), NULL);
    for (int kind = 0; kind < HANDLES; kind++)
        ad_label(bad_handle(t, kind), "name");
    ck_assert_int_eq(ad_tape_status(t), AD_OK);
    ad_tape_free(t);
}
static void run_read(void)
{
    see_nothing(ad_read);
}
static void run_grad(void)
{
    see_nothing(ad_grad);
}
static ad_view first_grad(ad_tensor x)
{
    return ad_grad_at(x, 0);
}
static ad_view first_tangent(ad_tensor x)
{
    return ad_tangent_at(x, 0);
}
static ad_view first_grad_tangent(ad_tensor x)
{
    return ad_grad_tangent_at(x, 0);
}
static void run_grad_at(void)
{
    see_nothing(first_grad);
}
static void run_tangent_at(void)
{
    see_nothing(first_tangent);
}
static void run_grad_tangent_at(void)
{
    see_nothing(first_grad_tangent);
}
static void run_retain(void)
{
    for (int kind = 0; kind < HANDLES; kind++) {
        ad_tape *t = ad_tape_new(NULL);
        ad_retain(bad_handle(t, kind));
        ck_assert_int_eq(ad_tape_status(t), kind == NOTHING || kind == NUMBER ? AD_OK : AD_STALE);
        ad_tape_free(t);
    }
}
static void run_tangent(void)
{
    see_nothing(ad_tangent);
}
static void run_grad_tangent(void)
{
    see_nothing(ad_grad_tangent);
}
static ad_view as_view(bool something)
{
    return something ? AD_VIEW(reals, 1) : (ad_view){0};
}
static ad_view item_view(ad_tensor x)
{
    return as_view(x.tape && !isnan(ad_item(x)));
}
static ad_view shape_view(ad_tensor x)
{
    return as_view(ad_shape_of(x).rank != -1);
}
static ad_view tracked_view(ad_tensor x)
{
    return as_view(ad_is_tracked(x));
}
static ad_view reached_view(ad_tensor x)
{
    return as_view(ad_reached(x));
}
static void run_item(void)
{
    see_nothing(item_view);
    ck_assert_double_eq(ad_item(ad_number(3)), 3);
}
static void run_shape_of(void)
{
    see_nothing(shape_view);
}
static void run_number(void)
{
    ck_assert(isnan(ad_item(ad_number(NAN))));
    ck_assert(isinf(ad_item(ad_number(-INFINITY))));
    ck_assert(signbit(ad_item(ad_number(-0.0))));
}
static ad_view dead_view(ad_tensor x)
{
    return as_view(ad_read(ad_dead(x)).data || ad_dead(x).tape != x.tape ||
                   !isnan(ad_item(ad_dead(x))));
}
static void run_dead(void)
{
    see_nothing(dead_view);
}
static void run_is_tracked(void)
{
    see_nothing(tracked_view);
}
static void run_reached(void)
{
    see_nothing(reached_view);
}

/* ---- sweeps -------------------------------------------------------------------------------- */

static ad_status sweep_from(ad_tensor y)
{
    return ad_backward_from(y, AD_VIEW(reals, 6));
}
static void run_backward(void)
{
    ad_tape *t = ad_tape_new(NULL);
    refuse_roots(ad_backward);
    ck_assert_int_eq(ad_backward(a_matrix(t)), AD_BAD_SHAPE);
    ad_tape_reset(t);
    ck_assert_int_eq(ad_backward(ad_constant(t, AD_I32, 1)), AD_BAD_TYPE);
    ad_tape_free(t);
}
static void refuse_cotangents(ad_status (*sweep)(ad_tensor, ad_view))
{
    ad_tape *t = ad_tape_new(NULL);
    const float narrow[6] = {0};
    const ad_view wrong[] = {{0}, AD_VIEW(reals, 6), AD_VIEW(narrow, 2, 3)};
    const ad_status status[] = {AD_MISUSE, AD_BAD_SHAPE, AD_BAD_TYPE};
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(sweep(ad_exp(a_matrix(t)), wrong[i]), status[i]);
        ad_tape_reset(t);
    }
    ad_tape_free(t);
}
static void run_backward_from(void)
{
    refuse_roots(sweep_from);
    refuse_cotangents(ad_backward_from);
}
static ad_status sweep_from_two(ad_tensor y)
{
    return ad_backward_many(y, 2, (ad_view[]){AD_VIEW(reals, 6), AD_VIEW(reals, 6)});
}
static void run_backward_many(void)
{
    ad_tape *t = ad_tape_new(NULL);
    const ad_view dy[] = {AD_VIEW(reals, 2, 3), {0}, AD_VIEW(reals, 6)};
    refuse_roots(sweep_from_two);
    ck_assert_int_eq(ad_backward_many(ad_exp(a_matrix(t)), 2, dy), AD_MISUSE);
    ad_tape_reset(t);
    ck_assert_int_eq(ad_backward_many(ad_exp(a_matrix(t)), 0, dy), AD_MISUSE);
    ad_tape_reset(t);
    ck_assert_int_eq(ad_backward_many(ad_exp(a_matrix(t)), -1, dy), AD_MISUSE);
    ad_tape_reset(t);
    ck_assert_int_eq(ad_backward_many(ad_exp(a_matrix(t)), 1, NULL), AD_MISUSE);
    ad_tape_reset(t);
    ck_assert_int_eq(ad_backward_many(ad_exp(a_matrix(t)), 1, dy + 2), AD_BAD_SHAPE);
    ad_tape_free(t);
}
static void run_backward_tangents(void)
{
    ad_tape *t = ad_tape_new(NULL);
    refuse_roots(ad_backward_tangents);
    ck_assert_int_eq(ad_backward_tangents(ad_sum(a_matrix(t))), AD_MISUSE); /* nothing pushed */
    ad_tape_free(t);
}
static ad_status tangents_from(ad_tensor y, ad_view dy)
{
    return ad_backward_tangents_from(y, dy, (ad_view){0});
}
static ad_status tangents_from_one(ad_tensor y)
{
    return tangents_from(y, AD_VIEW(reals, 1));
}
static ad_status tangents_to(ad_tensor y, ad_view tdy)
{
    return ad_backward_tangents_from(y, AD_VIEW(reals, 2, 3), tdy);
}
static void run_backward_tangents_from(void)
{
    ad_tape *t = ad_tape_new(NULL);
    refuse_roots(tangents_from_one);
    refuse_cotangents(tangents_from);
    ck_assert_int_eq(tangents_from(a_matrix(t), AD_VIEW(reals, 2, 3)), AD_MISUSE);
    ad_tape_reset(t);
    ck_assert_int_eq(tangents_to(a_matrix(t), AD_VIEW(reals, 6)), AD_BAD_SHAPE);
    ad_tape_free(t);
}
static void run_push_tangents(void)
{
    refuse_roots(ad_push_tangents);
}
static void run_set_tangent(void)
{
    ad_tape *t = ad_tape_new(NULL);
    for (int kind = 0; kind < HANDLES; kind++) {
        ad_tensor x = bad_handle(t, kind);
        ck_assert_int_eq(ad_set_tangent(x, AD_VIEW(reals, 6)), AD_MISUSE);
        ad_tape_reset(t);
    }
    ck_assert_int_eq(ad_set_tangent(ad_exp(a_matrix(t)), AD_VIEW(reals, 2, 3)), AD_MISUSE);
    ad_tape_reset(t);
    ck_assert_int_eq(ad_set_tangent(a_matrix(t), (ad_view){0}), AD_MISUSE);
    ad_tape_reset(t);
    ck_assert_int_eq(ad_set_tangent(a_matrix(t), AD_VIEW(reals, 6)), AD_BAD_SHAPE);
    ad_tape_free(t);
}
static void run_set_tangent_many(void)
{
    ad_tape *t = ad_tape_new(NULL);
    const ad_view tx[] = {AD_VIEW(reals, 2, 3), AD_VIEW(reals, 6)};
    for (int kind = 0; kind < HANDLES; kind++) {
        ck_assert_int_eq(ad_set_tangent_many(bad_handle(t, kind), 2, tx), AD_MISUSE);
        ad_tape_reset(t);
    }
    ck_assert_int_eq(ad_set_tangent_many(ad_exp(a_matrix(t)), 1, tx), AD_MISUSE);
    ad_tape_reset(t);
    ck_assert_int_eq(ad_set_tangent_many(a_matrix(t), 0, tx), AD_MISUSE);
    ad_tape_reset(t);
    ck_assert_int_eq(ad_set_tangent_many(a_matrix(t), 1, NULL), AD_MISUSE);
    ad_tape_reset(t);
    ck_assert_int_eq(ad_set_tangent_many(a_matrix(t), 2, tx), AD_BAD_SHAPE);
    ad_tape_free(t);
}

/* clang-format off */
#define SWEEP_ROWS(ROW) \
    ROW(watch) ROW(freeze) ROW(constant) ROW(label) ROW(read) ROW(grad) ROW(retain) ROW(tangent) \
    ROW(grad_tangent) ROW(item) ROW(shape_of) ROW(number) ROW(dead) ROW(is_tracked) ROW(reached) ROW(backward) \
    ROW(backward_from) ROW(backward_tangents) ROW(backward_tangents_from) ROW(push_tangents) ROW(set_tangent) \
    ROW(grad_at) ROW(tangent_at) ROW(grad_tangent_at) ROW(backward_many) ROW(set_tangent_many)
/* clang-format on */

#define ROW_OF(name) {#name, run_##name},
const call_row sweep_rows[] = {SWEEP_ROWS(ROW_OF)};
const size_t sweep_row_count = sizeof sweep_rows / sizeof *sweep_rows;
