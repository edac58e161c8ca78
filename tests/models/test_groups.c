/* Groups of arrays with methods of their own: whom a path names, and what each takes. */
#include "allocator.h"
#include "models.h"
#include "suite.h"

/* Steps along gradients of 1 with rates that tell the groups apart: -x is what an array took. */
typedef struct scene {
    test_allocator memory;
    deep model, gradient;
    ad_states states;
    ad_error error;
    ad_group groups[AD_MAX_GROUPS + 1];
    ad_method method;
} scene;

static const ad_sgd rates[] = {{.rate = 1}, {.rate = 2}, {.rate = 4}, {.rate = 8}};

static void open_scene(scene *s)
{
    model_list list = list_model(&deep_tree);
    *s = (scene){.method = ad_sgd_method(&rates[0])};
    test_allocator_init(&s->memory);
    build_model(&deep_tree, &s->memory.base, AD_F64, &s->model);
    build_model(&deep_tree, &s->memory.base, AD_F64, &s->gradient);
    for (size_t i = 0; i < list.count; i++)
        for (size_t j = 0; j < ad_array_count(array_of(&list, &s->model, i)); j++) {
            set_number(array_of(&list, &s->model, i), j, 0);
            set_number(array_of(&list, &s->gradient, i), j, 1);
        }
    s->method.groups = s->groups;
}

static void close_scene(scene *s)
{
    deep_free(&s->model);
    deep_free(&s->gradient);
    ad_states_free(&s->states);
    ck_assert_uint_eq(s->memory.live_blocks, 0);
}

static void add_group(scene *s, const char *path, const ad_sgd *o)
{
    s->groups[s->method.group_count++] = (ad_group){path, ad_sgd_method(o)};
}

static ad_status take_step(scene *s)
{
    return deep_step(s->method, &s->gradient, &s->states, &s->model, &s->error);
}

/* Collects the paths of the arrays that took the step of the first group. */
static ad_status collect(void *user, const char *path, ad_array *a)
{
    char *text = user;
    ad_view v = ad_array_view(*a);
    if (ad_array_count(a) && ad_view_get(&v, 0) == -2)
        strcat(strcat(text, path), " ");
    return AD_OK;
}

typedef struct naming {
    const char *path, *arrays;
} naming;

/* Arrays without numbers take no step, so they are in no list: every fourth. */
static const naming namings[] = {
    {"layer", "layer[0].w layer[0].b layer[1].w layer[2].w layer[2].b "},
    {"layer[1]", "layer[1].w "},
    {"layer[1].w", "layer[1].w "},
    {"gain", "gain[0] "},
    {"gain[0]", "gain[0] "},
    {"whole.hidden", "whole.hidden.w whole.hidden.b "},
    {".scale", "whole.scale part[0].scale "},
    {".hidden.b", "whole.hidden.b part[0].hidden.b "},
    {".gain", "gain[0] "},
    {".gain[0]", "gain[0] "},
    {".b", "layer[0].b layer[2].b whole.hidden.b part[0].hidden.b part[0].output.b "},
};

START_TEST(a_path_names_arrays)
{
    char text[1000] = "";
    scene s;
    open_scene(&s);
    add_group(&s, namings[_i].path, &rates[1]);
    ck_assert_msg(take_step(&s) == AD_OK, "%s", s.error.text);
    deep_visit(&s.model, collect, text);
    ck_assert_str_eq(text, namings[_i].arrays);
    close_scene(&s);
}
END_TEST

static double first_of(const ad_array *a)
{
    return ((const double *)a->data)[0];
}

START_TEST(the_first_group_that_fits_counts)
{
    scene s;
    open_scene(&s);
    add_group(&s, "layer[0].b", &rates[1]);
    add_group(&s, ".b", &rates[2]);
    add_group(&s, "layer", &rates[3]);
    ck_assert_int_eq(take_step(&s), AD_OK);
    ck_assert_double_eq(first_of(&s.model.layer[0].b), -2);
    ck_assert_double_eq(first_of(&s.model.layer[2].b), -4);
    ck_assert_double_eq(first_of(&s.model.layer[0].w), -8);
    ck_assert_double_eq(first_of(&s.model.whole.hidden.b), -4);
    ck_assert_double_eq(first_of(&s.model.whole.hidden.w), -1);
    ck_assert_ptr_null(ad_states_at(&s.states, 0));
    close_scene(&s);
}
END_TEST

/* Each array takes the steps that it takes where its optimiser is alone. */
START_TEST(optimisers_stand_side_by_side)
{
    scene mixed, adam, lion;
    ad_adam a = ad_adam_new(0.01);
    ad_lion l = ad_lion_new(0.01, 0.1);
    scene *all[] = {&mixed, &adam, &lion};
    for (int i = 0; i < 3; i++) {
        open_scene(all[i]);
        all[i]->method = i == 2 ? ad_lion_method(&l) : ad_adam_method(&a);
    }
    mixed.groups[0] = (ad_group){"layer", ad_lion_method(&l)};
    mixed.method.groups = mixed.groups, mixed.method.group_count = 1;
    for (int t = 0; t < 3; t++)
        for (int i = 0; i < 3; i++)
            ck_assert_int_eq(take_step(all[i]), AD_OK);
    ck_assert_int_eq(mixed.states.count, 2);
    ck_assert_double_eq(first_of(&mixed.model.layer[0].w), first_of(&lion.model.layer[0].w));
    ck_assert_double_eq(first_of(&mixed.model.whole.scale), first_of(&adam.model.whole.scale));
    ck_assert_double_ne(first_of(&adam.model.whole.scale), first_of(&lion.model.whole.scale));
    for (int i = 0; i < 3; i++)
        close_scene(all[i]);
}
END_TEST

START_TEST(steps_with_groups_allocate_once)
{
    scene s;
    open_scene(&s);
    add_group(&s, "layer", &rates[1]);
    ck_assert_int_eq(take_step(&s), AD_OK);
    size_t calls = s.memory.calls;
    ck_assert_int_eq(take_step(&s), AD_OK);
    ck_assert_uint_eq(s.memory.calls, calls);
    close_scene(&s);
}
END_TEST

/* ---- failures ----------------------------------------------------------------------- */

static void expect_failure(scene *s, ad_status status, const char *reason)
{
    snapshot before = take_snapshot(&deep_tree, &s->model);
    ad_states states = s->states;
    size_t blocks = s->memory.live_blocks;
    ck_assert_int_eq(take_step(s), status);
    ck_assert_msg(strstr(s->error.text, reason), "%s", s->error.text);
    expect_unchanged(&deep_tree, &s->model, &before);
    ck_assert_uint_eq(s->memory.live_blocks, blocks);
    ck_assert_int_eq(s->states.steps, states.steps);
    ck_assert_ptr_eq(s->states.ways.data, states.ways.data);
    s->error = (ad_error){0};
}

START_TEST(groups_that_make_no_sense_are_refused)
{
    static const ad_sgd bad = {.momentum = 2};
    scene s;
    open_scene(&s);
    add_group(&s, "layr", &rates[1]);
    expect_failure(&s, AD_MISUSE, "sgd: group \"layr\" fits no array of deep that is left");
    s.groups[0].path = "laye";
    expect_failure(&s, AD_MISUSE, "fits no array");
    s.groups[0].path = "";
    expect_failure(&s, AD_MISUSE, "fits no array");
    s.groups[0].path = ".";
    expect_failure(&s, AD_MISUSE, "fits no array");
    s.groups[0].path = NULL;
    expect_failure(&s, AD_MISUSE, "group 0 has no path");
    s.groups[0] = (ad_group){"layer", ad_sgd_method(&bad)};
    expect_failure(&s, AD_DOMAIN, "momentum 2");
    s.groups[0] = (ad_group){"layer", ad_sgd_method(NULL)};
    expect_failure(&s, AD_MISUSE, "settings are NULL");
    s.groups[0].method.optimiser = NULL;
    expect_failure(&s, AD_MISUSE, "it is NULL");
    s.groups[0].method = ad_sgd_method(&rates[1]);
    add_group(&s, "layer[0]", &rates[1]);
    expect_failure(&s, AD_MISUSE, "group \"layer[0]\" fits no array of deep that is left");
    s.method.group_count = AD_MAX_GROUPS + 1;
    expect_failure(&s, AD_MISUSE, "the groups are NULL, or more than 15");
    s.method.group_count = 1, s.method.groups = NULL;
    expect_failure(&s, AD_MISUSE, "the groups are NULL, or more than 15");
    close_scene(&s);
}
END_TEST

START_TEST(an_array_keeps_its_optimiser)
{
    ad_lion l = ad_lion_new(0.01, 0.1);
    scene s;
    open_scene(&s);
    s.groups[0] = (ad_group){"layer", ad_lion_method(&l)};
    s.method.group_count = 1;
    ck_assert_int_eq(take_step(&s), AD_OK);
    s.groups[0].path = "layer[0]";
    expect_failure(&s, AD_MISUSE, "the states are those of other groups");
    s.method.group_count = 0;
    expect_failure(&s, AD_MISUSE, "the states are those of other groups");
    s.groups[0].path = "layer";
    s.method.group_count = 1;
    add_group(&s, "gain", &rates[1]);
    ck_assert_int_eq(take_step(&s), AD_OK);
    close_scene(&s);
}
END_TEST

START_TEST(a_step_that_has_no_memory_for_groups_changes_nothing)
{
    static const ad_sgd heavy = {.rate = 1, .momentum = 0.5};
    for (size_t k = 1; k <= 3; k++) {
        scene s;
        open_scene(&s);
        add_group(&s, "layer", &heavy);
        s.memory.fail_at = s.memory.calls + k;
        expect_failure(&s, AD_MEMORY, "memory ran out");
        ck_assert_int_eq(take_step(&s), AD_OK);
        close_scene(&s);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("groups");
    TCase *c = tcase_create("groups");
    tcase_add_loop_test(c, a_path_names_arrays, 0, sizeof namings / sizeof *namings);
    tcase_add_test(c, the_first_group_that_fits_counts);
    tcase_add_test(c, optimisers_stand_side_by_side);
    tcase_add_test(c, steps_with_groups_allocate_once);
    tcase_add_test(c, groups_that_make_no_sense_are_refused);
    tcase_add_test(c, an_array_keeps_its_optimiser);
    tcase_add_test(c, a_step_that_has_no_memory_for_groups_changes_nothing);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}
