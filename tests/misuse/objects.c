/* Numbers, tapes, pools, operations as data: each function with every pointer NULL and with
 * arguments that make no sense. */
#include "measured.h"
#include "misuse.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double reals[] = {1, 2, 3, 4, 5, 6};

static ad_tensor a_matrix(ad_tape *t)
{
    return ad_watch(t, AD_VIEW(reals, 2, 3));
}

/* ---- types, shapes, views, arrays ---------------------------------------------------------- */

static const ad_type no_types[] = {AD_TYPE_COUNT, (ad_type)-1, (ad_type)1000};
enum { NO_TYPES = sizeof no_types / sizeof *no_types };

static void run_type_text(void)
{
    for (int i = 0; i < NO_TYPES; i++)
        ck_assert_str_eq(ad_type_text(no_types[i]), "no such type");
}
static const char *const no_text = NULL;

static void run_type_size(void)
{
    for (int i = 0; i < NO_TYPES; i++)
        ck_assert_uint_eq(ad_type_size(no_types[i]), 0);
}
static void run_type_is_float(void)
{
    for (int i = 0; i < NO_TYPES; i++)
        ck_assert(!ad_type_is_float(no_types[i]));
}
static void run_status_text(void)
{
    ck_assert_str_eq(ad_status_text(AD_STATUS_COUNT), "no such status");
    ck_assert_str_eq(ad_status_text((ad_status)-1), "no such status");
}
static void run_fail(void)
{
    ad_error e = {0};
    ck_assert_int_eq(ad_fail(NULL, AD_DOMAIN, "lost"), AD_DOMAIN);
    ad_fail(&e, AD_DOMAIN, "%600d", 1);
    ck_assert_uint_eq(strlen(e.text), sizeof e.text - 1);
    ad_fail(&e, AD_FILE, "second");
    ad_error none = {0};
    ad_fail(&none, AD_FILE, no_text);
    ck_assert_str_eq(none.text, ad_status_text(AD_FILE));
    ck_assert_int_eq(e.status, AD_DOMAIN);
}
static void run_shape_count(void)
{
    size_t n = 7;
    ck_assert_int_eq(ad_shape_count(NULL, &n), AD_BAD_SHAPE);
    ck_assert_int_eq(ad_shape_count(&AD_SHAPE(2), NULL), AD_OK);
    ck_assert_uint_eq(n, 7);
}
static void run_shape_equal(void)
{
    ad_shape s = AD_SHAPE(2), wild = {99, {0}};
    ck_assert(!ad_shape_equal(NULL, &s) && !ad_shape_equal(&s, NULL) &&
              !ad_shape_equal(NULL, NULL));
    ck_assert(!ad_shape_equal(&wild, &wild));
}
static void run_shape_print(void)
{
    char text[5] = "....";
    ad_shape wild = {99, {0}};
    ck_assert_ptr_null(ad_shape_print(&AD_SHAPE(2), NULL, 9));
    ck_assert_str_eq(ad_shape_print(&AD_SHAPE(2), text, 0), "....");
    ck_assert_str_eq(ad_shape_print(&AD_SHAPE(12345), text, sizeof text), "[123");
    ck_assert_str_eq(ad_shape_print(NULL, text, sizeof text), "[]");
    ck_assert_str_eq(ad_shape_print(&wild, text, sizeof text), "[]");
}
static void run_view_of(void)
{
    ck_assert_ptr_null(ad_view_of(AD_F64, NULL, AD_SHAPE(2)).data);
    ck_assert_ptr_null(ad_view_of(AD_TYPE_COUNT, reals, AD_SHAPE(2)).data);
    ck_assert_ptr_null(ad_view_of(AD_F64, reals, AD_SHAPE(-2)).data);
}
static void run_view_is_contiguous(void)
{
    ck_assert(!ad_view_is_contiguous(NULL));
    ck_assert(!ad_view_is_contiguous(&(ad_view){.shape = {-4, {0}}}));
}
static void run_view_count(void)
{
    ck_assert_uint_eq(ad_view_count(NULL), 0);
    ck_assert_uint_eq(ad_view_count(&(ad_view){.shape = {1, {5}}}), 0);
}
static void run_view_get(void)
{
    ad_view v = AD_VIEW(reals, 6), odd = v;
    odd.type = AD_TYPE_COUNT;
    ck_assert(isnan(ad_view_get(NULL, 0)) && isnan(ad_view_get(&v, 6)));
    ck_assert(isnan(ad_view_get(&v, SIZE_MAX)) && isnan(ad_view_get(&odd, 0)));
}
static void run_array_new(void)
{
    for (int i = 0; i < NO_TYPES; i++)
        ck_assert_ptr_null(ad_array_new(NULL, no_types[i], AD_SHAPE(2)).data);
    ck_assert_ptr_null(ad_array_new(NULL, AD_F32, AD_SHAPE(-1)).data);
}
static void run_zeros(void)
{
    ck_assert_ptr_null(ad_zeros(AD_TYPE_COUNT, AD_SHAPE(2)).data);
    ck_assert_ptr_null(ad_zeros(AD_F32, ((ad_shape){-1, {0}})).data);
}
static void run_full(void)
{
    for (int i = 0; i < NO_TYPES; i++)
        ck_assert_ptr_null(ad_full(no_types[i], AD_SHAPE(2), 1).data);
    ck_assert_ptr_null(ad_full(AD_F32, ((ad_shape){-1, {0}}), 1).data);
    ck_assert_ptr_null(ad_full(AD_BOOL, AD_SHAPE(2), 2).data);
}
static void run_eye(void)
{
    ck_assert_ptr_null(ad_eye(AD_TYPE_COUNT, 2).data);
    ck_assert_ptr_null(ad_eye(AD_F32, INT64_MIN).data);
    ck_assert_ptr_null(ad_eye(AD_F32, INT64_MAX).data);
}
static void run_arange(void)
{
    ck_assert_ptr_null(ad_arange(AD_TYPE_COUNT, 0, 1, 1).data);
    ck_assert_ptr_null(ad_arange(AD_F32, 0, 1, 0).data);
    ck_assert_ptr_null(ad_arange(AD_F32, 0, INFINITY, 1).data);
    ck_assert_ptr_null(ad_arange(AD_F32, -1e308, 1e308, 1e-308).data);
}
static void run_linspace(void)
{
    ck_assert_ptr_null(ad_linspace(AD_TYPE_COUNT, 0, 1, 2).data);
    ck_assert_ptr_null(ad_linspace(AD_F32, NAN, 1, 2).data);
    ck_assert_ptr_null(ad_linspace(AD_F32, 0, 1, INT64_MIN).data);
    ck_assert_ptr_null(ad_linspace(AD_F32, 0, 1, INT64_MAX).data);
}
static void run_array_copy(void)
{
    ad_view v = AD_VIEW(reals, 6), odd = v;
    odd.type = (ad_type)50;
    ck_assert_ptr_null(ad_array_copy(NULL, AD_F64, (ad_view){0}).data);
    ck_assert_ptr_null(ad_array_copy(NULL, AD_TYPE_COUNT, v).data);
    ck_assert_ptr_null(ad_array_copy(NULL, AD_F64, odd).data);
}
static void run_array_free(void)
{
    ad_array a = ad_zeros(AD_F32, AD_SHAPE(2));
    ad_array_free(NULL);
    ad_array_free(&a);
    ad_array_free(&a);
    ck_assert_ptr_null(a.data);
}
static void run_array_view(void)
{
    ck_assert_ptr_null(ad_array_view((ad_array){0}).data);
}
static void run_array_count(void)
{
    ck_assert_uint_eq(ad_array_count(NULL), 0);
    ck_assert_uint_eq(ad_array_count(&(ad_array){.shape = {1, {4}}}), 0);
}
static void run_array_write(void)
{
    ad_error e = {0};
    const float narrow[3] = {1, 2, 3};
    ad_array a = ad_zeros(AD_F64, AD_SHAPE(3)), none = {0};
    ck_assert_int_eq(ad_array_write(NULL, AD_VIEW(reals, 3), NULL), AD_MISUSE);
    ck_assert_int_eq(ad_array_write(&none, AD_VIEW(reals, 3), NULL), AD_MISUSE);
    ck_assert_int_eq(ad_array_write(&a, (ad_view){0}, &e), AD_MISUSE);
    ck_assert_int_eq(ad_array_write(&a, AD_VIEW(reals, 2), NULL), AD_BAD_SHAPE);
    ck_assert_int_eq(ad_array_write(&a, AD_VIEW(narrow, 3), NULL), AD_BAD_TYPE);
    ck_assert_double_eq(((double *)a.data)[0], 0);
    ad_array_free(&a);
}

static void run_array_set(void)
{
    ad_array a = ad_zeros(AD_F64, AD_SHAPE(3)), none = {0};
    ck_assert_int_eq(ad_array_set(NULL, 0, 1), AD_MISUSE);
    ck_assert_int_eq(ad_array_set(&none, 0, 1), AD_MISUSE);
    ck_assert_int_eq(ad_array_set(&a, 3, 1), AD_MISUSE);
    ck_assert_int_eq(ad_array_set(&a, SIZE_MAX, 1), AD_MISUSE);
    ad_array_free(&a);
}
static void run_array_of(void)
{
    double number = 0;
    for (int i = 0; i < NO_TYPES; i++)
        ck_assert_ptr_null(ad_array_of(no_types[i], &number, AD_SCALAR).data);
    ck_assert_ptr_null(ad_array_of(AD_F64, &number, AD_SHAPE(-1)).data);
    ad_array none = ad_array_of(AD_F64, NULL, AD_SHAPE(2));
    ck_assert(!none.data && ad_array_count(&none) == 0);
    ad_array_free(&none);
}
static void run_version(void)
{
    ck_assert_int_eq(ad_version(), AD_VERSION);
}

/* ---- tapes --------------------------------------------------------------------------------- */

static void run_tape_new(void)
{
    ad_tape *t = ad_tape_new(&(ad_tape_options){0});
    ck_assert_int_eq(ad_tape_status(t), AD_MISUSE);
    ad_tape_free(t);
}
static void run_tape_free(void)
{
    ad_tape_free(NULL);
}
static void run_tape_reset(void)
{
    ad_tape_reset(NULL);
}
static void run_tape_trim(void)
{
    ad_tape_trim(NULL);
}
static void run_tape_widen(void)
{
    ad_tape_widen(NULL, true);
}
static void run_tape_hold(void)
{
    ck_assert_uint_eq(ad_tape_hold(NULL), 0);
}
static void run_tape_let_go(void)
{
    ad_tape *t = ad_tape_new(NULL);
    ad_tape_let_go(NULL, 0);
    ad_tape_let_go(t, UINT32_MAX); /* more than there is */
    ad_tape_reset(t);
    ck_assert_int_eq(ad_tape_status(t), AD_OK);
    ad_tape_free(t);
}
static void run_tape_mark(void)
{
    ck_assert_ptr_null(ad_tape_mark(NULL).tape);
}
static void run_tape_rewind(void)
{
    ad_tape *t = ad_tape_new(NULL);
    ck_assert_int_eq(ad_tape_rewind((ad_mark){0}), AD_MISUSE);
    ck_assert_int_eq(ad_tape_rewind((ad_mark){t, (uint64_t)1 << 32 | 5}), AD_STALE);
    ad_tape_free(t);
}
static void run_tape_status(void)
{
    ck_assert_int_eq(ad_tape_status(NULL), AD_MISUSE);
}
static void run_tape_error(void)
{
    ck_assert_str_eq(ad_tape_error(NULL), "there is no tape");
}
static void run_tape_fail(void)
{
    ad_tape *t = ad_tape_new(NULL);
    ck_assert_int_eq(ad_tape_fail(NULL, AD_DOMAIN, "lost"), AD_MISUSE);
    ck_assert_int_eq(ad_tape_fail(t, AD_OK, "no failure"), AD_OK);
    ck_assert_int_eq(ad_tape_fail(t, AD_DOMAIN, "%600d", 1), AD_DOMAIN);
    ck_assert_int_eq(ad_tape_fail(t, AD_FILE, "second"), AD_DOMAIN);
    ad_tape_reset(t);
    ck_assert_int_eq(ad_tape_fail(t, AD_FAILED, no_text), AD_FAILED);
    ck_assert_str_eq(ad_tape_error(t), ad_status_text(AD_FAILED));
    ad_tape_free(t);
}
static void run_tape_memory(void)
{
    ad_tape *t = ad_tape_new(NULL);
    ck_assert_ptr_null(ad_tape_memory(NULL, 8));
    ck_assert_ptr_nonnull(ad_tape_memory(t, 0));
    ck_assert_ptr_null(ad_tape_memory(t, SIZE_MAX));
    ck_assert_int_eq(ad_tape_status(t), AD_MEMORY);
    ad_tape_free(t);
}
static void run_tape_measure(void)
{
    ad_tape_info info = {.size = 0, .nodes = 7};
    ck_assert_uint_eq(measured(NULL).bytes_reserved, 0);
    ck_assert_int_eq(ad_tape_measure(NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_tape_measure(NULL, &info), AD_MISUSE);
    info.size = SIZE_MAX; /* or whatever was in memory */
    ck_assert_int_eq(ad_tape_measure(NULL, &info), AD_MISUSE);
    ck_assert_uint_eq(info.nodes, 7);
}
static void run_tape_trace(void)
{
    ad_tape *t = ad_tape_new(NULL);
    ad_tape_trace(NULL, NULL, NULL);
    ad_tape_trace(t, NULL, NULL);
    ad_exp(a_matrix(t));
    ad_tape_free(t);
}
static void refuse_streams(ad_status (*write)(const ad_tape *, FILE *))
{
    ad_tape *t = ad_tape_new(NULL);
    FILE *full = fopen("/dev/full", "w");
    ck_assert_int_eq(write(NULL, stdout), AD_MISUSE);
    ck_assert_int_eq(write(t, NULL), AD_MISUSE);
    if (full) {
        setvbuf(full, NULL, _IONBF, 0);
        a_matrix(t);
        ck_assert_int_eq(write(t, full), AD_FILE);
        fclose(full);
    }
    ad_tape_free(t);
}
static void run_tape_print(void)
{
    refuse_streams(ad_tape_print);
}
static void run_tape_dot(void)
{
    refuse_streams(ad_tape_dot);
}
static void run_tape_profile(void)
{
    ad_tape *t = ad_tape_new(NULL);
    ad_tape_profile(NULL, NULL);
    ad_tape_profile(t, NULL);
    ad_exp(a_matrix(t));
    ad_tape_free(t);
}
static void run_profile_new(void)
{
    ad_profile_free(ad_profile_new(NULL));
}
static void run_profile_free(void)
{
    ad_profile_free(NULL);
}
static void run_profile_at(void)
{
    ad_profile *p = ad_profile_new(NULL);
    ck_assert(!ad_profile_at(NULL, 0) && !ad_profile_at(p, 0) && !ad_profile_at(p, SIZE_MAX));
    ad_profile_free(p);
}
static void refuse_profiles(ad_status (*print)(const ad_profile *, FILE *))
{
    ad_tape *t = ad_tape_new(NULL);
    ad_profile *p = ad_profile_new(NULL);
    FILE *full = fopen("/dev/full", "w");
    ck_assert_int_eq(print(NULL, stdout), AD_MISUSE);
    ck_assert_int_eq(print(p, NULL), AD_MISUSE);
    ad_tape_profile(t, p);
    ad_exp(a_matrix(t));
    if (full) {
        setvbuf(full, NULL, _IONBF, 0);
        ck_assert_int_eq(print(p, full), AD_FILE);
        fclose(full);
    }
    ad_tape_free(t);
    ad_profile_free(p);
}
static void run_profile_print(void)
{
    refuse_profiles(ad_profile_print);
}
static void run_profile_print_stacks(void)
{
    refuse_profiles(ad_profile_print_stacks);
}
static void run_event_print(void)
{
    char text[8] = "...";
    ad_event empty = {0};
    ck_assert_ptr_null(ad_event_print(&empty, NULL, 8));
    ck_assert_str_eq(ad_event_print(&empty, text, 0), "...");
    ck_assert_ptr_eq(ad_event_print(NULL, text, sizeof text), text);
    ck_assert_ptr_eq(ad_event_print(&empty, text, sizeof text), text);
}

/* ---- pools, kernels' helpers, look-up ------------------------------------------------------ */

static void run_pool_new(void)
{
    ck_assert(!ad_pool_new(NULL, 0) && !ad_pool_new(NULL, -1));
    ck_assert(!ad_pool_new(NULL, AD_MAX_THREADS + 1) && !ad_pool_new(NULL, INT32_MAX));
}
static void run_pool_free(void)
{
    ad_pool_free(NULL);
}
static void run_pool_threads(void)
{
    ck_assert_int_eq(ad_pool_threads(NULL), 1);
}
static void run_scratch(void)
{
    ck_assert_ptr_null(ad_scratch(NULL, 8));
}
static void run_inner_tape(void)
{
    ck_assert_ptr_null(ad_inner_tape(NULL));
}
static void run_inner_begin(void)
{
    ad_tape *t = ad_tape_new(NULL);
    ck_assert_ptr_null(ad_inner_begin(NULL, "f"));
    ck_assert_ptr_null(ad_inner_begin(t, NULL));
    ck_assert_ptr_nonnull(ad_inner_begin(t, "f"));
    ck_assert_ptr_null(ad_inner_begin(t, "f")); /* the tape is busy */
    ck_assert_int_eq(ad_inner_end(t), AD_BUSY);
    ad_tape_free(t);
}
static void run_inner_end(void)
{
    ad_tape *t = ad_tape_new(NULL);
    ck_assert_int_eq(ad_inner_end(NULL), AD_MISUSE);
    ck_assert_int_eq(ad_inner_end(t), AD_MISUSE);
    ad_tape_free(t);
}
static void run_reject(void)
{
    ad_reject(NULL, AD_DOMAIN, "lost");
}
static void no_part(void *user, size_t begin, size_t end)
{
    (void)user, (void)begin, (void)end;
}
static void no_elements(const void *user, ad_type type, size_t n, const void *const *in, void *out)
{
    (void)user, (void)type, (void)n, (void)in, (void)out;
}

/* A kernel's helpers, called as no kernel should. */
static void misuse_helpers(const ad_forward_args *c)
{
    ad_array none = {0};
    ad_parallel(c->work, 6, 0, no_part, NULL);
    ad_parallel(c->work, 6, 1, NULL, NULL);
    ad_product(c->work, NULL, c->x, &c->y, 0);
    ad_product(c->work, c->x, c->x, NULL, 0);
    ad_product(c->work, c->x, c->x, &none, 0);
    ad_product_then(c->work, &(ad_view){0}, c->x, &(ad_array){c->y.data, AD_F64, AD_SCALAR, NULL},
                    0, no_part, NULL);
    ad_elementwise(c->work, NULL, 1, c->x, &c->y, 0, no_elements, NULL);
    ad_elementwise(c->work, &c->y.shape, 1, NULL, &c->y, 0, no_elements, NULL);
    ad_elementwise(c->work, &c->y.shape, 1, c->x, NULL, 0, no_elements, NULL);
    ad_elementwise(c->work, &c->y.shape, 2, (ad_view[]){c->x[0], c->x[0]}, &c->y, 0, NULL, NULL);
    ad_elementwise(c->work, &c->y.shape, INT32_MAX, c->x, &c->y, 0, no_elements, NULL);
}
static void misuse_in_a_kernel(void)
{
    const ad_op op = {.size = sizeof(ad_op),
                      .name = "misuse",
                      .arity = 1,
                      .flags = AD_OP_NO_DERIVATIVE,
                      .shape = ad_shape_first,
                      .forward = misuse_helpers};
    ad_tape *t = ad_tape_new(NULL);
    ad_tensor x = a_matrix(t);
    ad_apply(&op, &x, NULL);
    ck_assert_int_eq(ad_tape_status(t), AD_MISUSE);
    ad_tape_free(t);
}
static void run_parallel(void)
{
    ck_assert(!ad_parallel(NULL, 6, 1, no_part, NULL));
    misuse_in_a_kernel();
}
static void run_product(void)
{
    ad_view v = {0};
    ad_array a = {0};
    ck_assert(!ad_product(NULL, &v, &v, &a, 0));
    misuse_in_a_kernel();
}
static void run_product_then(void)
{
    ad_view v = {0};
    ad_array a = {0};
    ck_assert(!ad_product_then(NULL, &v, &v, &a, 0, no_part, NULL));
}
static void run_elementwise(void)
{
    ad_view v = {0};
    ad_array a = {0};
    ck_assert(!ad_elementwise(NULL, &v.shape, 1, &v, &a, 0, no_elements, NULL));
    misuse_in_a_kernel();
}
static void run_scratch_array(void)
{
    ck_assert_ptr_null(ad_scratch_array(NULL, AD_F64, AD_SHAPE(2)).data);
    ck_assert_ptr_null(ad_scratch_array(NULL, AD_TYPE_COUNT, AD_SHAPE(2)).data);
    ck_assert_ptr_null(ad_scratch_array(NULL, AD_F64, AD_SHAPE(-2)).data);
}
static void run_walk_begin(void)
{
    ad_walk w;
    ad_view none = {0}, bad = {.shape = {INT32_MIN, {0}}}, huge = {.shape = {INT32_MAX, {0}}};
    ad_shape shape = AD_SHAPE(2), negative = AD_SHAPE(-2);
    ck_assert(!ad_walk_begin(NULL, NULL, &shape, 1, &none));
    ck_assert(!ad_walk_begin(NULL, &w, NULL, 1, &none) && !ad_walk_next(&w));
    ck_assert(!ad_walk_begin(NULL, &w, &shape, 1, NULL) && !ad_walk_next(&w));
    ck_assert(!ad_walk_begin(NULL, &w, &shape, 0, &none) && !ad_walk_next(&w));
    ck_assert(!ad_walk_begin(NULL, &w, &shape, AD_MAX_VIEWS + 1, &none) && !ad_walk_next(&w));
    ck_assert(!ad_walk_begin(NULL, &w, &negative, 1, &none) && !ad_walk_next(&w));
    ck_assert(!ad_walk_begin(NULL, &w, &shape, 1, &none) && !ad_walk_next(&w));
    ck_assert(!ad_walk_begin(NULL, &w, &shape, 1, &bad) && !ad_walk_next(&w));
    ck_assert(!ad_walk_begin(NULL, &w, &shape, 1, &huge) && !ad_walk_next(&w));
}
static void run_walk_next(void)
{
    ck_assert(!ad_walk_next(NULL));
}
static void run_walk_part(void)
{
    ad_walk w = {0};
    ad_walk_part(NULL, 0, 1);
    ad_walk_part(&w, SIZE_MAX, SIZE_MAX);
    ck_assert(!ad_walk_next(&w));
}
static void run_apply_results(void)
{
    const ad_op *op = ad_builtin_op_named("exp");
    ad_tape *t = ad_tape_new(NULL);
    ad_tensor x = a_matrix(t), y[2];
    ad_apply_results(op, 1, NULL, NULL, 1, y);
    ck_assert(!y[0].tape && isnan(ad_item(y[0])));
    for (int none = -1; none <= 0; none++) {
        ad_apply_results(op, 1, &x, NULL, none, y);
        ck_assert_int_eq(ad_tape_status(t), AD_MISUSE);
        ad_tape_reset(t);
        x = a_matrix(t);
    }
    ad_apply_results(op, 1, &x, NULL, 1, NULL);
    ck_assert_int_eq(ad_tape_status(t), AD_MISUSE);
    ad_tape_reset(t);
    x = a_matrix(t);
    ad_apply_results(NULL, 1, &x, NULL, 2, y);
    ck_assert_int_eq(ad_tape_status(t), AD_MISUSE);
    ck_assert(y[1].tape == t && !ad_read(y[1]).data);
    ad_tape_free(t);
}
static void no_pullback(const ad_pullback_args *c)
{
    (void)c;
}
static void run_op_with_pullback(void)
{
    const ad_op *op = ad_builtin_op_named("exp");
    ad_op copy = {.size = sizeof copy}, no_size = {0}, cut = {.size = sizeof cut - 1};
    ck_assert_int_eq(ad_op_with_pullback(NULL, "none", no_pullback, &copy), AD_MISUSE);
    ck_assert_int_eq(ad_op_with_pullback(op, NULL, no_pullback, &copy), AD_MISUSE);
    ck_assert_int_eq(ad_op_with_pullback(op, "none", NULL, &copy), AD_MISUSE);
    ck_assert_int_eq(ad_op_with_pullback(op, "none", no_pullback, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_op_with_pullback(op, "none", no_pullback, &no_size), AD_MISUSE);
    ck_assert_int_eq(ad_op_with_pullback(op, "none", no_pullback, &cut), AD_MISUSE);
    ck_assert_int_eq(ad_op_with_pullback(&cut, "none", no_pullback, &copy), AD_MISUSE);
    ck_assert(!copy.name && !no_size.name && !cut.name);
}
static void run_registry_new(void)
{
    ad_registry_free(ad_registry_new(NULL));
}
static void run_registry_free(void)
{
    ad_registry_free(NULL);
}
static void run_registry_add(void)
{
    ad_registry *r = ad_registry_new(NULL);
    ck_assert_int_eq(ad_registry_add(NULL, ad_builtin_op(0)), AD_MISUSE);
    ck_assert_int_eq(ad_registry_add(r, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_registry_add(r, &(ad_op){0}), AD_MISUSE);
    ck_assert_int_eq(ad_registry_add(r, ad_builtin_op(0)), AD_MISUSE);
    ad_registry_free(r);
}
static void run_registry_find(void)
{
    ad_registry *r = ad_registry_new(NULL);
    ck_assert(!ad_registry_find(NULL, "exp") && !ad_registry_find(r, NULL));
    ck_assert(!ad_registry_find(r, "") && !ad_registry_find(r, "no such op"));
    ad_registry_free(r);
}
static void run_builtin_op(void)
{
    ck_assert_ptr_null(ad_builtin_op(SIZE_MAX));
}
static void run_builtin_op_named(void)
{
    ck_assert(!ad_builtin_op_named(NULL) && !ad_builtin_op_named("no such op"));
}

/* Rules are called by the tape, after its checks, and trust what they get: op.h says so. */
static void run_rule(void)
{
    ad_tape *t = ad_tape_new(NULL);
    ad_tensor x = a_matrix(t), y = ad_cast(ad_add(ad_exp(ad_transpose(x)), 1), AD_F64);
    ad_set_tangent(x, AD_VIEW(reals, 2, 3));
    ck_assert_int_eq(ad_push_tangents(y), AD_OK);
    ck_assert_int_eq(ad_backward_from(y, AD_VIEW(reals, 3, 2)), AD_OK);
    ad_tape_free(t);
}
#define run_shape_first     run_rule
#define run_shape_broadcast run_rule
#define run_type_first      run_rule
#define run_view_pullback   run_rule
#define run_view_jvp        run_rule

/* ---- keys and leaves of random numbers ----------------------------------------------------- */

/* Any 128 bits are a key. */
static void run_key_new(void)
{
    ck_assert(ad_key_new(0).seed == 0 && ad_key_new(UINT64_MAX).seed == UINT64_MAX);
}
static void run_key_split(void)
{
    ad_key key = ad_key_split((ad_key){UINT64_MAX, UINT64_MAX}, UINT64_MAX);
    ck_assert(key.seed != UINT64_MAX && key.stream != UINT64_MAX);
}

typedef ad_tensor noise_maker(ad_tape *t, ad_type type, ad_shape shape, double a, double b,
                              ad_key k);

static void refuse_noise(noise_maker *make, double a, double b, const char *name)
{
    ad_shape bad = {99, {0}};
    ad_status status[] = {AD_OK, AD_DOMAIN, AD_BAD_TYPE, AD_BAD_TYPE, AD_BAD_SHAPE};
    ck_assert_ptr_null(ad_read(make(NULL, AD_F32, AD_SHAPE(2), a, b, ad_key_new(1))).data);
    for (int i = 0; i < 5; i++) {
        ad_tape *t = ad_tape_new(NULL);
        ad_tensor x = make(t,
                           i == 2   ? AD_BOOL
                           : i == 3 ? (ad_type)-1
                                    : AD_F64,
                           i == 4 ? bad : AD_SHAPE(2), i == 1 ? NAN : a, b, ad_key_new(1));
        ck_assert_int_eq(ad_tape_status(t), status[i]);
        ck_assert(i == 0 ? ad_read(x).data != NULL : strstr(ad_tape_error(t), name) != NULL);
        ad_tape_free(t);
    }
}
static void run_uniform(void)
{
    refuse_noise(ad_uniform, 0, 1, "uniform(");
}
static void run_normal(void)
{
    refuse_noise(ad_normal, 0, 1, "normal(");
}

/* clang-format off */
#define OBJECT_ROWS(ROW) \
    ROW(type_text) ROW(type_size) ROW(type_is_float) ROW(status_text) ROW(fail) ROW(shape_count) \
    ROW(shape_equal) ROW(shape_print) ROW(view_of) ROW(view_is_contiguous) ROW(view_count) \
    ROW(view_get) ROW(array_new) ROW(zeros) ROW(full) ROW(eye) ROW(arange) ROW(linspace) ROW(array_copy) ROW(array_free) ROW(array_view) \
    ROW(array_count) ROW(array_write) ROW(array_set) ROW(array_of) ROW(version) \
    ROW(tape_new) ROW(tape_free) ROW(tape_reset) ROW(tape_trim) ROW(tape_widen) ROW(tape_hold) \
    ROW(tape_let_go) ROW(tape_mark) ROW(tape_rewind) ROW(tape_status) ROW(tape_error) ROW(tape_fail) \
    ROW(tape_memory) ROW(tape_measure) ROW(tape_trace) ROW(tape_print) ROW(tape_dot) \
    ROW(tape_profile) ROW(profile_new) ROW(profile_free) ROW(profile_at) ROW(profile_print) \
    ROW(profile_print_stacks) ROW(event_print) ROW(pool_new) ROW(pool_free) ROW(pool_threads) ROW(scratch) \
    ROW(inner_tape) ROW(inner_begin) ROW(inner_end) ROW(reject) \
    ROW(parallel) ROW(product) ROW(product_then) ROW(elementwise) ROW(scratch_array) ROW(walk_begin) \
    ROW(walk_next) ROW(walk_part) \
    ROW(apply_results) ROW(op_with_pullback) ROW(registry_new) ROW(registry_free) ROW(registry_add) \
    ROW(registry_find) ROW(builtin_op) ROW(builtin_op_named) ROW(shape_first) \
    ROW(shape_broadcast) ROW(type_first) ROW(view_pullback) ROW(view_jvp) \
    ROW(key_new) ROW(key_split) ROW(uniform) ROW(normal)
/* clang-format on */

#define ROW_OF(name) {#name, run_##name},
const call_row object_rows[] = {OBJECT_ROWS(ROW_OF)};
const size_t object_row_count = sizeof object_rows / sizeof *object_rows;
