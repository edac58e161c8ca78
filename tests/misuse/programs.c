/* Misuse of programs. */
#include "refused.h"

#include <math.h>
#include <string.h>

/* x[0] x[1] and x[0] / x[1], as long as x[0] < 10. */
static void formula(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)env;
    if (m > 0 && ad_less(x[0], 10))
        y[0] = ad_mul(x[0], x[1]);
    if (m > 1)
        y[1] = ad_div(x[0], x[1]);
}

static const double at[] = {2, 3};

static ad_program *program(size_t outputs)
{
    ad_program *p = ad_program_of(formula, 2, at, outputs, NULL, NULL, NULL);
    ck_assert_ptr_nonnull(p);
    return p;
}

/* ---- making -------------------------------------------------------------------------------- */

static const ad_program_options no_size = {0},
                                unknown = {.size = sizeof unknown, .allow = 1u << 20};

static void run_program_new(void)
{
    ad_error e = {AD_OK, ""};
    const ad_recorder_options options = {.size = sizeof options, .keep = AD_KEEP_OPERATIONS};
    ad_recorder *r = ad_recorder_new(&options), *other = ad_recorder_new(&options),
                *plain = ad_recorder_new(NULL);
    ad_real old = ad_real_input(r, 1), lost = ad_real_input(NULL, 1);
    ad_recorder_reset(r);
    ad_real x = ad_real_input(r, 1), foreign = ad_real_input(other, 1);
    refused(ad_program_new(NULL, 0, NULL, NULL, &e), &e);
    refused(ad_program_new(r, 1, NULL, NULL, &e), &e);
    refused(ad_program_new(r, 1, &x, &no_size, &e), &e);
    refused(ad_program_new(r, 1, &x, &unknown, &e), &e);
    refused(ad_program_new(plain, 0, NULL, NULL, &e), &e);
    refused_for(ad_program_new(r, 1, &old, NULL, &e), &e, AD_STALE);
    ad_recorder_reset(r);
    x = ad_real_input(r, 1);
    refused_for(ad_program_new(r, 1, &foreign, NULL, &e), &e, AD_FOREIGN);
    ad_recorder_reset(r);
    refused(ad_program_new(r, 1, &lost, NULL, &e), &e);
    refused(ad_program_new(r, 0, NULL, NULL, &e), &e); /* it has failed already */
    ck_assert_ptr_null(ad_program_new(r, 1, &lost, NULL, NULL));
    ad_recorder_free(plain);
    ad_recorder_free(other);
    ad_recorder_free(r);
}
static void run_program_of(void)
{
    ad_error e = {AD_OK, ""};
    refused(ad_program_of(NULL, 2, at, 1, NULL, NULL, &e), &e);
    refused(ad_program_of(formula, 2, NULL, 1, NULL, NULL, &e), &e);
    refused(ad_program_of(formula, 2, at, 1, NULL, &no_size, &e), &e);
    refused(ad_program_of(formula, 2, at, 1, NULL, &unknown, &e), &e);
    refused_for(ad_program_of(formula, 2, at, SIZE_MAX / 8, NULL, NULL, &e), &e, AD_MEMORY);
    refused_for(ad_program_of(formula, SIZE_MAX, at, 1, NULL, NULL, &e), &e, AD_MEMORY);
    ck_assert_ptr_null(ad_program_of(NULL, 0, NULL, 0, NULL, NULL, NULL));
}
static ad_tensor square(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_square(x[0]);
}
static ad_tensor nothing(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)x, (void)env;
    return (ad_tensor){0};
}
static void run_program_of_tensors(void)
{
    ad_error e = {AD_OK, ""};
    const ad_view good = AD_VECTOR(at), wrong = {.data = at, .type = (ad_type)-1};
    refused(ad_program_of_tensors(NULL, 1, &good, NULL, NULL, &e), &e);
    refused(ad_program_of_tensors(square, 1, NULL, NULL, NULL, &e), &e);
    refused(ad_program_of_tensors(square, 0, &good, NULL, NULL, &e), &e);
    refused(ad_program_of_tensors(square, -1, &good, NULL, NULL, &e), &e);
    refused(ad_program_of_tensors(square, 1, &good, NULL, &no_size, &e), &e);
    refused(ad_program_of_tensors(square, 1, &good, NULL, &unknown, &e), &e);
    refused_for(ad_program_of_tensors(nothing, 1, &good, NULL, NULL, &e), &e, AD_FOREIGN);
    refused_for(ad_program_of_tensors(square, 1, &wrong, NULL, NULL, &e), &e, AD_BAD_TYPE);
}
static void run_program_free(void)
{
    ad_program_free(NULL);
    ad_program_free(program(2));
}

/* NULL for a program is an error, unless one is there: then that stays. */
#define REFUSE_NULL(call)                          \
    do {                                           \
        ad_error own = {AD_OK, ""}, *error = &own; \
        refused(call, error);                      \
        ad_fail(error, AD_DOMAIN, "before");       \
        ck_assert_ptr_null(call);                  \
        ck_assert_str_eq(own.text, "before");      \
        error = NULL;                              \
        ck_assert_ptr_null(call);                  \
    } while (0)

static void run_program_choose(void)
{
    ad_error e = {AD_OK, ""};
    ad_program *p = program(2);
    REFUSE_NULL(ad_program_choose(NULL, 0, NULL, error));
    refused(ad_program_choose(p, 1, NULL, &e), &e);
    refused(ad_program_choose(p, 2, (size_t[]){0, 2}, &e), &e);
    refused(ad_program_choose(p, 1, (size_t[]){SIZE_MAX}, &e), &e);
    ad_program_free(p);
}
static void run_program_inputs(void)
{
    ck_assert_uint_eq(ad_program_inputs(NULL), 0);
}
static void run_program_outputs(void)
{
    ck_assert_uint_eq(ad_program_outputs(NULL), 0);
}
static void run_program_measure(void)
{
    ad_program *p = program(1);
    ad_program_info info = {.size = sizeof info, .guards = 7}, size_missing = {.guards = 7},
                    absurd = {.size = SIZE_MAX, .guards = 7};
    ck_assert_int_eq(ad_program_measure(p, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_program_measure(p, &size_missing), AD_MISUSE);
    ck_assert_int_eq(ad_program_measure(p, &absurd), AD_MISUSE);
    ck_assert(size_missing.guards == 7 && absurd.guards == 7);
    ck_assert_int_eq(ad_program_measure(NULL, &info), AD_OK);
    ck_assert_uint_eq(info.guards, 0);
    ad_program_free(p);
}

/* ---- running ------------------------------------------------------------------------------- */

static void run_program_work(void)
{
    ck_assert_uint_eq(ad_program_work(NULL), 0);
}
static void run_program_run(void)
{
    ad_error e = {AD_OK, ""};
    double y[2] = {42, 42};
    ad_program *p = program(2);
    ck_assert_int_eq(ad_program_run(NULL, at, y, NULL, &e), AD_MISUSE);
    ck_assert_str_ne(e.text, "");
    ck_assert_int_eq(ad_program_run(p, NULL, y, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_program_run(p, at, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_program_run(p, (double[]){11, 1}, y, NULL, NULL), AD_BRANCH);
    ck_assert_int_eq(ad_program_run(p, (double[]){NAN, 1}, y, NULL, NULL), AD_BRANCH);
    ck_assert(y[0] == 42 && y[1] == 42);
    ad_program_free(p);
}
static void run_program_map(void)
{
    double y[2] = {42, 42};
    ad_program *p = program(2);
    const ad_map_input x[] = {{at, 0}, {at + 1, 0}}, nowhere[] = {{at, 0}, {NULL, 0}};
    const ad_map_output out[] = {{y, 1}, {NULL, 0}};
    const ad_map_options size_missing = {0};
    ck_assert_int_eq(ad_program_map(NULL, 1, x, out, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_program_map(p, 1, NULL, out, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_program_map(p, 1, x, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_program_map(p, 1, nowhere, out, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_program_map(p, 1, x, out, &size_missing, NULL), AD_MISUSE);
    ck_assert(y[0] == 42 && y[1] == 42);
    ck_assert_int_eq(ad_program_map(p, 0, x, out, NULL, NULL), AD_OK);
    ck_assert(y[0] == 42 && y[1] == 42);
    ad_program_free(p);
}
static void run_program_map_work(void)
{
    double y[2];
    ad_program *p = program(2);
    const ad_map_input x[] = {{at, 0}, {at + 1, 0}};
    const ad_map_output out[] = {{y, 1}, {NULL, 0}};
    const ad_map_options size_missing = {0};
    ck_assert_uint_eq(ad_program_map_work(NULL, 1, x, out, NULL), 0);
    ck_assert_uint_eq(ad_program_map_work(p, 1, NULL, out, NULL), 0);
    ck_assert_uint_eq(ad_program_map_work(p, 1, x, NULL, NULL), 0);
    ck_assert_uint_eq(ad_program_map_work(p, 1, x, out, &size_missing), 0);
    ad_program_free(p);
}

/* ---- derivatives --------------------------------------------------------------------------- */

typedef ad_program *derive(const ad_program *p, size_t count, const size_t *by, ad_error *error);

/* Inputs that are not there, and NULL for some of them. */
static void refuse_inputs(derive *f, size_t outputs)
{
    ad_error e = {AD_OK, ""};
    ad_program *p = program(outputs);
    REFUSE_NULL(f(NULL, 0, NULL, error));
    refused(f(p, 1, NULL, &e), &e);
    refused(f(p, 3, NULL, &e), &e);
    refused(f(p, 2, (size_t[]){0, 2}, &e), &e);
    refused(f(p, 1, (size_t[]){SIZE_MAX}, &e), &e);
    ad_program_free(p);
}
static void refuse_two_outputs(derive *f)
{
    ad_error e = {AD_OK, ""};
    ad_program *p = program(2), *none = program(0);
    refused(f(p, 2, NULL, &e), &e);
    refused(f(none, 2, NULL, &e), &e);
    ad_program_free(none);
    ad_program_free(p);
}
static void run_program_gradient(void)
{
    refuse_inputs(ad_program_gradient, 1);
    refuse_two_outputs(ad_program_gradient);
}
static void run_program_jacobian(void)
{
    refuse_inputs(ad_program_jacobian, 2);
}
static void run_program_vjp(void)
{
    refuse_inputs(ad_program_vjp, 2);
}
static ad_program *jvp_in_two(const ad_program *p, size_t count, const size_t *by, ad_error *error)
{
    return ad_program_jvp(p, count, by, 2, error);
}
static void run_program_jvp(void)
{
    ad_error e = {AD_OK, ""};
    ad_program *p = program(2);
    refuse_inputs(jvp_in_two, 2);
    ck_assert_ptr_null(ad_program_jvp(p, 2, NULL, SIZE_MAX / 2, &e));
    ck_assert(e.status == AD_TOO_LARGE || e.status == AD_MEMORY);
    ad_program_free(p);
}
static void run_program_hessian(void)
{
    refuse_inputs(ad_program_hessian, 1);
    refuse_two_outputs(ad_program_hessian);
}

/* ---- sets of programs ---------------------------------------------------------------------- */

static ad_program_cache *cache(void)
{
    ad_program_cache *c = ad_program_cache_new(formula, 2, 1, NULL, NULL, NULL);
    ck_assert_ptr_nonnull(c);
    return c;
}

static void run_program_cache_new(void)
{
    ad_error e = {AD_OK, ""};
    const size_t beyond = 2;
    const ad_program_cache_options none = {0}, bits = {.size = sizeof bits, .allow = 1u << 20},
                                   kind = {.size = sizeof kind, .derive = (ad_program_derivative)9},
                                   two = {.size = sizeof two, .derive = AD_DERIVE_GRADIENT},
                                   some = {.size = sizeof some, .count = 1},
                                   by = {.size = sizeof by, .count = 1, .by = &beyond};
    refused(ad_program_cache_new(NULL, 2, 1, NULL, NULL, &e), &e);
    refused(ad_program_cache_new(formula, 2, 1, NULL, &none, &e), &e);
    refused(ad_program_cache_new(formula, 2, 1, NULL, &bits, &e), &e);
    refused(ad_program_cache_new(formula, 2, 1, NULL, &kind, &e), &e);
    refused(ad_program_cache_new(formula, 2, 2, NULL, &two, &e), &e);
    refused(ad_program_cache_new(formula, 2, 2, NULL, &some, &e), &e);
    refused(ad_program_cache_new(formula, 2, 2, NULL, &by, &e), &e);
    ck_assert_ptr_null(ad_program_cache_new(NULL, 2, 1, NULL, NULL, NULL));
}
static void run_program_cache_free(void)
{
    ad_program_cache_free(NULL);
}
static void run_program_cache_outputs(void)
{
    ck_assert_uint_eq(ad_program_cache_outputs(NULL), 0);
}
static void run_program_cache_last(void)
{
    ad_program_cache *c = cache();
    ck_assert_ptr_null(ad_program_cache_last(NULL));
    ck_assert_ptr_null(ad_program_cache_last(c));
    ad_program_cache_free(c);
}
static void run_program_cache_run(void)
{
    double y = 42;
    ad_program_cache *c = cache();
    ck_assert_int_eq(ad_program_cache_run(NULL, at, &y, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_program_cache_run(c, NULL, &y, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_program_cache_run(c, at, NULL, NULL), AD_MISUSE);
    ck_assert_double_eq(y, 42);
    ad_program_cache_free(c);
}
static void run_program_cache_map(void)
{
    double y = 42;
    ad_program_cache *c = cache();
    ck_assert_int_eq(ad_program_cache_map(NULL, 1, at, &y, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_program_cache_map(c, 1, NULL, &y, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_program_cache_map(c, 1, at, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_program_cache_map(c, SIZE_MAX / 4, at, &y, NULL, NULL), AD_MEMORY);
    ck_assert_double_eq(y, 42);
    ad_program_cache_free(c);
}
static void run_program_cache_measure(void)
{
    ad_program_cache_info none = {.size = 0}, info = {.size = sizeof info, .hits = 3};
    ad_program_cache *c = cache();
    ck_assert_int_eq(ad_program_cache_measure(c, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_program_cache_measure(c, &none), AD_MISUSE);
    ck_assert_int_eq(ad_program_cache_measure(NULL, &info), AD_OK);
    ck_assert_uint_eq(info.hits, 0);
    ad_program_cache_free(c);
}

/* ---- operations of tensors ----------------------------------------------------------------- */

static void run_program_rules_new(void)
{
    ad_error e = {AD_OK, ""};
    refused(ad_program_rules_new(NULL, &e), &e);
    ck_assert_ptr_null(ad_program_rules_new(NULL, NULL));
}
static void run_program_rules_free(void)
{
    ad_program_rules_free(NULL);
}

static ad_program_rules *rules(size_t outputs)
{
    ad_program *p = program(outputs);
    ad_program_rules *f = ad_program_rules_new(p, NULL);
    ck_assert_ptr_nonnull(f);
    ad_program_free(p);
    return f;
}

/* The tape has failed so, and y is dead; then it is as new. */
static void failed(ad_tape *t, ad_tensor y, ad_status status)
{
    ck_assert_msg(ad_tape_status(t) == status, "%s", ad_tape_error(t));
    ck_assert_ptr_null(ad_read(y).data);
    ad_tape_reset(t);
}

static const double three[] = {1, 2, 3};

typedef void by_program(const ad_program_rules *f, int n, const ad_tensor *x, ad_tensor *y);

static ad_tensor made_by(by_program *f, const ad_program_rules *r, int n, const ad_tensor *x)
{
    ad_tensor y[2] = {{0}, {0}};
    f(r, n, x, y);
    return y[0];
}
static void elements(const ad_program_rules *f, int n, const ad_tensor *x, ad_tensor *y)
{
    ad_by_program_elements(f, n, x, y);
}
static void rows(const ad_program_rules *f, int n, const ad_tensor *x, ad_tensor *y)
{
    *y = ad_by_program_rows(f, n, x);
}
static void at_once(const ad_program_rules *f, int n, const ad_tensor *x, ad_tensor *y)
{
    *y = ad_by_program(f, n, x, AD_SHAPE(2));
}

/* What is refused by all three. */
static void refuse_operands(by_program *f)
{
    ad_tape *t = ad_tape_new(NULL), *other = ad_tape_new(NULL);
    ad_program_rules *r = rules(2);
    ad_tensor x[] = {ad_constant(t, AD_F64, 1), ad_constant(t, AD_F64, 2)};
    failed(t, made_by(f, NULL, 2, x), AD_MISUSE);
    ad_tensor stale[] = {x[0], ad_constant(t, AD_F64, 2)};
    failed(t, made_by(f, r, 2, stale), AD_STALE);
    ad_tensor one[] = {ad_constant(t, AD_F64, 1), ad_constant(other, AD_F64, 1)};
    failed(t, made_by(f, r, 2, one), AD_FOREIGN);
    ad_tensor whole[] = {ad_constant(t, AD_I32, 1), ad_constant(t, AD_I32, 1)};
    failed(t, made_by(f, r, 2, whole), AD_BAD_TYPE);
    ck_assert_ptr_null(made_by(f, r, 2, (ad_tensor[2]){{0}, {0}}).tape);
    ad_program_rules_free(r);
    ad_tape_free(other);
    ad_tape_free(t);
}
static void run_by_program_elements(void)
{
    ad_tape *t = ad_tape_new(NULL);
    ad_program_rules *r = rules(2);
    refuse_operands(elements);
    ad_tensor x[] = {ad_freeze(t, AD_VECTOR(three)), ad_freeze(t, AD_VECTOR(at))}, y[2];
    ad_by_program_elements(r, 2, x, NULL);
    failed(t, ad_square(x[0]), AD_MISUSE);
    x[0] = x[1] = ad_freeze(t, AD_VECTOR(three));
    failed(t, made_by(elements, r, 1, x), AD_MISUSE);
    ck_assert_ptr_null(made_by(elements, r, -1, x).tape);
    ad_tensor unequal[] = {ad_freeze(t, AD_VECTOR(three)), ad_freeze(t, AD_VECTOR(at))};
    failed(t, made_by(elements, r, 2, unequal), AD_BAD_SHAPE);
    ad_by_program_elements(r, 2, NULL, y);
    ck_assert_int_eq(ad_tape_status(t), AD_OK); /* there is no tape that could fail */
    ad_program_rules_free(r);
    ad_tape_free(t);
}
static void run_by_program_rows(void)
{
    ad_tape *t = ad_tape_new(NULL);
    ad_program_rules *r = rules(2);
    refuse_operands(rows);
    ad_tensor x = ad_freeze(t, AD_VECTOR(three));
    failed(t, ad_by_program_rows(r, 1, &x), AD_BAD_SHAPE);
    x = ad_constant(t, AD_F64, 1);
    failed(t, ad_by_program_rows(r, 1, &x), AD_BAD_SHAPE);
    ck_assert_ptr_null(ad_by_program_rows(r, 1, NULL).tape);
    ad_program_rules_free(r);
    ad_tape_free(t);
}
static void run_by_program(void)
{
    ad_tape *t = ad_tape_new(NULL);
    ad_program_rules *r = rules(2);
    refuse_operands(at_once);
    ad_tensor x = ad_freeze(t, AD_VECTOR(three));
    failed(t, ad_by_program(r, 1, &x, AD_SHAPE(2)), AD_BAD_SHAPE);
    x = ad_freeze(t, AD_VECTOR(at));
    failed(t, ad_by_program(r, 1, &x, AD_SHAPE(3)), AD_BAD_SHAPE);
    x = ad_freeze(t, AD_VECTOR(at));
    failed(t, ad_by_program(r, 1, &x, AD_SHAPE(-2)), AD_BAD_SHAPE);
    ck_assert_ptr_null(ad_by_program(r, 1, NULL, AD_SHAPE(2)).tape);
    ad_program_rules_free(r);
    ad_tape_free(t);
}

/* ---- showing and writing ------------------------------------------------------------------- */

static void run_program_print(void)
{
    ad_program *p = program(1);
    ck_assert_int_eq(ad_program_print(NULL, stdout), AD_MISUSE);
    ck_assert_int_eq(ad_program_print(p, NULL), AD_MISUSE);
    ad_program_free(p);
}
static void run_program_draw(void)
{
    ad_program *p = program(1);
    ck_assert_int_eq(ad_program_draw(NULL, stdout), AD_MISUSE);
    ck_assert_int_eq(ad_program_draw(p, NULL), AD_MISUSE);
    ad_program_free(p);
}
static void run_program_count(void)
{
    ad_program *p = program(1);
    ck_assert_uint_eq(ad_program_count(NULL, "mul"), 0);
    ck_assert_uint_eq(ad_program_count(NULL, NULL), 0);
    ck_assert_uint_eq(ad_program_count(p, "no such operation"), 0);
    ck_assert_uint_eq(ad_program_count(p, ""), 0);
    ad_program_free(p);
}
static void run_program_operation(void)
{
    ck_assert_ptr_null(ad_program_operation(1000));
    ck_assert_ptr_null(ad_program_operation(SIZE_MAX));
    ck_assert_ptr_null(ad_program_operation(UINT32_MAX + (size_t)1));
}
static void run_program_cost(void)
{
    ck_assert(ad_program_cost(NULL) == 0);
}
static bool write_nothing(void *env, ad_program_text of, const char *text, size_t length)
{
    (void)env, (void)of, (void)text, (void)length;
    return false;
}
static void run_program_write_c(void)
{
    ad_program *p = program(1);
    ad_program_c_options size_missing = {0};
    static const char *const names[] = {
        NULL,  "",     "1st",      "a-b",
        "a b", "if\n", "\xc3\xa9", "a234567890123456789012345678901234567890123456789"};
    ck_assert_int_eq(ad_program_write_c(NULL, "f", NULL, write_nothing, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_program_write_c(p, "f", NULL, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_program_write_c(p, "f", &size_missing, write_nothing, NULL, NULL),
                     AD_MISUSE);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        ck_assert_int_eq(ad_program_write_c(p, names[i], NULL, write_nothing, NULL, NULL),
                         AD_MISUSE);
    ck_assert_int_eq(ad_program_write_c(p, "f", NULL, write_nothing, NULL, NULL), AD_CANCELLED);
    ad_program_free(p);
}

/* ---- files --------------------------------------------------------------------------------- */

static void run_program_save(void)
{
    ad_program *p = program(1);
    ck_assert_int_eq(ad_program_save(NULL, "x", NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_program_save(p, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_program_save(p, "/dev/null", &(ad_write_options){0}, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_program_save(p, "/no/such/folder/x", NULL, NULL), AD_FILE);
    ad_program_free(p);
}
static void run_program_load(void)
{
    ad_error e = {AD_OK, ""};
    refused(ad_program_load(NULL, NULL, &e), &e);
    refused_for(ad_program_load("/dev/null", NULL, &e), &e, AD_FILE);
    refused_for(ad_program_load("/", NULL, &e), &e, AD_FILE);
    ck_assert_ptr_null(ad_program_load("/no/such/file", NULL, NULL));
}
static void run_program_parse(void)
{
    ad_error e = {AD_OK, ""};
    refused(ad_program_parse(NULL, 4, "x", NULL, &e), &e);
    refused(ad_program_parse(at, 4, NULL, NULL, &e), &e);
    refused_for(ad_program_parse(at, 0, "x", NULL, &e), &e, AD_FORMAT);
    ck_assert_ptr_null(ad_program_parse(at, sizeof at, "x", NULL, NULL));
}

static void run_program_save_c(void)
{
    ad_program *p = program(1);
    const ad_program_c_options size_missing = {0};
    const ad_write_options no_write_size = {0};
    ck_assert_int_eq(ad_program_save_c(NULL, "/no", "f", NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_program_save_c(p, NULL, "f", NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_program_save_c(p, "/no", NULL, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_program_save_c(p, "/no", "a/b", NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_program_save_c(p, "/no", "f", &size_missing, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_program_save_c(p, "/no", "f", NULL, &no_write_size, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_program_save_c(p, "/no/such/folder", "f", NULL, NULL, NULL), AD_FILE);
    ad_program_free(p);
}

/* clang-format off */
#define PROGRAM_ROWS(ROW) \
    ROW(program_new) ROW(program_of) ROW(program_of_tensors) ROW(program_free) ROW(program_choose) \
    ROW(program_inputs) ROW(program_outputs) ROW(program_measure) ROW(program_work) ROW(program_run) \
    ROW(program_map) ROW(program_map_work) ROW(program_gradient) ROW(program_jacobian) ROW(program_vjp) \
    ROW(program_jvp) ROW(program_hessian) ROW(program_rules_new) ROW(program_rules_free) \
    ROW(program_cache_new) ROW(program_cache_free) ROW(program_cache_outputs) ROW(program_cache_last) \
    ROW(program_cache_run) ROW(program_cache_map) ROW(program_cache_measure) \
    ROW(by_program_elements) ROW(by_program_rows) ROW(by_program) ROW(program_print) ROW(program_draw) \
    ROW(program_count) ROW(program_operation) ROW(program_cost) ROW(program_write_c) ROW(program_save) \
    ROW(program_load) ROW(program_parse) ROW(program_save_c)
/* clang-format on */

#define ROW_OF(name) {#name, run_##name},
const call_row program_rows[] = {PROGRAM_ROWS(ROW_OF)};
const size_t program_row_count = sizeof program_rows / sizeof *program_rows;
