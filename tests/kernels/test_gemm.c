/* Matrix products: every kernel that this machine can run, against a plain triple loop, with
 * operands at the edge of memory (RELIABILITY R10); and the same bits however they are split (R8). */
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#include "allocator.h"
#include "fence.h"
#include "suite.h"

#include "adze/random.h"
#include "kernels/gemm.h"
#include "tape/node.h"

#include <math.h>
#include <string.h>

/* ---- operands -------------------------------------------------------------------------- */

typedef enum layout {
    BY_ROWS,
    BY_COLUMNS,
    WIDE_ROWS,
    SCATTERED,
    BACKWARDS,
    WIDE_COLUMNS,
    COLLIDING_COLUMNS, /* multiples of 1 kB apart, which meet in the sets of a cache */
    LAYOUTS
} layout;

typedef struct operand {
    fenced memory;
    ad_matrix m;
} operand;

static operand make_operand(ad_random *r, ad_type type, int64_t rows, int64_t columns, layout how)
{
    operand o = {.m = {NULL, rows, columns, columns, 1}};
    int64_t first = 0, count = rows * columns;
    if (how == BY_COLUMNS) {
        o.m.row_step = 1;
        o.m.column_step = rows;
    } else if (how == WIDE_ROWS) {
        o.m.row_step = columns + 3;
        count = (rows - 1) * (columns + 3) + columns;
    } else if (how == SCATTERED) {
        o.m.column_step = 2;
        o.m.row_step = 2 * columns + 1;
        count = (rows - 1) * o.m.row_step + (columns - 1) * 2 + 1;
    } else if (how == BACKWARDS) {
        o.m.row_step = -columns;
        first = (rows - 1) * columns;
    } else if (how == WIDE_COLUMNS || how == COLLIDING_COLUMNS) {
        o.m.row_step = 1;
        o.m.column_step = how == WIDE_COLUMNS ? rows + 3 : (rows + 255) / 256 * 256;
        count = (columns - 1) * o.m.column_step + rows;
    }
    count = rows && columns ? count : 0;
    o.memory = fence((size_t)count * ad_type_size(type), ad_random_below(r, 2));
    for (int64_t i = 0; i < count; i++)
        put(type, o.memory.data, i, ad_random_uniform(r) - 0.5);
    o.m.data = (char *)o.memory.data + (count ? first : 0) * (int64_t)ad_type_size(type);
    return o;
}

static double element(ad_type type, const ad_matrix *m, int64_t i, int64_t j)
{
    return get(type, m->data, i * m->row_step + j * m->column_step);
}

/* ---- against a triple loop --------------------------------------------------------------- */

static void check_product(ad_type type, const ad_matrix *a, const ad_matrix *b, double before,
                          const void *c, const char *what)
{
    double eps = type == AD_F32 ? 0x1p-23 : 0x1p-52;
    for (int64_t i = 0; i < a->rows; i++)
        for (int64_t j = 0; j < b->columns; j++) {
            double sum = before, size = fabs(before);
            for (int64_t p = 0; p < a->columns; p++) {
                double term = element(type, a, i, p) * element(type, b, p, j);
                sum += term;
                size += fabs(term);
            }
            double got = get(type, c, i * b->columns + j), room = 4 * eps * (size + 1e-30) * 8;
            ck_assert_msg(fabs(got - sum) <= room, "%s: c[%d, %d] is %.17g, not %.17g", what,
                          (int)i, (int)j, got, sum);
        }
}

static void check_case(ad_tape *t, ad_random *r, ad_type type, const int64_t shape[3], layout la,
                       layout lb, bool add)
{
    char what[128];
    snprintf(what, sizeof what, "isa %d, %s, %dx%dx%d, layouts %d %d, add %d", (int)t->work.isa,
             ad_type_text(type), (int)shape[0], (int)shape[1], (int)shape[2], (int)la, (int)lb,
             add);
    operand a = make_operand(r, type, shape[0], shape[2], la);
    operand b = make_operand(r, type, shape[2], shape[1], lb);
    int64_t count = shape[0] * shape[1];
    fenced c = fence((size_t)count * ad_type_size(type), ad_random_below(r, 2));
    for (int64_t i = 0; i < count; i++)
        put(type, c.data, i, add ? 0.75 : NAN);
    ad_gemm(&t->work, type, a.m, b.m, add, c.data, NULL);
    check_product(type, &a.m, &b.m, add ? 0.75 : 0, c.data, what);
    unfence(&a.memory);
    unfence(&b.memory);
    unfence(&c);
}

static ad_tape *tape_for(int isa, ad_pool *pool)
{
    ad_tape_options options = {.size = sizeof options, .pool = pool};
    ad_tape *t = ad_tape_new(&options);
    ck_assert_ptr_nonnull(t);
    ck_assert_int_le(isa, (int)t->work.isa);
    t->work.isa = (ad_isa)isa;
    return t;
}

static const int64_t extents[] = {0, 1, 2, 3, 5, 8, 13, 16, 17, 24, 31, 33, 48, 50, 67, 100};

START_TEST(products_agree_with_a_triple_loop_and_touch_nothing_else)
{
    enum { COUNT = sizeof extents / sizeof *extents, TIMES = 1500 };
    ad_tape *t = tape_for(_i, NULL);
    ad_random r = ad_random_new(7, (uint64_t)_i);
    for (int k = 0; k < TIMES; k++) {
        int64_t shape[3];
        for (int i = 0; i < 3; i++)
            shape[i] = extents[ad_random_below(&r, COUNT)];
        layout la = (layout)ad_random_below(&r, LAYOUTS), lb = (layout)ad_random_below(&r, LAYOUTS);
        check_case(t, &r, k % 2 ? AD_F32 : AD_F64, shape, la, lb, k % 3 == 0);
        ck_assert_int_eq(ad_tape_status(t), AD_OK);
        ad_tape_reset(t);
    }
    ad_tape_free(t);
}
END_TEST

static const int64_t long_shapes[][3] = {{5, 50, 1100}, {40, 3, 2500},   {33, 17, 1024},
                                         {1, 50, 3000}, {520, 515, 530}, {784, 53, 600}};

START_TEST(long_sums_and_large_products_agree_too)
{
    ad_tape *t = tape_for(_i, NULL);
    ad_random r = ad_random_new(8, (uint64_t)_i);
    for (size_t k = 0; k < sizeof long_shapes / sizeof *long_shapes; k++)
        for (layout la = BY_ROWS; la <= BY_COLUMNS; la++)
            for (int add = 0; add < 2; add++)
                check_case(t, &r, AD_F32, long_shapes[k], la, (layout)(k % LAYOUTS), add);
    ad_tape_free(t);
}
END_TEST

/* Products with many terms that lie far apart, which have a kernel of their own: columns for every tile
 * and its rest, rows and pieces with and without one, and what is just not for it. */
START_TEST(tall_products_agree_with_a_triple_loop)
{
    enum { TIMES = 200 };
    static const int64_t rows[] = {127, 128, 129, 136, 143, 144, 150, 159, 160, 400};
    static const int64_t terms[] = {127, 128, 129, 256, 257, 511, 512, 700};
    static const layout far[] = {BY_COLUMNS, WIDE_COLUMNS, COLLIDING_COLUMNS};
    ad_tape *t = tape_for(_i, NULL);
    ad_random r = ad_random_new(10, (uint64_t)_i);
    for (int k = 0; k < TIMES; k++) {
        int64_t shape[3] = {rows[ad_random_below(&r, sizeof rows / sizeof *rows)], 1 + k % 100,
                            terms[ad_random_below(&r, sizeof terms / sizeof *terms)]};
        layout lb = (layout)ad_random_below(&r, LAYOUTS);
        for (ad_type type = AD_F32; type <= AD_F64; type++)
            check_case(t, &r, type, shape, far[ad_random_below(&r, 3)], lb, ad_random_below(&r, 2));
        ck_assert_int_eq(ad_tape_status(t), AD_OK);
        ad_tape_reset(t);
    }
    ad_tape_free(t);
}
END_TEST

/* Of a kernel of its own, and of threads that share the sum. */
static const layout without_memory[] = {BY_COLUMNS, BY_ROWS};

static void check_without_memory(int isa, layout la)
{
    enum { M = 150, N = 21, TERMS = 600 };
    static double c[M * N];
    test_allocator memory;
    test_allocator_init(&memory);
    ad_pool *pool = ad_pool_new(NULL, 2);
    ad_tape_options options = {.size = sizeof options, .allocator = &memory.base, .pool = pool};
    ad_tape *t = ad_tape_new(&options);
    ck_assert_ptr_nonnull(t);
    t->work.isa = (ad_isa)isa;
    ad_random r = ad_random_new(13, 0);
    operand a = make_operand(&r, AD_F64, M, TERMS, la);
    operand b = make_operand(&r, AD_F64, TERMS, N, BY_ROWS);
    memory.fail_at = memory.calls + 1;
    memory.sticky = true;
    ad_gemm(&t->work, AD_F64, a.m, b.m, true, c, NULL);
    ck_assert_int_eq(t->work.rejected.status, AD_MEMORY);
    for (int i = 0; i < M * N; i++)
        ck_assert_double_eq(c[i], 0);
    ad_tape_free(t);
    ad_pool_free(pool);
    unfence(&a.memory);
    unfence(&b.memory);
}

START_TEST(without_memory_a_product_is_refused_and_its_result_left_alone)
{
    for (size_t i = 0; i < sizeof without_memory / sizeof *without_memory; i++)
        check_without_memory(_i, without_memory[i]);
}
END_TEST

/* ---- split among threads ------------------------------------------------------------------ */

static const int64_t split_shapes[][3] = {
    {1500, 50, 300}, {784, 50, 700}, {70, 900, 233}, {2001, 1, 784}, {300, 35, 1100},
    {530, 520, 515}, {33, 2000, 40}, {20000, 3, 7},  {145, 9, 400},  {300, 33, 777},
    {64, 50, 784},   {31, 35, 1111}, {1, 300, 4000}, {256, 31, 512}, {200, 40, 33000}};

static void multiply_split(int isa, int threads, ad_type type, const operand *a, const operand *b,
                           void *c)
{
    ad_pool *pool = ad_pool_new(NULL, threads);
    ck_assert_ptr_nonnull(pool);
    ad_tape *t = tape_for(isa, pool);
    ad_gemm(&t->work, type, a->m, b->m, true, c, NULL);
    ck_assert_int_eq(ad_tape_status(t), AD_OK);
    ad_tape_free(t);
    ad_pool_free(pool);
}

static void check_threads(int isa, size_t which, layout la, layout lb, ad_type type)
{
    static const int threads[] = {2, 3, 4};
    const int64_t *shape = split_shapes[which];
    size_t bytes = (size_t)(shape[0] * shape[1]) * ad_type_size(type);
    ad_random r = ad_random_new(9, which);
    operand a = make_operand(&r, type, shape[0], shape[2], la);
    operand b = make_operand(&r, type, shape[2], shape[1], lb);
    void *one = calloc(1, bytes), *many = malloc(bytes);
    multiply_split(isa, 1, type, &a, &b, one);
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        memset(many, 0, bytes);
        multiply_split(isa, threads[i], type, &a, &b, many);
        ck_assert_msg(memcmp(one, many, bytes) == 0, "shape %zu, layouts %d %d, %s, %d threads",
                      which, (int)la, (int)lb, ad_type_text(type), threads[i]);
    }
    free(one);
    free(many);
    unfence(&a.memory);
    unfence(&b.memory);
}

/* For each shape all layouts, and both types for each layout of a. */
START_TEST(no_bit_depends_on_the_number_of_threads)
{
    for (size_t k = 0; k < sizeof split_shapes / sizeof *split_shapes; k++)
        for (int l = 0; l < 4; l++)
            check_threads(_i, k, (layout)(l & 1), (layout)(l >> 1),
                          (k + (size_t)l / 2) % 2 ? AD_F64 : AD_F32);
}
END_TEST

/* ---- strides ------------------------------------------------------------------------------ */

/* The same numbers, laid out in another way. */
static operand copy_operand(ad_type type, const ad_matrix *m, layout how)
{
    ad_random r = ad_random_new(12, 0);
    operand o = make_operand(&r, type, m->rows, m->columns, how);
    for (int64_t i = 0; i < m->rows; i++)
        for (int64_t j = 0; j < m->columns; j++)
            put(type, (void *)(uintptr_t)o.m.data, i * o.m.row_step + j * o.m.column_step,
                element(type, m, i, j));
    return o;
}

START_TEST(bits_of_tall_products_do_not_depend_on_strides)
{
    enum { M = 150, N = 21, TERMS = 600 };
    static double c[2][M * N];
    ad_tape *t = tape_for(_i, NULL);
    ad_random r = ad_random_new(11, 0);
    for (ad_type type = AD_F32; type <= AD_F64; type++) {
        operand a = make_operand(&r, type, M, TERMS, BY_COLUMNS);
        operand b = make_operand(&r, type, TERMS, N, BY_ROWS);
        ad_gemm(&t->work, type, a.m, b.m, false, c[0], NULL);
        for (layout la = WIDE_COLUMNS; la <= COLLIDING_COLUMNS; la++)
            for (layout lb = BY_ROWS; lb < LAYOUTS; lb++) {
                operand other_a = copy_operand(type, &a.m, la);
                operand other_b = copy_operand(type, &b.m, lb);
                ad_gemm(&t->work, type, other_a.m, other_b.m, false, c[1], NULL);
                ck_assert_msg(memcmp(c[0], c[1], M * N * ad_type_size(type)) == 0,
                              "%s, layouts %d %d", ad_type_text(type), (int)la, (int)lb);
                unfence(&other_a.memory);
                unfence(&other_b.memory);
            }
        unfence(&a.memory);
        unfence(&b.memory);
    }
    ad_tape_free(t);
}
END_TEST

int main(void)
{
    int sets = (int)ad_cpu_isa() + 1;
    Suite *suite = suite_create("gemm");
    TCase *c = tcase_create("kernels");
    tcase_add_loop_test(c, products_agree_with_a_triple_loop_and_touch_nothing_else, 0, sets);
    tcase_add_loop_test(c, long_sums_and_large_products_agree_too, 0, sets);
    tcase_add_loop_test(c, tall_products_agree_with_a_triple_loop, 0, sets);
    tcase_add_loop_test(c, without_memory_a_product_is_refused_and_its_result_left_alone, 0, sets);
    tcase_add_loop_test(c, no_bit_depends_on_the_number_of_threads, 0, sets);
    tcase_add_loop_test(c, bits_of_tall_products_do_not_depend_on_strides, 0, sets);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}
