/* Training states: a run that is resumed gives the same bits as one that was never interrupted;
 * what a file holds; and that all parts are loaded or none. */
#include <adze.h>

#include "allocator.h"
#include "saving.h"
#include "suite.h"
#include "training_run.h"

#include <math.h>

static saving at;

static void open_folder(void)
{
    at = saving_begin();
}

static void close_folder(void)
{
    saving_end(&at);
}

static void save_run(const training_run *r, const char *file)
{
    ad_error error = {AD_OK, ""};
    ck_assert_msg(ad_training_save(file, PARTS, r->parts, NULL, &error) == AD_OK, "%s", error.text);
}

static void load_run(const training_run *r, const char *file)
{
    ad_error error = {AD_OK, ""};
    ck_assert_msg(ad_training_load(file, PARTS, r->parts, NULL, &error) == AD_OK, "%s", error.text);
}

/* Two runs have the same bits in all that is saved. */
static void expect_same(const training_run *a, const training_run *b)
{
    static unsigned char first[1 << 16];
    size_t size, second;
    save_run(a, at.path);
    memcpy(first, bytes_of(at.path, &size), sizeof first);
    save_run(b, at.path);
    const unsigned char *bytes = bytes_of(at.path, &second);
    ck_assert_uint_eq(size, second);
    ck_assert_mem_eq(first, bytes, size);
}

/* ---- resuming ----------------------------------------------------------------------- */

/* Every optimiser, with all its settings, in both float types. */
typedef struct way {
    const optimiser_row *row;
    size_t settings;
    ad_type type;
} way;

static way way_of(int i)
{
    const optimiser_row *row = builtin_rows;
    size_t number = (size_t)i / 2;
    for (; number >= row->count; row++)
        number -= row->count;
    return (way){row, number, i % 2 ? AD_F64 : AD_F32};
}

static const char *name_of_way(int i)
{
    return way_of(i).row->name;
}

static int count_ways(void)
{
    size_t count = 0;
    for (size_t i = 0; i < builtin_count; i++)
        count += 2 * builtin_rows[i].count;
    return (int)count;
}

START_TEST(a_resumed_run_has_the_bits_of_one_never_interrupted)
{
    training_run whole, first, second;
    way w = way_of(_i);
    begin_run(&whole, w.row, w.settings, w.type, true);
    begin_run(&first, w.row, w.settings, w.type, true);
    begin_run(&second, w.row, w.settings, w.type, false);
    run_steps(&whole, 20);
    run_steps(&first, 7);
    save_run(&first, at.path);
    load_run(&second, at.path); /* all of it is made */
    run_steps(&second, 4);
    save_run(&second, at.path);
    load_run(&first, at.path); /* all of it is there */
    expect_same(&first, &second);
    run_steps(&first, 9);
    expect_same(&whole, &first);
    ck_assert_int_eq(first.states.steps, 20);
    ck_assert_double_lt(first.plateau.scale, 1.1);
    end_run(&whole);
    end_run(&first);
    end_run(&second);
}
END_TEST

START_TEST(a_run_can_be_saved_before_its_first_step)
{
    training_run whole, second;
    begin_run(&whole, &builtin_rows[1], 0, AD_F32, true);
    begin_run(&second, &builtin_rows[1], 0, AD_F32, true);
    save_run(&whole, at.path);
    run_steps(&second, 3);
    load_run(&second, at.path);
    ck_assert_ptr_null(second.average.scale.data);
    ck_assert_ptr_null(second.states.optimiser);
    ck_assert_int_eq(second.states.steps, 0);
    run_steps(&whole, 5);
    run_steps(&second, 5);
    expect_same(&whole, &second);
    end_run(&whole);
    end_run(&second);
}
END_TEST

/* ---- L-BFGS -------------------------------------------------------------------------- */

AD_MODEL_LBFGS(flat);
AD_MODEL_TRAINING(flat);

/* Rosenbrock's function of w, in chains, and b^4. */
static ad_tensor valley(ad_tape *t, const flat_tensors *m, const void *env)
{
    (void)t, (void)env;
    ad_tensor w = ad_reshape(m->w, AD_SHAPE(6));
    ad_tensor x = ad_slice(w, 0, 0, 5), next = ad_slice(w, 0, 1, 6);
    ad_tensor bends = ad_mul(ad_square(ad_sub(next, ad_square(x))), 100);
    return ad_add(ad_sum(ad_add(bends, ad_square(ad_sub(1, x)))),
                  ad_sum(ad_square(ad_square(m->b))));
}

typedef struct descent {
    ad_tape *tape;
    flat model;
    ad_lbfgs_memory memory;
} descent;

static void descend(descent *d, int64_t iterations)
{
    ad_error error = {AD_OK, ""};
    ad_lbfgs how = ad_lbfgs_new();
    how.history = 4;
    how.iterations = iterations;
    ck_assert_msg(flat_lbfgs(d->tape, valley, NULL, &how, &d->memory, &d->model, NULL, &error) ==
                      AD_OK,
                  "%s", error.text);
}

START_TEST(a_resumed_descent_of_l_bfgs_has_the_bits_of_one_never_interrupted)
{
    test_allocator memory;
    test_allocator_init(&memory);
    ad_training_load_options o = {.size = sizeof o, .allocator = &memory.base};
    descent whole = {.tape = ad_tape_new(NULL)}, half = whole, rest = whole;
    build_model(&flat_tree, NULL, _i ? AD_F64 : AD_F32, &whole.model);
    build_model(&flat_tree, NULL, _i ? AD_F64 : AD_F32, &half.model);
    ad_training_part saved[] = {flat_part("model", &half.model),
                                ad_lbfgs_part("memory", &half.memory)};
    ad_training_part loaded[] = {flat_part("model", &rest.model),
                                 ad_lbfgs_part("memory", &rest.memory)};
    for (int i = 0; i < 20; i++)
        descend(&whole, 1);
    for (int i = 0; i < 3; i++) { /* the history is empty, half full, and has gone round */
        ck_assert_int_eq(half.memory.pairs, i == 0 ? 0 : i == 1 ? 3 : 4);
        ck_assert_int_eq(ad_training_save(at.path, 2, saved, NULL, NULL), AD_OK);
        ck_assert_int_eq(ad_training_load(at.path, 2, loaded, &o, NULL), AD_OK);
        ck_assert_int_eq(rest.memory.pairs, half.memory.pairs);
        for (int k = i == 0 ? 0 : i == 1 ? 3 : 10; k < 20; k++)
            descend(&rest, 1);
        ck_assert_uint_eq(take_snapshot(&flat_tree, &rest.model).digest,
                          take_snapshot(&flat_tree, &whole.model).digest);
        for (int k = 0; k < (i == 0 ? 3 : 7); k++)
            descend(&half, 1);
    }
    flat_free(&whole.model), flat_free(&half.model), flat_free(&rest.model);
    ad_lbfgs_free(&whole.memory), ad_lbfgs_free(&half.memory), ad_lbfgs_free(&rest.memory);
    ad_tape_free(whole.tape);
    ck_assert_uint_eq(memory.live_blocks, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("training");
    TCase *all = tcase_create("resuming");
    tcase_add_unchecked_fixture(all, open_folder, close_folder);
    add_row_tests(all, a_resumed_run_has_the_bits_of_one_never_interrupted, count_ways(),
                  name_of_way);
    tcase_add_test(all, a_run_can_be_saved_before_its_first_step);
    tcase_add_loop_test(all, a_resumed_descent_of_l_bfgs_has_the_bits_of_one_never_interrupted, 0,
                        2);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
