/* What goes wrong on one rank is told on all of them in the same words, changes nothing, and
 * nobody waits. */
#include "ranks.h"

#include <stdio.h>

/* ---- failures of one rank -------------------------------------------------------------- */

static ad_tensor failing(ad_tape *t, const net_tensors *m, const ad_tensor *x, const void *env)
{
    (void)env;
    ad_tape_fail(t, AD_FAILED, "no more");
    return loss(t, m, x, NULL);
}

static ad_tensor infinite(ad_tape *t, const net_tensors *m, const ad_tensor *x, const void *env)
{
    return ad_mul(loss(t, m, x, env), INFINITY);
}

/* A value that is finite, and slopes that are not: of sqrt at 0. */
static ad_tensor steep(ad_tape *t, const net_tensors *m, const ad_tensor *x, const void *env)
{
    (void)t, (void)x, (void)env;
    return ad_sum(ad_sqrt(ad_sub(m->hidden.b, ad_stop_gradient(m->hidden.b))));
}

static ad_tensor large(ad_tape *t, const net_tensors *m, const ad_tensor *x, const void *env)
{
    (void)t, (void)x, (void)env;
    return ad_mul(ad_sum(m->output.b), 1e308);
}

typedef ad_status call(scene *s, bool bad);

static const ad_rows_options fives = {.size = sizeof fives, .slice = 5};

static ad_status gradient_of(scene *s, net_map *map)
{
    return take_gradient(s, map, &fives);
}

static ad_status fails(scene *s, bool bad)
{
    return gradient_of(s, bad ? failing : loss);
}
static ad_status is_infinite(scene *s, bool bad)
{
    return gradient_of(s, bad ? infinite : loss);
}
static ad_status is_steep(scene *s, bool bad)
{
    return gradient_of(s, bad ? steep : loss);
}
static ad_status fails_before(scene *s, bool bad)
{
    if (bad)
        ad_tape_fail(s->tape, AD_STALE, "long ago");
    return gradient_of(s, loss);
}
static ad_status has_no_map(scene *s, bool bad)
{
    return gradient_of(s, bad ? NULL : loss);
}
static ad_status has_no_data(scene *s, bool bad)
{
    return net_mpi_value_with_gradient(s->m, s->tape, loss, &s->model, bad ? 0 : 1, &s->view,
                                       &fives, NULL, &s->value, &s->gradient, &s->error);
}
static ad_status has_no_model(scene *s, bool bad)
{
    return net_mpi_value_with_gradient(s->m, s->tape, loss, bad ? NULL : &s->model, 1, &s->view,
                                       &fives, NULL, &s->value, &s->gradient, &s->error);
}
static ad_status has_no_target(scene *s, bool bad)
{
    return net_mpi_value_with_gradient(s->m, s->tape, loss, &s->model, 1, &s->view, &fives, NULL,
                                       &s->value, bad ? NULL : &s->gradient, &s->error);
}
static ad_status has_a_part(scene *s, bool bad)
{
    const ad_rows_part part = {.size = sizeof part, .rows = ROWS, .end = 1};
    ad_rows_options o = fives;
    o.part = bad ? &part : NULL;
    return take_gradient(s, loss, &o);
}
static ad_status has_failed_already(scene *s, bool bad)
{
    if (bad)
        ad_fail(&s->error, AD_FILE, "no such file");
    return gradient_of(s, loss);
}
static ad_status has_another_result(scene *s, bool bad)
{
    net g = {.output.b = ad_zeros(bad ? AD_F32 : AD_F64, AD_SHAPE(1))};
    ad_status status = net_mpi_value_with_gradient(s->m, s->tape, loss, &s->model, 1, &s->view,
                                                   &fives, NULL, &s->value, &g, &s->error);
    ck_assert(status == AD_OK || !g.hidden.w.data);
    net_free(&g);
    return status;
}
static ad_status has_a_result_of_another_shape(scene *s, bool bad)
{
    net g = {.output.b = ad_zeros(AD_F64, AD_SHAPE(bad ? 3 : 1))};
    ad_status status = net_mpi_value_with_gradient(s->m, s->tape, loss, &s->model, 1, &s->view,
                                                   &fives, NULL, &s->value, &g, &s->error);
    net_free(&g);
    return status;
}
static ad_status agrees(scene *s, bool bad)
{
    if (bad)
        ad_fail(&s->error, AD_FILE, "no such file");
    return ad_mpi_agree(s->m, &s->error);
}

/* Calls that differ. */
static ad_status cuts_otherwise(scene *s, bool bad)
{
    const ad_rows_options o = {.size = sizeof o, .slice = bad ? 10 : 5};
    return take_gradient(s, loss, &o);
}
static ad_status calls_another(scene *s, bool bad)
{
    return bad ? net_mpi_broadcast(s->m, 0, &s->model, &s->error) : gradient_of(s, loss);
}
static ad_status calls_another_size(scene *s, bool bad)
{
    double x[3] = {0};
    return ad_mpi_sum(s->m, bad ? 2 : 3, x, &s->error);
}
static ad_status has_another_shape(scene *s, bool bad)
{
    net *g = &s->gradient;
    ck_assert_int_eq(net_copy(&s->model, g, NULL), AD_OK);
    if (bad) {
        ad_array_free(&g->output.w);
        g->output.w = ad_zeros(AD_F64, AD_SHAPE(HIDDEN, 2));
    }
    ad_status status = net_mpi_average(s->m, g, &s->error);
    net_free(g);
    return status;
}
static ad_status has_another_type(scene *s, bool bad)
{
    net *g = &s->gradient;
    ck_assert_int_eq(net_copy(&s->model, g, NULL), AD_OK);
    if (bad) {
        ad_array_free(&g->hidden.b);
        g->hidden.b = ad_zeros(AD_F64, AD_SHAPE(HIDDEN));
    }
    ad_status status = net_mpi_broadcast(s->m, 0, g, &s->error);
    net_free(g);
    return status;
}
static ad_status has_other_numbers(scene *s, bool bad)
{
    float *number = (float *)s->model.hidden.b.data + 1;
    *number = -*number;
    if (!bad)
        *number = -*number;
    ad_status status = net_mpi_compare(s->m, &s->model, &s->error);
    if (bad)
        *number = -*number;
    return status;
}
static ad_status has_more_fields(scene *s, bool bad)
{
    return bad ? ad_mpi_compare(s->m, &dense_tree, &s->model, &s->error)
               : net_mpi_compare(s->m, &s->model, &s->error);
}

/* Calls that make no sense. */
static ad_status averages_an_infinity(scene *s, bool bad)
{
    net g = {0};
    ck_assert_int_eq(net_copy(&s->model, &g, NULL), AD_OK);
    if (bad)
        ((float *)g.hidden.b.data)[1] = -INFINITY;
    ad_status status = net_mpi_average(s->m, &g, &s->error);
    ck_assert(status == AD_OK ||
              ((float *)g.hidden.b.data)[0] == ((float *)s->model.hidden.b.data)[0]);
    net_free(&g);
    return status;
}
static ad_status averages_a_long_nan(scene *s, bool bad)
{
    enum { LENGTH = 50000 };
    net g = {{ad_full(AD_F32, AD_SHAPE(LENGTH), 1), ad_full(AD_F32, AD_SHAPE(2), 2)},
             {ad_full(AD_F64, AD_SHAPE(LENGTH), 3), ad_full(AD_F64, AD_SHAPE(2), 4)}};
    if (bad)
        ((double *)g.output.w.data)[LENGTH - 1] = NAN;
    net before = {0};
    ck_assert_int_eq(net_copy(&g, &before, NULL), AD_OK);
    ad_status status = net_mpi_average(s->m, &g, &s->error);
    ck_assert(status == AD_OK || same_nets(&g, &before));
    net_free(&before);
    net_free(&g);
    return status;
}
static ad_status averages_integers(scene *s, bool bad)
{
    ad_array a = ad_zeros(bad ? AD_I64 : AD_F64, AD_SHAPE(1));
    ad_status status = ad_mpi_average(s->m, &ad_array_tree, &a, &s->error);
    ad_array_free(&a);
    return status;
}
static ad_status averages_nothing(scene *s, bool bad)
{
    net none = {0};
    return net_mpi_average(s->m, bad ? &none : &s->model, &s->error);
}
static ad_status broadcasts_nothing(scene *s, bool bad)
{
    net none = {0};
    return net_mpi_broadcast(s->m, 0, bad ? &none : &s->model, &s->error);
}
static ad_status compares_nothing(scene *s, bool bad)
{
    net none = {0};
    return net_mpi_compare(s->m, bad ? &none : &s->model, &s->error);
}
static ad_status broadcasts_from_nobody(scene *s, bool bad)
{
    return net_mpi_broadcast(s->m, bad ? 99 : 0, &s->model, &s->error);
}
static ad_status sums_nothing(scene *s, bool bad)
{
    double x[3] = {0};
    return ad_mpi_sum(s->m, 3, bad ? NULL : x, &s->error);
}
static ad_status scatters_to_nothing(scene *s, bool bad)
{
    ad_array rows = {0};
    ad_status status = ad_mpi_scatter(s->m, 0, s->view, NULL, bad ? NULL : &rows, NULL, &s->error);
    ad_array_free(&rows);
    return status;
}

typedef struct failure {
    const char *name;
    call *call;
    ad_status status;
    const char *says; /* after the rank */
} failure;

#define ROWS_OF_ALL "gradient_over_rows: rows "
static const failure failures[] = {
    {"a failure in the function", fails, AD_FAILED, ROWS_OF_ALL},
    {"an infinite value", is_infinite, AD_NOT_FINITE, "value_with_gradient: the value is inf"},
    {"an infinite slope", is_steep, AD_NOT_FINITE,
     "value_with_gradient: hidden.b has an infinity or a NaN"},
    {"a tape that has failed before", fails_before, AD_STALE, "long ago"},
    {"no function", has_no_map, AD_MISUSE, "gradient_over_rows: an argument is NULL"},
    {"no data", has_no_data, AD_MISUSE, "cut_rows: there must be data, but inputs is 0"},
    {"no model", has_no_model, AD_MISUSE, "value_with_gradient: an argument is NULL"},
    {"no target", has_no_target, AD_MISUSE, "value_with_gradient: an argument is NULL"},
    {"groups of one's own", has_a_part, AD_MISUSE,
     "value_with_gradient: .begin and .end of the part must be 0"},
    {"a failure before the call", has_failed_already, AD_FILE, "no such file"},
    {"a result of another type", has_another_result, AD_BAD_TYPE,
     "value_with_gradient: output.b is f64, but f32 in the result"},
    {"a result of another shape", has_a_result_of_another_shape, AD_BAD_SHAPE,
     "value_with_gradient: output.b is [1], but [3] in the result"},
    {"a failure that is to be told", agrees, AD_FILE, "no such file"},
    {"an infinity to be averaged", averages_an_infinity, AD_NOT_FINITE,
     "average: hidden.b has an infinity or a NaN"},
    {"a NaN in a long array", averages_a_long_nan, AD_NOT_FINITE,
     "average: output.w has an infinity or a NaN"},
    {"integers to be averaged", averages_integers, AD_BAD_TYPE, "average: "},
    {"nothing to be averaged", averages_nothing, AD_MISUSE, "average: hidden.w holds no array"},
    {"nothing to be sent", broadcasts_nothing, AD_MISUSE, "broadcast: array 0 of the model"},
    {"nothing to be compared", compares_nothing, AD_MISUSE, "compare: array 0 of the model"},
    {"a root that is not there", broadcasts_from_nobody, AD_MISUSE,
     "broadcast: there is no rank 99 among "},
    {"nothing to be added", sums_nothing, AD_MISUSE, "sum: x is NULL"},
    {"no place for rows", scatters_to_nothing, AD_MISUSE, "scatter: rows is NULL"},
};
enum { FAILURES = sizeof failures / sizeof *failures };

/* With two ranks or more. */
static const failure differences[] = {
    {"other slices", cuts_otherwise, AD_MISUSE,
     "value_with_gradient: rows, slices and groups differ"},
    {"another call", calls_another, AD_MISUSE, NULL},
    {"another size", calls_another_size, AD_MISUSE, "sum: the numbers to be added differ"},
    {"another shape", has_another_shape, AD_BAD_SHAPE,
     "average: output.w is [4, 2] here, but [4, 1] on rank 0"},
    {"another type", has_another_type, AD_BAD_TYPE,
     "broadcast: hidden.b is f64 here, but f32 on rank 0"},
    {"other numbers", has_other_numbers, AD_DIFFERENT,
     "compare: hidden.b has other numbers than on rank 0"},
    {"another model", has_more_fields, AD_BAD_SHAPE,
     "compare: the model has 2 arrays here, but 4 on rank 0"},
};
enum { DIFFERENCES = sizeof differences / sizeof *differences };

static const char *failure_name(int row)
{
    return failures[row].name;
}
static const char *difference_name(int row)
{
    return differences[row].name;
}

/* All say the same, which is what the first rank of these has to say. */
static void expect(const scene *s, ad_status got, const failure *f, int bad)
{
    char wanted[256], first[sizeof s->error.text];
    snprintf(wanted, sizeof wanted, "rank %d%s%s", bad, f->says ? ": " : " ",
             f->says ? f->says : "calls broadcast, but rank 0 value_with_gradient");
    ck_assert_msg(got == f->status && s->error.status == got &&
                      strncmp(s->error.text, wanted, strlen(wanted)) == 0,
                  "%s, %s, not %s", ad_status_text(got), s->error.text, wanted);
    memcpy(first, s->error.text, sizeof first);
    MPI_Bcast(first, sizeof first, MPI_CHAR, 0, MPI_COMM_WORLD);
    ck_assert_str_eq(first, s->error.text);
}

static void try_on(const failure *f, int bad, int also)
{
    scene s;
    open_scene(&s, 0);
    ad_status got = f->call(&s, s.rank == bad || s.rank == also);
    expect(&s, got, f, bad < also ? bad : also);
    ck_assert(s.value == 42 && !s.gradient.hidden.w.data);
    net wanted = new_net(11);
    ck_assert(same_nets(&s.model, &wanted));
    net_free(&wanted);
    ad_tape_reset(s.tape);
    got = gradient_of(&s, loss); /* as *error holds a failure */
    expect(&s, got, f, bad < also ? bad : also);
    s.error = (ad_error){0};
    ck_assert_msg(gradient_of(&s, loss) == AD_OK && s.value != 42, "%s", s.error.text);
    close_scene(&s);
}

static int ranks(void)
{
    int size;
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    return size;
}

START_TEST(a_failure_on_one_rank_is_that_of_all)
{
    for (int bad = 0; bad < ranks(); bad++)
        try_on(&failures[_i], bad, bad);
    try_on(&failures[_i], ranks() / 2, ranks() - 1);
}
END_TEST

START_TEST(ranks_that_differ_are_told_from_rank_0)
{
    for (int bad = 1; bad < ranks(); bad++)
        try_on(&differences[_i], bad, ranks() - 1);
}
END_TEST

START_TEST(a_sum_beyond_the_largest_number_is_refused)
{
    scene s;
    open_scene(&s, 0);
    const ad_rows_options o = {.size = sizeof o, .slice = 10, .sum = true};
    *(double *)s.model.output.b.data = 1;
    ck_assert_int_eq(take_gradient(&s, large, &o), AD_NOT_FINITE);
    ck_assert_msg(strncmp(s.error.text, "rank ", 5) == 0 &&
                      strstr(s.error.text, s.ranks < 8 ? "the value is inf" : ": "),
                  "%s", s.error.text);
    ck_assert(s.value == 42 && !s.gradient.hidden.w.data);
    double huge = 1.7e308;
    ad_array a = AD_ARRAY_SCALAR(&huge);
    s.error = (ad_error){0};
    if (s.ranks > 1) {
        ck_assert_int_eq(ad_mpi_average(s.m, &ad_array_tree, &a, &s.error), AD_NOT_FINITE);
        ck_assert_str_eq(s.error.text, "rank 0: average: the sum over all ranks overflows");
        ck_assert_double_eq(huge, 1.7e308);
        ad_array many = ad_full(AD_F64, AD_SHAPE(20000), huge);
        s.error = (ad_error){0};
        ck_assert_int_eq(ad_mpi_average(s.m, &ad_array_tree, &many, &s.error), AD_NOT_FINITE);
        ck_assert_str_eq(s.error.text, "rank 0: average: the sum over all ranks overflows");
        for (int i = 0; i < 20000; i++)
            ck_assert_double_eq(((double *)many.data)[i], huge);
        ad_array_free(&many);
    }
    close_scene(&s);
}
END_TEST

/* ---- memory ---------------------------------------------------------------------------- */

static ad_status everything(scene *s)
{
    ad_array rows = {0};
    double x[100] = {0};
    net_mpi_broadcast(s->m, 0, &s->model, &s->error);
    gradient_of(s, loss);
    ad_mpi_sum(s->m, 100, x, &s->error);
    if (s->error.status == AD_OK)
        net_mpi_average(s->m, &s->gradient, &s->error);
    ad_mpi_scatter(s->m, 0, s->view, &fives, &rows, NULL, &s->error);
    net_mpi_compare(s->m, &s->model, &s->error);
    ad_array_free(&rows);
    return s->error.status;
}

/* Each allocation in turn, on one rank; then it works. */
START_TEST(memory_that_runs_out_on_one_rank_is_told_on_all)
{
    for (int bad = 0; bad<ranks(); bad += ranks()> 3 ? 3 : 1) {
        int failed = 0;
        for (size_t at = 1; at < 20; at++) {
            scene s;
            open_scene(&s, 64);
            if (s.rank == bad) {
                s.memory.fail_at = s.memory.calls + at;
                s.memory.sticky = true;
            }
            ad_status status = everything(&s);
            char wanted[32];
            snprintf(wanted, sizeof wanted, "rank %d: ", bad);
            ck_assert_msg(status == AD_OK || (status == AD_MEMORY &&
                                              strncmp(s.error.text, wanted, strlen(wanted)) == 0),
                          "%s", s.error.text);
            failed += status == AD_MEMORY;
            s.memory.fail_at = 0;
            s.error = (ad_error){0};
            ck_assert_msg(everything(&s) == AD_OK, "%s", s.error.text);
            close_scene(&s);
        }
        ck_assert_int_ge(failed, 2);
    }
}
END_TEST

/* ---- making one ------------------------------------------------------------------------ */

START_TEST(options_that_make_no_sense_are_refused)
{
    static const struct {
        ad_mpi_options o;
        const char *says;
    } bad[] = {
        {{.size = 0}, "the options need .size"},
        {{.size = 1 << 20}, "the options need .size"},
        {{.size = sizeof(ad_mpi_options), .patience = -1}, "a patience of -1 seconds"},
        {{.size = sizeof(ad_mpi_options), .message = (size_t)1 << 31},
         "messages of 2147483648 bytes"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ad_error error = {0};
        ck_assert_ptr_null(ad_mpi_new(NULL, &bad[i].o, &error));
        ck_assert_msg(error.status == AD_MISUSE && strstr(error.text, bad[i].says), "%s",
                      error.text);
    }
    MPI_Comm none = MPI_COMM_NULL;
    ad_error error = {0};
    ck_assert_ptr_null(ad_mpi_new(&none, NULL, &error));
    ck_assert_msg(error.status == AD_MISUSE, "%s", error.text);
    test_allocator memory;
    test_allocator_init(&memory);
    memory.fail_at = 1;
    const ad_mpi_options o = {.size = sizeof o, .allocator = &memory.base};
    error = (ad_error){0};
    ck_assert_ptr_null(ad_mpi_new(NULL, &o, &error));
    ck_assert_int_eq(error.status, AD_MEMORY);
}
END_TEST

/* Of the odd ranks and the even ones. */
START_TEST(two_groups_of_ranks_are_refused)
{
    int rank, size;
    ad_error error = {0};
    MPI_Comm half, both;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (size < 2)
        return;
    MPI_Comm_split(MPI_COMM_WORLD, rank % 2, rank, &half);
    MPI_Intercomm_create(half, 0, MPI_COMM_WORLD, 1 - rank % 2, 5, &both);
    ck_assert_ptr_null(ad_mpi_new(&both, NULL, &error));
    ck_assert_int_eq(error.status, AD_MISUSE);
    ck_assert_str_eq(error.text, "mpi: the communicator is one between two groups");
    MPI_Comm_free(&both);
    MPI_Comm_free(&half);
}
END_TEST

START_TEST(without_ranks_every_call_is_refused)
{
    scene s;
    double x = 1;
    ad_array rows = {0};
    ad_view view = AD_VIEW(&x, 1);
    int64_t first = 7, count = 7;
    memset(&s, 0, sizeof s);
    ck_assert(ad_mpi_rank(NULL) == 0 && ad_mpi_ranks(NULL) == 1);
    ad_mpi_free(NULL);
    ck_assert_int_eq(ad_mpi_agree(NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_mpi_sum(NULL, 1, &x, NULL), AD_MISUSE);
    ck_assert_int_eq(net_mpi_average(NULL, &s.model, NULL), AD_MISUSE);
    ck_assert_int_eq(net_mpi_compare(NULL, &s.model, NULL), AD_MISUSE);
    ck_assert_int_eq(net_mpi_broadcast(NULL, 0, &s.model, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_mpi_scatter(NULL, 0, view, NULL, &rows, NULL, &s.error), AD_MISUSE);
    ck_assert_str_eq(s.error.text, "scatter: m is NULL");
    ck_assert_int_eq(gradient_of(&s, loss), AD_MISUSE);
    ad_mpi_share(NULL, &(ad_rows_cut){10, 5, 5}, &first, &count);
    ck_assert(first == 0 && count == 10);
    ad_mpi_share(NULL, NULL, &first, &count);
    ck_assert(first == 0 && count == 0);
}
END_TEST

Suite *refusals_suite(void)
{
    Suite *suite = suite_create("refusals of ranks");
    TCase *c = tcase_create("refusals of ranks");
    add_row_tests(c, a_failure_on_one_rank_is_that_of_all, FAILURES, failure_name);
    add_row_tests(c, ranks_that_differ_are_told_from_rank_0, DIFFERENCES, difference_name);
    tcase_add_test(c, a_sum_beyond_the_largest_number_is_refused);
    tcase_add_test(c, memory_that_runs_out_on_one_rank_is_told_on_all);
    tcase_add_test(c, options_that_make_no_sense_are_refused);
    tcase_add_test(c, two_groups_of_ranks_are_refused);
    tcase_add_test(c, without_ranks_every_call_is_refused);
    suite_add_tcase(suite, c);
    return suite;
}
