/* Programs as operations of tensors: all rules against the same functions by ad_by_numbers, and what they compose
 * with. */
#include "programs.h"

#include "program/node.h"

#include <pthread.h>

/* ---- functions ---------------------------------------------------------------------- */

static void wave(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m, (void)env;
    y[0] = ad_mul(ad_sin(ad_mul(x[0], 2)), ad_exp(ad_mul(x[0], -0.5)));
}

static void bell(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m, (void)env;
    y[0] = ad_mul(x[0], ad_exp(ad_neg(ad_mul(x[1], x[1]))));
}

/* Three inputs, three outputs: one by a choice, one of a single input, one a constant. */
static void mixed(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m, (void)env;
    ad_real product = ad_mul(ad_tanh(x[0]), x[1]);
    y[0] = ad_where_less_real(x[2], x[0], ad_mul(product, x[2]), ad_sub(product, ad_cos(x[2])));
    y[1] = ad_log(ad_add(ad_mul(x[1], x[1]), 1));
    y[2] = ad_real_constant(3);
}

enum { INPUTS = 5 };

/* Of all inputs, one of which counts twice. */
static void norms(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)env;
    for (size_t j = 0; j < m; j++)
        y[j] = ad_mul(ad_sqrt(ad_add(ad_squared_norm_reals(n, x), (double)(j + 1))), x[j]);
}

typedef struct function {
    ad_real_function *f;
    size_t inputs, outputs;
} function;

static const function waves = {wave, 1, 1}, bells = {bell, 2, 1}, mixtures = {mixed, 3, 3},
                      lengths = {norms, INPUTS, 2};

static const double somewhere[INPUTS] = {0.5, 0.25, -0.75, 1, 2};

static ad_program_rules *rules_of(const function *f)
{
    ad_error error = {AD_OK, ""};
    ad_program *p = program_of(f->f, f->inputs, somewhere, f->outputs, NULL);
    ad_program_rules *rules = ad_program_rules_new(p, &error);
    ck_assert_str_eq(error.text, "");
    ad_program_free(p);
    return rules;
}

/* ---- cases -------------------------------------------------------------------------- */

#define S(...) AD_SHAPE(__VA_ARGS__)
enum { OPERANDS = 3 };

typedef struct row {
    const char *name;
    const function *f;
    ad_rules_manner manner;
    int n;
    ad_shape x[OPERANDS], points;
} row;

static const row rows[] = {
    {"one number", &waves, AD_RULES_ELEMENTS, 1, {{0}}, {0}},
    {"a vector", &waves, AD_RULES_ELEMENTS, 1, {{1, {7}}}, {1, {7}}},
    {"nothing", &waves, AD_RULES_ELEMENTS, 1, {{2, {3, 0}}}, {2, {3, 0}}},
    {"pieces", &waves, AD_RULES_ELEMENTS, 1, {{2, {3, 3001}}}, {2, {3, 3001}}},
    {"equal shapes", &bells, AD_RULES_ELEMENTS, 2, {{2, {4, 5}}, {2, {4, 5}}}, {2, {4, 5}}},
    {"a number for all", &bells, AD_RULES_ELEMENTS, 2, {{0}, {2, {4, 5}}}, {2, {4, 5}}},
    {"a number for many", &bells, AD_RULES_ELEMENTS, 2, {{0}, {2, {3, 3001}}}, {2, {3, 3001}}},
    {"a row for all", &bells, AD_RULES_ELEMENTS, 2, {{2, {4, 5}}, {1, {5}}}, {2, {4, 5}}},
    {"a column for all", &bells, AD_RULES_ELEMENTS, 2, {{2, {4, 1}}, {2, {4, 5}}}, {2, {4, 5}}},
    {"outer", &bells, AD_RULES_ELEMENTS, 2, {{2, {4, 1}}, {1, {5}}}, {2, {4, 5}}},
    {"outer in pieces", &bells, AD_RULES_ELEMENTS, 2, {{2, {70, 1}}, {1, {130}}}, {2, {70, 130}}},
    {"none for a row", &bells, AD_RULES_ELEMENTS, 2, {{2, {0, 1}}, {1, {5}}}, {2, {0, 5}}},
    {"none for a number", &bells, AD_RULES_ELEMENTS, 2, {{1, {0}}, {0}}, {1, {0}}},
    {"three results",
     &mixtures,
     AD_RULES_ELEMENTS,
     3,
     {{2, {4, 3}}, {3, {2, 1, 3}}, {0}},
     {3, {2, 4, 3}}},
    {"rows of one operand", &lengths, AD_RULES_ROWS, 1, {{3, {2, 3, INPUTS}}}, {2, {2, 3}}},
    {"rows of three operands",
     &lengths,
     AD_RULES_ROWS,
     3,
     {{2, {6, 2}}, {1, {2}}, {2, {1, 1}}},
     {1, {6}}},
    {"rows that are repeated",
     &lengths,
     AD_RULES_ROWS,
     3,
     {{3, {3, 1, 2}}, {2, {4, 2}}, {1, {1}}},
     {2, {3, 4}}},
    {"many rows", &lengths, AD_RULES_ROWS, 2, {{2, {2500, 2}}, {2, {2500, 3}}}, {1, {2500}}},
    {"a single row", &lengths, AD_RULES_ROWS, 1, {{1, {INPUTS}}}, {0}},
    {"all at once", &lengths, AD_RULES_ALL, 2, {{2, {2, 2}}, {0}}, {0}},
};
enum { ROWS = sizeof rows / sizeof *rows };

static const char *name_of(int r)
{
    return rows[r].name;
}

/* ---- a case, twice ------------------------------------------------------------------ */

typedef struct setting {
    const row *row;
    const ad_program_rules *rules; /* NULL: by numbers */
    bool check;
} setting;

static size_t count_of(const ad_shape *shape)
{
    size_t count = 0;
    ck_assert_int_eq(ad_shape_count(shape, &count), AD_OK);
    return count;
}

/* The axes of an operand that count points, and the numbers of a point. */
static ad_shape leading(const row *r, int operand, size_t *width)
{
    ad_shape s = r->x[operand];
    *width = r->manner == AD_RULES_ALL ? count_of(&s) : 1;
    if (r->manner == AD_RULES_ALL)
        s.rank = 0;
    if (r->manner == AD_RULES_ROWS)
        *width = (size_t)s.dim[--s.rank];
    return s;
}

/* Where the numbers of a point begin in an operand. */
static size_t place_of(const ad_shape *points, const ad_shape *s, size_t point)
{
    size_t place = 0, step = 1;
    for (int i = 1; i <= points->rank; i++) {
        size_t dim = (size_t)points->dim[points->rank - i], at = point % dim;
        point /= dim;
        if (i > s->rank)
            continue;
        place += s->dim[s->rank - i] == 1 ? 0 : at * step;
        step *= (size_t)s->dim[s->rank - i];
    }
    return place;
}

/* The function at all points, one after another. */
static void point_by_point(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    const row *r = env;
    (void)n;
    for (size_t point = 0; point * r->f->outputs < m; point++) {
        ad_real inputs[INPUTS], *to = inputs;
        size_t width, first = 0;
        for (int i = 0; i < r->n; i++) {
            ad_shape lead = leading(r, i, &width);
            size_t from = first + place_of(&r->points, &lead, point) * width;
            for (size_t k = 0; k < width; k++)
                *to++ = x[from + k];
            first += count_of(&r->x[i]);
        }
        r->f->f(r->f->inputs, inputs, r->f->outputs, y + point * r->f->outputs, NULL);
    }
}

static ad_shape result_shape(const row *r)
{
    ad_shape s = r->points;
    s.dim[s.rank++] = (int64_t)r->f->outputs;
    return s;
}

static ad_tensor by_program(const setting *s, const ad_tensor *x)
{
    ad_tensor y[3];
    switch (s->row->manner) {
    case AD_RULES_ELEMENTS:
        ad_by_program_elements(s->rules, s->row->n, x, y);
        return ad_stack((int)s->row->f->outputs, y, -1);
    case AD_RULES_ROWS:
        return ad_by_program_rows(s->rules, s->row->n, x);
    default:
        return ad_by_program(s->rules, s->row->n, x, result_shape(s->row));
    }
}

static ad_tensor results(ad_tape *t, const ad_tensor *x, const void *env)
{
    const setting *s = env;
    (void)t;
    return s->rules ? by_program(s, x)
                    : ad_by_numbers(point_by_point, s->row->n, x, result_shape(s->row), s->row);
}

static ad_tensor loss(ad_tape *t, const ad_tensor *x, const void *env)
{
    ad_tensor y = results(t, x, env);
    return ad_sum(ad_mul(ad_add(y, ad_square(y)), 0.01));
}

enum { MOST = 1 << 14 };

static double numbers[MOST], tangents[MOST];
static float short_numbers[MOST], short_tangents[MOST];

/* The operands of a case, and tangents, none for the last of several operands. */
static size_t draw_operands(const row *r, ad_type type, ad_view *x, ad_view *tx)
{
    ad_random random = ad_random_new(11, 0);
    size_t first = 0;
    for (int i = 0; i < r->n; i++) {
        size_t count = count_of(&r->x[i]);
        ck_assert_uint_le(first + count, MOST);
        for (size_t k = first; k < first + count; k++) {
            numbers[k] = short_numbers[k] = (float)(2 * ad_random_uniform(&random) - 1);
            tangents[k] = short_tangents[k] = (float)(2 * ad_random_uniform(&random) - 1);
        }
        x[i] = type == AD_F64 ? ad_view_of(type, numbers + first, r->x[i])
                              : ad_view_of(type, short_numbers + first, r->x[i]);
        tx[i] = type == AD_F64 ? ad_view_of(type, tangents + first, r->x[i])
                               : ad_view_of(type, short_tangents + first, r->x[i]);
        if (i > 0 && i == r->n - 1)
            tx[i].data = NULL;
        first += count;
    }
    return first;
}

typedef struct answers {
    double values[MOST * 2], tangents[MOST * 2], gradient[MOST], hvp[MOST];
} answers;

static void arrays(const row *r, ad_type type, void *data, ad_array *a)
{
    for (int i = 0; i < r->n; i++) {
        a[i] = (ad_array){.data = data, .type = type, .shape = r->x[i]};
        data = (char *)data + count_of(&r->x[i]) * ad_type_size(type);
    }
}

/* Numbers of f32 as such of f64, in place. */
static void widen(size_t n, ad_type type, void *data)
{
    for (size_t i = n; type == AD_F32 && i-- > 0;)
        ((double *)data)[i] = (double)((float *)data)[i];
}

static void ask(const setting *s, ad_type type, answers *a)
{
    ad_view x[OPERANDS], tx[OPERANDS];
    ad_array gradient[OPERANDS], product[OPERANDS];
    ad_shape shape = result_shape(s->row);
    ad_array y = {.data = a->values, .type = type, .shape = shape},
             ty = {.data = a->tangents, .type = type, .shape = shape};
    ad_tape *t = ad_tape_new(&(ad_tape_options){.size = sizeof(ad_tape_options),
                                                .checks = s->check ? AD_CHECK_BOUNDS : 0});
    size_t count = draw_operands(s->row, type, x, tx), all = count_of(&shape);
    arrays(s->row, type, a->gradient, gradient);
    arrays(s->row, type, a->hvp, product);
    ck_assert_int_eq(ad_jvp(t, results, s->row->n, x, tx, s, &y, &ty), AD_OK);
    ck_assert_int_eq(ad_gradient(t, loss, s->row->n, x, s, gradient), AD_OK);
    ck_assert_int_eq(ad_hvp(t, loss, s->row->n, x, tx, s, product), AD_OK);
    widen(all, type, a->values);
    widen(all, type, a->tangents);
    widen(count, type, a->gradient);
    widen(count, type, a->hvp);
    ad_tape_free(t);
}

static void expect_all(size_t n, const double *got, const double *expected, double part,
                       const char *what)
{
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(near(got[i], expected[i], part), "%s, number %zu: %.17g is not %.17g", what,
                      i, got[i], expected[i]);
}

static void compare(const row *r, ad_type type, double part)
{
    static answers got, expected;
    ad_program_rules *rules = rules_of(r->f);
    ad_shape shape = result_shape(r);
    size_t count = 0;
    for (int i = 0; i < r->n; i++)
        count += count_of(&r->x[i]);
    ask(&(setting){r, NULL, false}, type, &expected);
    for (int check = 0; check < 2; check++) {
        ask(&(setting){r, rules, check}, type, &got);
        expect_all(count_of(&shape), got.values, expected.values, part, "values");
        expect_all(count_of(&shape), got.tangents, expected.tangents, part, "tangents");
        expect_all(count, got.gradient, expected.gradient, part, "gradient");
        expect_all(count, got.hvp, expected.hvp, part, "Hessian's product");
    }
    ad_program_rules_free(rules);
}

START_TEST(all_derivatives_are_those_of_the_function_of_numbers)
{
    compare(&rows[_i], AD_F64, 1e-12);
}
END_TEST

START_TEST(numbers_of_f32_are_computed_in_f64)
{
    compare(&rows[_i], AD_F32, 1e-5);
}
END_TEST

/* ---- each rule by itself ------------------------------------------------------------ */

/* The case's shapes, but small ones where they are large. */
static void small_shapes(void *user, ad_random *random, size_t trial, ad_check_operands *x)
{
    const row *r = user;
    (void)random, (void)trial;
    for (int i = 0; i < r->n; i++) {
        x->shape[i] = r->x[i];
        for (int k = 0; k < x->shape[i].rank; k++)
            if (x->shape[i].dim[k] > 2 * INPUTS)
                x->shape[i].dim[k] = 2 * INPUTS;
    }
}

START_TEST(each_rule_holds_by_itself)
{
    const row *r = &rows[_i];
    ad_error error = {AD_OK, ""};
    ad_program_rules *rules = rules_of(r->f);
    ad_rules_attr a = {
        .f = rules, .n = r->n, .manner = r->manner, .shape = AD_SHAPE((int64_t)r->f->outputs)};
    ad_op op = ad_rules_op;
    op.arity = r->n;
    op.results = r->manner == AD_RULES_ELEMENTS ? (int)r->f->outputs : 1;
    ad_check_options o = {.size = sizeof o,
                          .sampler = small_shapes,
                          .user = (void *)(uintptr_t)r,
                          .trials = 4,
                          .low = -1,
                          .high = 1};
    if (count_of(&r->points))
        ck_assert_msg(ad_check_op(&op, &a, &o, &error) == AD_OK, "%s", error.text);
    ad_program_rules_free(rules);
}
END_TEST

/* ---- threads ------------------------------------------------------------------------ */

static void gradients_with(const row *r, int threads, ad_type type, double *to)
{
    ad_view x[OPERANDS], tx[OPERANDS];
    ad_array gradient[OPERANDS];
    ad_pool *pool = ad_pool_new(NULL, threads);
    ad_program_rules *rules = rules_of(r->f);
    setting s = {r, rules, false};
    ad_tape *t = ad_tape_new(&(ad_tape_options){.size = sizeof(ad_tape_options), .pool = pool});
    draw_operands(r, type, x, tx);
    arrays(r, type, to, gradient);
    ck_assert_int_eq(ad_gradient(t, loss, r->n, x, &s, gradient), AD_OK);
    ad_tape_free(t);
    ad_program_rules_free(rules);
    ad_pool_free(pool);
}

START_TEST(bits_do_not_depend_on_threads)
{
    static double one[MOST], four[MOST];
    for (int type = AD_F32; type <= AD_F64; type++) {
        gradients_with(&rows[_i], 1, (ad_type)type, one);
        gradients_with(&rows[_i], 4, (ad_type)type, four);
        ck_assert_mem_eq(one, four, sizeof one);
    }
}
END_TEST

static void *sweep_alone(void *user)
{
    static const row shared = {"",      &mixtures, AD_RULES_ELEMENTS, 3, {{1, {3}}, {1, {3}}, {0}},
                               {1, {3}}};
    double x[] = {0.5, -0.25, 0.75}, gradient[7];
    ad_view v[] = {AD_VECTOR(x), AD_VECTOR(x), AD_VIEW_SCALAR(x)};
    ad_array to[OPERANDS];
    setting s = {&shared, user, false};
    ad_tape *t = ad_tape_new(NULL);
    arrays(&shared, AD_F64, gradient, to);
    ad_status status = ad_gradient(t, loss, 3, v, &s, to);
    if (status == AD_OK)
        status = ad_hvp(t, loss, 3, v, v, &s, to);
    ad_tape_free(t);
    return status == AD_OK && isfinite(gradient[6]) ? user : NULL;
}

START_TEST(threads_share_rules)
{
    for (int round = 0; round < 20; round++) {
        pthread_t thread[4];
        ad_program_rules *rules = rules_of(&mixtures);
        for (int i = 0; i < 4; i++)
            ck_assert_int_eq(pthread_create(&thread[i], NULL, sweep_alone, rules), 0);
        for (int i = 0; i < 4; i++) {
            void *result = NULL;
            ck_assert_int_eq(pthread_join(thread[i], &result), 0);
            ck_assert_ptr_eq(result, rules);
        }
        ad_program_rules_free(rules);
    }
}
END_TEST

/* ---- composition -------------------------------------------------------------------- */

static ad_tensor checkpointed(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t;
    return ad_checkpoint(loss, ((const setting *)env)->row->n, x, env);
}

START_TEST(checkpoints_have_the_same_gradient)
{
    const row *r = &rows[7];
    ad_view x[OPERANDS], tx[OPERANDS];
    double direct[25], again[25];
    ad_array gradient[OPERANDS];
    setting s = {r, rules_of(r->f), false};
    ad_tape *t = ad_tape_new(NULL);
    draw_operands(r, AD_F64, x, tx);
    arrays(r, AD_F64, direct, gradient);
    ck_assert_int_eq(ad_gradient(t, loss, r->n, x, &s, gradient), AD_OK);
    arrays(r, AD_F64, again, gradient);
    ck_assert_int_eq(ad_gradient(t, checkpointed, r->n, x, &s, gradient), AD_OK);
    ck_assert_mem_eq(direct, again, sizeof direct);
    ad_tape_free(t);
    ad_program_rules_free((ad_program_rules *)(uintptr_t)s.rules);
}
END_TEST

AD_MODEL(pair, scale, width);
AD_MODEL_CHECKS(pair);

/* The mean of scale exp(-(width points)^2), with one scale for all. */
static ad_tensor pair_loss(ad_tape *t, const pair_tensors *m, const void *env)
{
    static const double points[] = {0.5, 1, -1.5};
    ad_tensor y, x[] = {m->scale, ad_mul(m->width, ad_freeze(t, AD_VECTOR(points)))};
    ad_by_program_elements(env, 2, x, &y);
    return ad_mean(y);
}

START_TEST(models_have_gradients_through_it)
{
    double scale = 1.5, width[] = {0.5, 2, 1};
    pair m = {.scale = {.data = &scale, .type = AD_F64}, .width = AD_ARRAY(width, 3)};
    ad_error error = {AD_OK, ""};
    ad_program_rules *rules = rules_of(&bells);
    ck_assert_msg(pair_check_gradient(pair_loss, &m, rules, NULL, &error) == AD_OK, "%s",
                  error.text);
    ad_program_rules_free(rules);
}
END_TEST

static void note(void *user, const ad_event *event)
{
    char text[200], *to = user;
    ad_event_print(event, text, sizeof text);
    if (strcmp(event->op, "by_program") == 0)
        snprintf(to + strlen(to), 400 - strlen(to), "%s; ", text);
}

START_TEST(traces_and_digests_see_one_operation)
{
    double x[] = {0.5, -0.25, 0.75};
    uint64_t digest[2];
    ad_program_rules *rules = rules_of(&bells);
    for (int i = 0; i < 2; i++) {
        char text[400] = "";
        ad_tape *t = ad_tape_new(NULL);
        ad_tape_trace(t, note, text);
        ad_tensor y, both[] = {ad_watch(t, AD_VECTOR(x)), ad_watch(t, AD_VIEW_SCALAR(x))};
        ad_by_program_elements(rules, 2, both, &y);
        ck_assert_int_eq(ad_backward(ad_sum(y)), AD_OK);
        digest[i] = ad_tape_digest(t, 4);
        ck_assert_str_eq(text,
                         "by_program([3], []) -> [3]; pullback of by_program([3], []) -> [3]; ");
        ad_tape_free(t);
    }
    ck_assert(digest[0] == digest[1]);
    ad_program_rules_free(rules);
}
END_TEST

START_TEST(one_tensor_may_be_all_operands)
{
    double x[] = {0.5, -0.25, 0.75};
    ad_program_rules *rules = rules_of(&bells);
    ad_tape *t = ad_tape_new(NULL);
    ad_tensor a = ad_watch(t, AD_VECTOR(x)), y, both[] = {a, a};
    ad_by_program_elements(rules, 2, both, &y);
    ck_assert_int_eq(ad_backward(ad_sum(y)), AD_OK);
    ad_view g = ad_grad(a);
    for (size_t i = 0; i < 3; i++)
        expect_near(ad_view_get(&g, i), exp(-x[i] * x[i]) * (1 - 2 * x[i] * x[i]), 1e-15);
    ad_tape_free(t);
    ad_program_rules_free(rules);
}
END_TEST

START_TEST(plain_numbers_and_strided_tensors_are_operands)
{
    double x[] = {1, 2, 3, 4, 5, 6};
    ad_program_rules *rules = rules_of(&bells);
    ad_tape *t = ad_tape_new(NULL);
    ad_tensor a = ad_watch(t, AD_VIEW(x, 2, 3)), y, operands[] = {ad_transpose(a), ad_number(0.5)};
    ad_by_program_elements(rules, 2, operands, &y);
    ad_view v = ad_read(y);
    expect_near(ad_view_get(&v, 1), 4 * exp(-0.25), 1e-15);
    ck_assert_int_eq(ad_backward(ad_sum(y)), AD_OK);
    ad_view g = ad_grad(a);
    expect_near(ad_view_get(&g, 5), exp(-0.25), 1e-15);
    ad_tape_free(t);
    ad_program_rules_free(rules);
}
END_TEST

START_TEST(results_without_a_cotangent_count_as_zero)
{
    double x[] = {0.5, -0.25, 0.75};
    ad_program_rules *rules = rules_of(&mixtures);
    ad_tape *t = ad_tape_new(NULL);
    ad_tensor a = ad_watch(t, AD_VECTOR(x)), y[3], operands[] = {a, a, a};
    ad_by_program_elements(rules, 3, operands, y);
    ck_assert_int_eq(ad_backward(ad_sum(y[1])), AD_OK);
    ad_view g = ad_grad(a);
    for (size_t i = 0; i < 3; i++)
        expect_near(ad_view_get(&g, i), 2 * x[i] / (x[i] * x[i] + 1), 1e-15);
    ad_tape_free(t);
    ad_program_rules_free(rules);
}
END_TEST

/* ---- memory ------------------------------------------------------------------------- */

/* The steps of a program's life as an operation, all memory from one allocator. */
static ad_status live(const ad_allocator *allocator, unsigned checks, ad_type type, int rounds,
                      const size_t *calls, size_t *calls_after_two)
{
    const row *r = &rows[13];
    ad_error error = {AD_OK, ""};
    ad_view x[OPERANDS], tx[OPERANDS];
    static double to[MOST];
    ad_array gradient[OPERANDS];
    ad_program_options options = {.size = sizeof options, .allocator = allocator};
    ad_program *p = ad_program_of(mixed, 3, somewhere, 3, NULL, &options, &error);
    ad_program_rules *rules = ad_program_rules_new(p, &error);
    ad_tape *t = ad_tape_new(&(ad_tape_options){
        .size = sizeof(ad_tape_options), .allocator = allocator, .checks = checks});
    setting s = {r, rules, false};
    draw_operands(r, type, x, tx);
    arrays(r, type, to, gradient);
    ad_status status = rules && t ? AD_OK : AD_MEMORY;
    for (int i = 0; status == AD_OK && i < rounds; i++) {
        status = ad_gradient(t, loss, r->n, x, &s, gradient);
        if (status == AD_OK)
            status = ad_hvp(t, loss, r->n, x, tx, &s, gradient);
        if (i == 1)
            *calls_after_two = *calls;
    }
    ad_tape_free(t);
    ad_program_rules_free(rules);
    ad_program_free(p);
    return status;
}

START_TEST(sweeps_take_no_memory_in_the_end)
{
    test_allocator memory;
    for (int type = AD_F32; type <= AD_F64; type++) {
        size_t calls = 0;
        test_allocator_init(&memory);
        ck_assert_int_eq(live(&memory.base, 0, (ad_type)type, 6, &memory.calls, &calls), AD_OK);
        ck_assert_uint_gt(calls, 0);
        ck_assert_uint_eq(memory.calls, calls);
        ck_assert_uint_eq(memory.live_blocks, 0);
    }
}
END_TEST

START_TEST(memory_that_runs_out_is_an_error_and_nothing_leaks)
{
    const unsigned checks = _i ? AD_CHECK_BOUNDS : 0; /* then each piece is an allocation */
    size_t unused;
    for (size_t fail_at = 1, calls = 2; fail_at < calls; fail_at += 1 + fail_at / 64) {
        test_allocator memory;
        test_allocator_init(&memory);
        ck_assert_int_eq(live(&memory.base, checks, AD_F32, 1, &memory.calls, &unused), AD_OK);
        calls = memory.calls;
        test_allocator_init(&memory);
        memory.fail_at = fail_at;
        ck_assert_int_eq(live(&memory.base, checks, AD_F32, 1, &memory.calls, &unused), AD_MEMORY);
        ck_assert_uint_eq(memory.live_blocks, 0);
    }
}
END_TEST

/* ---- what goes wrong ---------------------------------------------------------------- */

static const char *guard_line;

static void guarded(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m, (void)env;
    guard_line = AD_SOURCE_LINE, y[0] = ad_less(x[0], 1) ? ad_exp(x[0]) : x[0];
}

static void expect_failed(ad_tape *t, ad_status status, const char *text)
{
    ck_assert_msg(strstr(ad_tape_error(t), text), "\"%s\" does not say \"%s\"", ad_tape_error(t),
                  text);
    ck_assert_int_eq(ad_tape_status(t), status);
    ad_tape_reset(t);
}

START_TEST(a_guard_that_flips_fails_with_the_point_and_the_line)
{
    double few[] = {0.5, 0.25, 1, 2};
    char text[200];
    const function f = {guarded, 1, 1};
    ad_program_rules *rules = rules_of(&f);
    ad_tape *t = ad_tape_new(NULL);
    ad_tensor x = ad_watch(t, AD_VECTOR(few)), y;
    ad_by_program_elements(rules, 1, &x, &y);
    snprintf(text, sizeof text, "point 2: the comparison at %s has another outcome", guard_line);
    expect_failed(t, AD_BRANCH, text);
    x = ad_watch(t, AD_VIEW(&few[3], 1));
    ad_by_program(rules, 1, &x, AD_SCALAR);
    expect_failed(t, AD_BRANCH, guard_line);
    ad_tape_free(t);
    ad_program_rules_free(rules);
}
END_TEST

START_TEST(the_first_point_that_fails_is_told_with_any_number_of_threads)
{
    static float many[5 * 4096];
    const function f = {guarded, 1, 1};
    ad_program_rules *rules = rules_of(&f);
    ad_pool *pool = ad_pool_new(NULL, 4);
    ad_tape *t = ad_tape_new(&(ad_tape_options){.size = sizeof(ad_tape_options), .pool = pool});
    for (int i = 1; i < 5; i++)
        many[i * 4096 + 8 - i] = 3;
    for (int round = 0; round < 100; round++) {
        ad_tensor x = ad_watch(t, AD_VECTOR(many)), y;
        ad_by_program_elements(rules, 1, &x, &y);
        ck_assert_msg(strstr(ad_tape_error(t), "point 7: "), "%s", ad_tape_error(t));
        expect_failed(t, AD_BRANCH, "(points are counted from number 4096 on)");
    }
    ad_tape_free(t);
    ad_pool_free(pool);
    ad_program_rules_free(rules);
}
END_TEST

static void logarithm(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m, (void)env;
    y[0] = ad_log(x[0]);
}

START_TEST(numbers_that_are_not_finite_are_found)
{
    double x[] = {1, 0, 2};
    const function f = {logarithm, 1, 1};
    ad_program_rules *rules = rules_of(&f);
    ad_tape *t = ad_tape_new(
        &(ad_tape_options){.size = sizeof(ad_tape_options), .checks = AD_CHECK_NUMBERS});
    ad_tensor a = ad_watch(t, AD_VECTOR(x)), y;
    ad_by_program_elements(rules, 1, &a, &y);
    expect_failed(t, AD_NOT_FINITE, "by_program([3])");
    ad_tape_free(t);
    ad_program_rules_free(rules);
}
END_TEST

START_TEST(what_makes_no_sense_is_refused)
{
    double x[] = {1, 2, 3, 4, 5, 6};
    float f32[] = {1};
    ad_program_rules *rules = rules_of(&bells);
    ad_error error = {AD_OK, ""};
    ad_tape *t = ad_tape_new(NULL);
    ad_tensor y[3];
#define EXPECT_REFUSED(call, status, text)                                                 \
    {                                                                                      \
        ad_tensor a = ad_watch(t, AD_VIEW(x, 3)), two[] = {a, ad_watch(t, AD_VIEW(x, 2))}, \
                  types[] = {a, ad_watch(t, AD_VECTOR(f32))},                              \
                  numbers_[] = {ad_watch(t, AD_VIEW_SCALAR(x)), a};                        \
        (void)two, (void)types, (void)numbers_;                                            \
        call;                                                                              \
        expect_failed(t, status, text);                                                    \
    }
    EXPECT_REFUSED(ad_by_program_elements(NULL, 1, &a, y), AD_MISUSE, "the rules, or y, is NULL")
    EXPECT_REFUSED(ad_by_program_elements(rules, 2, two, NULL), AD_MISUSE, "is NULL")
    EXPECT_REFUSED(ad_by_program_elements(rules, 1, two, y), AD_MISUSE,
                   ": 1 operands for a program of 2 inputs")
    EXPECT_REFUSED(ad_by_program_elements(rules, 2, two, y), AD_BAD_SHAPE, "do not broadcast")
    EXPECT_REFUSED(ad_by_program_elements(rules, 2, types, y), AD_BAD_TYPE, "f32 and f64")
    EXPECT_REFUSED(ad_by_program_rows(rules, 1, two), AD_BAD_SHAPE, "more or fewer numbers")
    EXPECT_REFUSED(ad_by_program_rows(rules, 2, numbers_), AD_BAD_SHAPE, "a last axis")
    EXPECT_REFUSED(ad_by_program_rows(NULL, 1, two), AD_MISUSE, "NULL")
    EXPECT_REFUSED(ad_by_program(rules, 1, two, AD_SCALAR), AD_BAD_SHAPE, "more or fewer numbers")
    EXPECT_REFUSED(ad_by_program(rules, 1, two + 1, AD_SHAPE(2)), AD_BAD_SHAPE,
                   "the result's shape has more or fewer")
    EXPECT_REFUSED(ad_by_program(rules, 1, two + 1, AD_SHAPE(-1)), AD_BAD_SHAPE, "makes no sense")
    EXPECT_REFUSED(ad_by_program(NULL, 1, two + 1, AD_SCALAR), AD_MISUSE, "NULL")
#undef EXPECT_REFUSED
    ad_by_program(rules, 0, NULL, AD_SCALAR);
    ad_by_program_elements(rules, 2, NULL, y);
    ck_assert_int_eq(ad_tape_status(t), AD_OK);
    ck_assert_ptr_null(ad_program_rules_new(NULL, &error));
    ck_assert_int_eq(error.status, AD_MISUSE);
    ad_program_rules_free(NULL);
    ad_tape_free(t);
    ad_program_rules_free(rules);
}
END_TEST

int main(void)
{
    TCase *node = tcase_create("node");
    add_row_tests(node, all_derivatives_are_those_of_the_function_of_numbers, ROWS, name_of);
    add_row_tests(node, numbers_of_f32_are_computed_in_f64, ROWS, name_of);
    add_row_tests(node, each_rule_holds_by_itself, ROWS, name_of);
    add_row_tests(node, bits_do_not_depend_on_threads, ROWS, name_of);
    tcase_add_test(node, threads_share_rules);
    tcase_add_test(node, checkpoints_have_the_same_gradient);
    tcase_add_test(node, models_have_gradients_through_it);
    tcase_add_test(node, traces_and_digests_see_one_operation);
    tcase_add_test(node, one_tensor_may_be_all_operands);
    tcase_add_test(node, plain_numbers_and_strided_tensors_are_operands);
    tcase_add_test(node, results_without_a_cotangent_count_as_zero);
    tcase_add_test(node, sweeps_take_no_memory_in_the_end);
    tcase_add_loop_test(node, memory_that_runs_out_is_an_error_and_nothing_leaks, 0, 2);
    tcase_add_test(node, a_guard_that_flips_fails_with_the_point_and_the_line);
    tcase_add_test(node, the_first_point_that_fails_is_told_with_any_number_of_threads);
    tcase_add_test(node, numbers_that_are_not_finite_are_found);
    tcase_add_test(node, what_makes_no_sense_is_refused);
    Suite *suite = suite_create("program node");
    suite_add_tcase(suite, node);
    return run_suite(suite);
}
