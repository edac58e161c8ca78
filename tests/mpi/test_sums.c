/* What ranks compute together: its bits are those of a tree, whatever the messages. */
#include "ranks.h"

/* ---- sums and averages ----------------------------------------------------------------- */

static double uneven(int rank, size_t i)
{
    return sin((double)i + 0.7 * rank) * pow(10, (double)((i + (size_t)rank) % 7));
}

static double whole(int rank, size_t i)
{
    return (double)(i % 100) * (rank + 1);
}

START_TEST(numbers_are_added_up_as_a_tree_of_ranks)
{
    static const size_t counts[] = {0, 1, 2, 7, 8, 9, 63, 64, 65, 1000, 40000},
                        messages[] = {0, 64, 100, 4096};
    for (int k = 0; k < 4; k++)
        for (int c = 0; c < (messages[k] == 64 ? 10 : 11); c++) {
            scene s;
            open_scene(&s, messages[k]);
            size_t n = counts[c];
            double *x = calloc(n + 1, sizeof *x), *y = calloc(n + 1, sizeof *y);
            for (size_t i = 0; i < n; i++) {
                x[i] = uneven(s.rank, i);
                y[i] = whole(s.rank, i);
            }
            ck_assert_msg(ad_mpi_sum(s.m, n, x, &s.error) == AD_OK, "%s", s.error.text);
            ck_assert_int_eq(ad_mpi_sum(s.m, n, n ? y : NULL, NULL), AD_OK);
            for (size_t i = 0; i < n; i++) {
                ck_assert_double_eq(x[i], tree_sum(uneven, i, 0, s.ranks));
                ck_assert_double_eq(y[i], (double)(i % 100) * s.ranks * (s.ranks + 1) / 2);
            }
            free(x);
            free(y);
            close_scene(&s);
        }
}
END_TEST

static double scaled(int rank, size_t i)
{
    return (double)(float)uneven(rank, i);
}

static float tree_sum_f32(size_t i, int lo, int hi)
{
    int middle = lo + (hi - lo + 1) / 2;
    return hi - lo == 1 ? (float)uneven(lo, i)
                        : tree_sum_f32(i, lo, middle) + tree_sum_f32(i, middle, hi);
}

AD_MODEL(mixed, single, none, pair, number);
AD_MODEL_MPI(mixed);

START_TEST(gradients_are_averaged_in_the_order_of_the_ranks)
{
    for (size_t message = 0; message <= 128; message += 64) {
        scene s;
        open_scene(&s, message);
        mixed g = {ad_zeros(AD_F32, AD_SHAPE(3, 37)), ad_zeros(AD_F64, AD_SHAPE(0, 2)),
                   ad_zeros(AD_F64, AD_SHAPE(2)), ad_zeros(AD_F32, AD_SCALAR)};
        for (size_t i = 0; i < 111; i++)
            ((float *)g.single.data)[i] = (float)scaled(s.rank, i);
        for (size_t i = 0; i < 2; i++)
            ((double *)g.pair.data)[i] = uneven(s.rank, i);
        *(float *)g.number.data = (float)s.rank;
        ck_assert_msg(mixed_mpi_average(s.m, &g, &s.error) == AD_OK, "%s", s.error.text);
        for (size_t i = 0; i < 111; i++)
            ck_assert_float_eq(((float *)g.single.data)[i],
                               tree_sum_f32(i, 0, s.ranks) / (float)s.ranks);
        for (size_t i = 0; i < 2; i++)
            ck_assert_double_eq(((double *)g.pair.data)[i],
                                tree_sum(uneven, i, 0, s.ranks) / s.ranks);
        ck_assert_float_eq(*(float *)g.number.data, (float)(s.ranks - 1) / 2);
        mixed_free(&g);
        close_scene(&s);
    }
}
END_TEST

/* Long arrays, which stay where they are, between short ones: of f64 first and last, one beside
 * the other, and of odd lengths. */
AD_MODEL(sizes, a, b, c, d, e, f, g);
AD_MODEL_MPI(sizes);
enum { SIZES = 7 };

static sizes new_sizes(int rank)
{
    static const int64_t lengths[SIZES] = {20001, 3, 9000, 8192, 5, 16384, 40000};
    static const ad_type types[SIZES] = {AD_F32, AD_F64, AD_F64, AD_F64, AD_F32, AD_F32, AD_F32};
    sizes s;
    for (int i = 0; i < SIZES; i++) {
        ad_array *a = &(&s.a)[i];
        *a = ad_zeros(types[i], AD_SHAPE(lengths[i]));
        for (size_t k = 0; k < ad_array_count(a); k++)
            if (types[i] == AD_F64)
                ((double *)a->data)[k] = uneven(rank, k + (size_t)i);
            else
                ((float *)a->data)[k] = (float)uneven(rank, k + (size_t)i);
    }
    return s;
}

START_TEST(long_arrays_are_averaged_in_the_same_order)
{
    static const size_t messages[] = {0, 3000, 100000};
    scene s;
    open_scene(&s, messages[_i]);
    sizes g = new_sizes(s.rank), before = g;
    for (int again = 0; again < 2; again++) {
        ck_assert_msg(sizes_mpi_average(s.m, &g, &s.error) == AD_OK, "%s", s.error.text);
        ck_assert(memcmp(&g, &before, sizeof g) == 0);
        for (int i = 0; i < SIZES; i++) {
            const ad_array *a = &(&g.a)[i];
            for (size_t k = 0; k < ad_array_count(a); k++)
                if (a->type == AD_F64)
                    ck_assert_double_eq(((double *)a->data)[k],
                                        tree_sum(uneven, k + (size_t)i, 0, s.ranks) / s.ranks);
                else
                    ck_assert_float_eq(((float *)a->data)[k],
                                       tree_sum_f32(k + (size_t)i, 0, s.ranks) / (float)s.ranks);
        }
        sizes_free(&g);
        g = before = new_sizes(s.rank);
    }
    sizes_free(&g);
    close_scene(&s);
}
END_TEST

AD_MODEL(pair, a, b);
AD_MODEL_MPI(pair);

START_TEST(long_arrays_that_overlap_are_averaged_once)
{
    enum { LENGTH = 30000, SHIFT = 7 };
    scene s;
    open_scene(&s, 0);
    ad_array memory = ad_zeros(AD_F32, AD_SHAPE(LENGTH + SHIFT));
    float *x = memory.data;
    for (size_t i = 0; i < LENGTH + SHIFT; i++)
        x[i] = (float)uneven(s.rank, i);
    pair g = {ad_array_of(AD_F32, x, AD_SHAPE(LENGTH)),
              ad_array_of(AD_F32, x + SHIFT, AD_SHAPE(LENGTH))};
    ck_assert_msg(pair_mpi_average(s.m, &g, &s.error) == AD_OK, "%s", s.error.text);
    for (size_t i = 0; i < LENGTH + SHIFT; i++)
        ck_assert_float_eq(x[i], tree_sum_f32(i, 0, s.ranks) / (float)s.ranks);
    ad_array_free(&memory);
    close_scene(&s);
}
END_TEST

/* ---- gradients ------------------------------------------------------------------------- */

static const ad_rows_options ways[] = {
    {.size = sizeof(ad_rows_options), .slice = 7},
    {.size = sizeof(ad_rows_options), .slice = 1, .parallel = true},
    {.size = sizeof(ad_rows_options), .slice = 10, .groups = 8},
    {.size = sizeof(ad_rows_options), .slice = 10, .groups = 5, .parallel = true},
    {.size = sizeof(ad_rows_options), .slice = 100},
    {.size = sizeof(ad_rows_options), .slice = 1000},
    {.size = sizeof(ad_rows_options), .slice = 50, .sum = true},
    {.size = sizeof(ad_rows_options)},
};
enum { WAYS = sizeof ways / sizeof *ways };

START_TEST(a_gradient_has_the_bits_of_one_process)
{
    for (int own = 0; own < 2; own++) {
        scene s;
        open_scene(&s, own ? 64 : 0);
        ad_rows_options o = ways[_i];
        net wanted = {0};
        double value;
        ck_assert_int_eq(net_value_with_gradient_over_rows(s.tape, loss, &s.model, 1, &s.view, &o,
                                                           NULL, &value, &wanted),
                         AD_OK);
        ad_rows_cut cut;
        int64_t first, rows;
        ck_assert_int_eq(ad_cut_rows(1, &s.view, &o, &cut, NULL), AD_OK);
        ad_mpi_share(s.m, &cut, &first, &rows);
        const ad_rows_part part = {.size = sizeof part, .rows = ROWS, .first = first};
        if (own) {
            s.view.data = (const float *)s.data.data + first * INPUTS;
            s.view.shape.dim[0] = rows;
            o.part = &part;
        }
        for (int again = 0; again < 3; again++) {
            size_t calls = s.memory.calls;
            ck_assert_msg(take_gradient(&s, loss, &o) == AD_OK, "%s", s.error.text);
            ck_assert(again < 2 || s.memory.calls == calls);
            ck_assert_double_eq(s.value, value);
            ck_assert(same_nets(&s.gradient, &wanted));
        }
        net_free(&wanted);
        close_scene(&s);
    }
}
END_TEST

/* ---- data ------------------------------------------------------------------------------ */

START_TEST(shares_have_all_rows_in_the_order_of_the_ranks)
{
    scene s;
    open_scene(&s, 0);
    for (int64_t groups = 1; groups < 40; groups++) {
        const ad_rows_cut cut = {230, 46, groups};
        int64_t first, rows;
        ad_mpi_share(s.m, &cut, &first, &rows);
        double all[64] = {0};
        all[2 * s.rank] = (double)first;
        all[2 * s.rank + 1] = (double)rows;
        ck_assert_int_eq(ad_mpi_sum(s.m, 2 * (size_t)s.ranks, all, NULL), AD_OK);
        int64_t next = 0, most = 0, least = 230;
        for (int i = 0; i < s.ranks; i++) {
            int64_t own = (int64_t)all[2 * i + 1];
            ck_assert(own == 0 || (int64_t)all[2 * i] == next);
            next += own;
            most = own > most ? own : most;
            least = own < least ? own : least;
        }
        ck_assert_int_eq(next, 230);
        int64_t group = 5 * ((46 + groups - 1) / groups);
        ck_assert_int_le(most - least, 2 * group);
    }
    close_scene(&s);
}
END_TEST

AD_MODEL(many, a, b, c, d, e);
AD_MODEL_MPI(many);

START_TEST(numbers_of_all_types_are_broadcast)
{
    scene s;
    open_scene(&s, _i ? 64 : 0);
    for (int root = 0; root < s.ranks; root++) {
        many m = {ad_full(AD_F32, AD_SHAPE(50), s.rank + 0.5), ad_full(AD_I64, AD_SHAPE(2), s.rank),
                  ad_full(AD_U8, AD_SHAPE(3, 3), s.rank), ad_full(AD_BOOL, AD_SHAPE(5), s.rank % 2),
                  ad_zeros(AD_I32, AD_SHAPE(0))};
        ck_assert_msg(many_mpi_broadcast(s.m, root, &m, &s.error) == AD_OK, "%s", s.error.text);
        ck_assert_float_eq(((float *)m.a.data)[49], (float)root + 0.5f);
        ck_assert_int_eq(((int64_t *)m.b.data)[1], root);
        ck_assert_int_eq(((uint8_t *)m.c.data)[8], root);
        ck_assert_int_eq(((bool *)m.d.data)[4], root % 2);
        many_free(&m);
    }
    close_scene(&s);
}
END_TEST

START_TEST(rows_are_scattered_in_order)
{
    scene s;
    open_scene(&s, _i ? 64 : 0);
    int32_t numbers[ROWS * 3];
    for (int i = 0; i < ROWS * 3; i++)
        numbers[i] = i;
    ad_view plain = AD_VIEW(numbers, ROWS, 3), turned = AD_VIEW(numbers, 3, ROWS);
    turned.shape = AD_SHAPE(ROWS, 3);
    turned.stride[0] = 1;
    turned.stride[1] = ROWS;
    const ad_rows_options o = {.size = sizeof o, .slice = 9};
    for (int root = 0; root < s.ranks; root++) {
        ad_array rows = {0};
        int64_t first = -1, wanted, count;
        ad_view data = s.rank != root ? (ad_view){0} : root % 2 ? turned : plain;
        ck_assert_msg(ad_mpi_scatter(s.m, root, data, &o, &rows, &first, &s.error) == AD_OK, "%s",
                      s.error.text);
        ad_rows_cut cut;
        ad_cut_rows(1, &plain, &o, &cut, NULL);
        ad_mpi_share(s.m, &cut, &wanted, &count);
        ck_assert(rows.type == AD_I32 && rows.shape.rank == 2 && rows.shape.dim[0] == count);
        ck_assert(count == 0 || first == wanted);
        for (int64_t i = 0; i < count; i++)
            for (int64_t k = 0; k < 3; k++) {
                int64_t row = first + i;
                ck_assert_int_eq(((int32_t *)rows.data)[3 * i + k],
                                 root % 2 ? k * ROWS + row : 3 * row + k);
            }
        ad_array_free(&rows);
    }
    close_scene(&s);
}
END_TEST

START_TEST(other_communicators_have_ranks_of_their_own)
{
    int rank, size;
    ad_error error = {0};
    MPI_Comm half;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_split(MPI_COMM_WORLD, rank % 2, -rank, &half);
    MPI_Comm_rank(half, &rank);
    MPI_Comm_size(half, &size);
    ad_mpi *m = ad_mpi_new(&half, NULL, &error);
    ck_assert_msg(m && ad_mpi_rank(m) == rank && ad_mpi_ranks(m) == size, "%s", error.text);
    double one = 1;
    ck_assert(ad_mpi_sum(m, 1, &one, NULL) == AD_OK && one == size);
    ad_mpi_free(m);
    MPI_Comm_free(&half);
}
END_TEST

START_TEST(ranks_that_want_messages_of_other_lengths_understand_each_other)
{
    int rank;
    ad_error error = {0};
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    const ad_mpi_options o = {
        .size = sizeof o, .patience = 20, .message = rank % 2 ? 1000 : (size_t)64 << rank};
    ad_mpi *m = ad_mpi_new(NULL, &o, &error);
    ck_assert_msg(m != NULL, "%s", error.text);
    ad_array a = ad_full(AD_F32, AD_SHAPE(10000), rank);
    ck_assert_msg(ad_mpi_broadcast(m, 0, &ad_array_tree, &a, &error) == AD_OK, "%s", error.text);
    ck_assert_msg(ad_mpi_average(m, &ad_array_tree, &a, &error) == AD_OK, "%s", error.text);
    for (int i = 0; i < 10000; i++)
        ck_assert_float_eq(((float *)a.data)[i], 0);
    ad_array_free(&a);
    ad_mpi_free(m);
}
END_TEST

START_TEST(calls_bytes_and_times_are_counted)
{
    scene s;
    open_scene(&s, 0);
    double x[1024] = {0};
    ad_mpi_info info = {.size = sizeof info};
    ad_mpi_sum(s.m, 1024, x, NULL);
    ad_mpi_agree(s.m, NULL);
    ad_mpi_measure(s.m, &info);
    ck_assert(info.size == sizeof info && info.calls == 2);
    ck_assert(s.ranks == 1 ? info.bytes == 0 : info.bytes > 8192 / 2);
    ck_assert(info.waiting >= 0 && info.sending >= 0 && info.adding >= 0);
    ad_mpi_measure(NULL, &info);
    ck_assert(info.calls == 0);
    ad_mpi_measure(s.m, NULL);
    close_scene(&s);
}
END_TEST

Suite *sums_suite(void)
{
    Suite *suite = suite_create("sums of ranks");
    TCase *c = tcase_create("sums of ranks");
    tcase_add_test(c, numbers_are_added_up_as_a_tree_of_ranks);
    tcase_add_test(c, gradients_are_averaged_in_the_order_of_the_ranks);
    tcase_add_loop_test(c, long_arrays_are_averaged_in_the_same_order, 0, 3);
    tcase_add_test(c, long_arrays_that_overlap_are_averaged_once);
    tcase_add_loop_test(c, a_gradient_has_the_bits_of_one_process, 0, WAYS);
    tcase_add_test(c, shares_have_all_rows_in_the_order_of_the_ranks);
    tcase_add_loop_test(c, numbers_of_all_types_are_broadcast, 0, 2);
    tcase_add_loop_test(c, rows_are_scattered_in_order, 0, 2);
    tcase_add_test(c, other_communicators_have_ranks_of_their_own);
    tcase_add_test(c, ranks_that_want_messages_of_other_lengths_understand_each_other);
    tcase_add_test(c, calls_bytes_and_times_are_counted);
    suite_add_tcase(suite, c);
    return suite;
}
