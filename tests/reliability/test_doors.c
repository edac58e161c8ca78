/* Under AD_CHECK_THREADS every exported function that takes a tape or a tensor has one door: a thread that finds
 * another inside gets AD_BUSY, or an empty result, and changes nothing. */
#include "doors.h"

#include "suite.h"
#include "tape/node.h"

#include <pthread.h>
#include <string.h>

/* ---- functions of users ----------------------------------------------------------- */

ad_tensor door_function(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_sum(ad_square(x[0]));
}

ad_tensor door_model_function(ad_tape *t, const void *tensors, const void *env)
{
    return door_function(t, tensors, env);
}

ad_tensor door_map(ad_tape *t, const void *tensors, const ad_tensor *x, const void *env)
{
    (void)x;
    return door_function(t, tensors, env);
}

void door_step(ad_tape *t, int64_t i, const ad_tensor *state, const ad_tensor *x, const void *env,
               ad_tensor *next)
{
    (void)t, (void)i, (void)x, (void)env;
    next[0] = ad_sin(state[0]);
}

void door_numbers(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)env;
    for (size_t j = 0; j < m && n; j++)
        y[j] = ad_sin(x[j % n]);
}

void door_pullback(ad_tape *t, const ad_tensor *x, ad_tensor y, ad_tensor dy, const void *env,
                   ad_tensor *dx)
{
    (void)t, (void)y, (void)env;
    dx[0] = ad_mul(x[0], dy);
}

ad_status door_hook(void *user, const ad_cotangent *c)
{
    (void)user, (void)c;
    return AD_OK;
}

/* ---- memory that is compared byte for byte ----------------------------------------- */

enum { ROOM = 1 << 20, OUTS = 16 };

typedef struct room {
    ad_allocator base;
    size_t used;
    _Alignas(64) char bytes[ROOM], before[ROOM];
} room;

static void *take(void *user, size_t bytes, size_t alignment)
{
    room *r = user;
    size_t at = (r->used + alignment - 1) / alignment * alignment;
    if (bytes > ROOM - at)
        return NULL;
    r->used = at + bytes;
    return r->bytes + at;
}

static void give(void *user, void *memory, size_t bytes)
{
    (void)user;
    memset(memory, 0xee, bytes);
}

static room memory = {.base = {.allocate = take, .release = give, .user = &memory}};

/* Forgets what another thread may change: its note, and the line of its call. */
static void veil(ad_tape *t)
{
    memset(&t->guard.readers, 0, sizeof t->guard - offsetof(ad_guard, readers));
    ad_tape_at_line(t, NULL);
}

/* ---- scenes ------------------------------------------------------------------------- */

static const double numbers[] = {1, 2, 3, 4, 5, 6};
static const int32_t indices[] = {1, 0};
static const bool masks[] = {true, false, true, false, true, false};

static ad_program_rules *make_rules(void)
{
    ad_program *p = ad_program_of(door_numbers, 1, (double[]){1}, 1, NULL, NULL, NULL);
    ad_program_rules *rules = ad_program_rules_new(p, NULL);
    ad_program_free(p);
    return rules;
}

static void open_scene(scene *s)
{
    memory.used = 0;
    *s = (scene){.view = AD_VIEW(numbers, 2, 3)};
    s->tape = ad_tape_new(&(ad_tape_options){
        .size = sizeof(ad_tape_options), .allocator = &memory.base, .checks = AD_CHECK_THREADS});
    s->array = ad_array_copy(NULL, AD_F64, s->view);
    s->info.size = sizeof s->info;
    s->file = tmpfile();
    ck_assert(s->tape && s->file);
    ad_value_with_pullback(s->tape, door_function, 1, &s->view, NULL, &s->pullback);
    s->x = ad_watch(s->tape, s->view);
    s->index = ad_freeze(s->tape, AD_VIEW(indices, 2));
    s->mask = ad_freeze(s->tape, AD_VIEW(masks, 2, 3));
    for (size_t i = 0; i < sizeof s->list / sizeof *s->list; i++)
        s->list[i] = s->x;
    s->mark = ad_tape_mark(s->tape);
    s->rules = make_rules();
    ck_assert_ptr_nonnull(s->rules);
    ck_assert_int_eq(ad_tape_status(s->tape), AD_OK);
}

/* The tape's memory is the room's. */
static void close_scene(scene *s)
{
    ad_array_free(&s->array);
    for (int i = 0; i < OUTS; i++)
        ad_array_free(&s->out[i]);
    ad_program_rules_free(s->rules);
    fclose(s->file);
}

static const char *call_name(int row)
{
    return exported_calls[row].name;
}

static bool is(const exported_call *c, const char *name)
{
    return strcmp(c->name, name) == 0;
}

/* ---- the tests ---------------------------------------------------------------------- */

START_TEST(a_call_goes_through_one_door)
{
    scene s;
    const exported_call *c = &exported_calls[_i];
    if (is(c, "ad_tape_free") || is(c, "ad_dead")) /* whose tape is gone; which looks at nothing */
        return;
    open_scene(&s);
    unsigned before = s.tape->guard.entered;
    c->run(&s);
    unsigned entered = s.tape->guard.entered - before;
    ck_assert_msg(entered == 1, "%s goes through %u doors: %s", c->name, entered,
                  s.tape->error.text);
    ck_assert_uint_eq(s.tape->guard.readers, 0);
    ck_assert_msg(s.tape->guard.depth == (is(c, "ad_inner_begin") ? 1 : 0), "%s does not leave",
                  c->name);
    close_scene(&s);
}
END_TEST

/* What is wrong with a call beside another thread, or NULL. */
static const char *wrong_with(const exported_call *c, scene *s)
{
    static const char says[] = "the tape is in use by another thread, for gradient";
    const ad_guard *g = &s->tape->guard;
    size_t used = memory.used;
    veil(s->tape);
    memcpy(memory.before, memory.bytes, used);
    if (!c->run(s))
        return "tells of success";
    if (g->note != AD_NOTE_WRITTEN || !strstr(g->text, says))
        return "leaves no such note";
    veil(s->tape);
    if (memory.used != used || memcmp(memory.before, memory.bytes, used) != 0)
        return "changes the tape";
    for (int k = 0; k < OUTS; k++)
        if (s->out[k].data)
            return "writes a result";
    return NULL;
}

/* The first call that is wrong, on the second thread; no assertions: check's are for one. */
typedef struct verdict {
    scene *scene;
    const char *call, *wrong;
} verdict;

static void *call_all(void *user)
{
    verdict *v = user;
    for (size_t i = 0; i < exported_call_count && !v->wrong; i++) {
        v->call = exported_calls[i].name;
        v->wrong =
            is(&exported_calls[i], "ad_dead") ? NULL : wrong_with(&exported_calls[i], v->scene);
    }
    return NULL;
}

/* A function that ad_gradient evaluates on the scene's tape. */
static ad_tensor let_another_call(ad_tape *t, const ad_tensor *x, const void *env)
{
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, call_all, (void *)(uintptr_t)env), 0);
    pthread_join(thread, NULL);
    return door_function(t, x, NULL);
}

START_TEST(beside_another_thread_every_call_is_busy_and_nothing_else)
{
    scene s;
    verdict v = {.scene = &s};
    ad_array slope = {0};
    open_scene(&s);
    ad_status status = ad_gradient(s.tape, let_another_call, 1, &s.view, &v, &slope);
    ck_assert_msg(!v.wrong, "%s %s: %s", v.call, v.wrong, s.tape->guard.text);
    ck_assert_int_eq(status, AD_OK);
    ck_assert_double_eq(((double *)slope.data)[5], 12);
    ad_array_free(&slope);
    close_scene(&s);
}
END_TEST

static void change(scene *s)
{
    for (int i = 0; i < 20000 && ad_item(ad_sum(s->x)) == 21; i++)
        ad_tape_rewind(s->mark);
}

static void *look(void *user)
{
    scene *s = user;
    for (int i = 0; i < 20000; i++)
        if (!ad_read(s->x).data || ad_shape_of(s->x).rank != 2 || ad_is_tracked(s->index))
            return NULL;
    return user;
}

START_TEST(any_number_of_threads_may_read)
{
    enum { THREADS = 4 };
    scene s;
    pthread_t thread[THREADS];
    void *good;
    open_scene(&s);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&thread[i], NULL, look, &s), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(thread[i], &good);
        ck_assert_ptr_nonnull(good);
    }
    ck_assert_int_eq(ad_tape_status(s.tape), AD_OK);
    ck_assert_uint_eq(s.tape->guard.readers, 0);
    close_scene(&s);
}
END_TEST

START_TEST(a_reader_and_a_writer_meet)
{
    scene s;
    pthread_t reader;
    void *all;
    open_scene(&s);
    ck_assert_int_eq(pthread_create(&reader, NULL, look, &s), 0);
    change(&s);
    pthread_join(reader, &all);
    ad_status status = ad_tape_status(s.tape);
    ck_assert(status == AD_BUSY || (status == AD_OK && all)); /* or they missed each other */
    ad_tape_reset(s.tape);
    ck_assert_int_eq(ad_tape_status(s.tape), AD_OK);
    close_scene(&s);
}
END_TEST

static void *let_go_from_afar(void *user)
{
    ad_tape_let_go(user, 0);
    return NULL;
}

START_TEST(after_a_meeting_the_tape_can_be_let_go_and_reset)
{
    scene s;
    pthread_t thread;
    open_scene(&s);
    uint32_t held = ad_tape_hold(s.tape);
    ad_tape *inner = ad_inner_begin(s.tape, "a composition");
    ck_assert_ptr_nonnull(inner);
    ck_assert_int_eq(pthread_create(&thread, NULL, let_go_from_afar, s.tape), 0);
    pthread_join(thread, NULL);
    ad_inner_end(s.tape);
    ck_assert_int_eq(ad_tape_status(s.tape), AD_BUSY);
    ad_tape_reset(s.tape); /* which the hold forbids */
    ck_assert_int_eq(ad_tape_status(s.tape), AD_BUSY);
    ad_tape_let_go(s.tape, held);
    ad_tape_reset(s.tape);
    ck_assert_int_eq(ad_tape_status(s.tape), AD_OK);
    close_scene(&s);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("doors");
    TCase *one = tcase_create("one"), *two = tcase_create("two");
    add_row_tests(one, a_call_goes_through_one_door, (int)exported_call_count, call_name);
    tcase_add_test(two, beside_another_thread_every_call_is_busy_and_nothing_else);
    tcase_add_test(two, after_a_meeting_the_tape_can_be_let_go_and_reset);
    tcase_add_test(two, any_number_of_threads_may_read);
    tcase_add_test(two, a_reader_and_a_writer_meet);
    suite_add_tcase(suite, one);
    suite_add_tcase(suite, two);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
