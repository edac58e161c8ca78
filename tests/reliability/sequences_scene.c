/* The scene of a sequence: its tapes, what is known of its tensors, and what must hold after every call. */
#include "sequences.h"
#include "tape/node.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is told, and what is wrong ------------------------------------------------ */

void scene_tell(scene *s, const char *format, ...)
{
    if (!s->tells || s->used >= LINE)
        return;
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(s->line + s->used, LINE - s->used, format, arguments);
    va_end(arguments);
    s->used += n > 0 ? (size_t)n : 0;
}

bool scene_fail(scene *s, const char *wrong)
{
    if (!s->wrong)
        s->wrong = wrong;
    return false;
}

/* ---- memory ------------------------------------------------------------------------- */

enum { PIECE = 1 << 18, WHOLE = 1 << 24 };

static void *take(void *user, size_t bytes, size_t alignment)
{
    budget *b = user;
    (void)alignment;
    if (atomic_load(&b->until_failure) >= 0 && atomic_fetch_sub(&b->until_failure, 1) == 0)
        return NULL;
    if (bytes > PIECE || atomic_load(&b->bytes) > WHOLE)
        return NULL;
    void *memory = malloc(bytes);
    if (memory) {
        atomic_fetch_add(&b->blocks, 1);
        atomic_fetch_add(&b->bytes, bytes);
    }
    return memory;
}

static void give(void *user, void *memory, size_t bytes)
{
    budget *b = user;
    atomic_fetch_sub(&b->blocks, 1);
    atomic_fetch_sub(&b->bytes, bytes);
    free(memory);
}

void budget_init(budget *b)
{
    *b = (budget){.base = {.user = b, .allocate = take, .release = give}};
    atomic_init(&b->until_failure, -1);
}

/* ---- tensors ------------------------------------------------------------------------ */

static uint32_t index_of(ad_tensor x)
{
    return (uint32_t)x.bits;
}

static void copy_numbers(slot *k, const ad_view *v)
{
    size_t n = ad_view_count(v);
    k->known = n <= KNOWN ? (int)n : -1;
    for (int i = 0; i < k->known; i++)
        k->number[i] = ad_view_get(v, (size_t)i);
}

slot *scene_keep(scene *s, ad_tensor x)
{
    ad_shape shape = ad_shape_of(x);
    if (!x.tape || shape.rank < 0)
        return NULL;
    slot *k = &s->slot[s->next];
    s->next = (s->next + 1) % SLOTS;
    *k = (slot){.x = x, .alive = true, .shape = shape};
    if (s->alone) {
        ad_view v = ad_read(x);
        k->type = v.type;
        copy_numbers(k, &v);
    }
    return k;
}

static bool same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

/* Tensors live, with the numbers that they had, until a reset or a rewind ends them. */
static bool check_slot(scene *s, const slot *k)
{
    if (!k->x.tape)
        return true;
    ad_view v = ad_read(k->x);
    bool there = ad_shape_of(k->x).rank >= 0;
    if (there != k->alive)
        return scene_fail(s, there ? "a tensor outlives its end" : "a tensor ends too early");
    for (int i = 0; there && i < k->known; i++)
        if (!same(ad_view_get(&v, (size_t)i), k->number[i]))
            return scene_fail(s, "a tensor's numbers have changed");
    return true;
}

static void end_slots(scene *s, const ad_tape *t, uint32_t from)
{
    for (int i = 0; i < SLOTS; i++)
        if (s->slot[i].x.tape == t && index_of(s->slot[i].x) >= from)
            s->slot[i].alive = false;
}

static size_t nodes_of(const ad_tape *t)
{
    ad_tape_info info = {.size = sizeof info};
    ad_tape_measure(t, &info);
    return info.nodes;
}

/* ---- results ------------------------------------------------------------------------ */

static bool is(const scene *s, const char *name)
{
    return strcmp(s->call, name) == 0;
}

bool see_tensor(scene *s, ad_tensor y)
{
    bool lives = y.tape && ad_shape_of(y).rank >= 0;
    if (!lives && y.tape && s->alone && !is(s, "ad_dead") && !is(s, "ad_label") &&
        ad_tape_status(y.tape) == AD_OK)
        return scene_fail(s, "a dead result without an error");
    if (lives)
        scene_keep(s, y);
    else if (draw_below(s, 8) == 0)
        s->slot[s->next] = (slot){.x = y};
    return true;
}

bool see_status(scene *s, ad_status status)
{
    scene_tell(s, " -> %s", ad_status_text(status));
    if ((unsigned)status >= AD_STATUS_COUNT)
        return scene_fail(s, "a status that does not exist");
    if (is(s, "ad_tape_rewind") && status == AD_OK && s->alone)
        end_slots(s, s->marked.tape, (uint32_t)s->marked.bits);
    if (status != AD_OK && s->writes && scene_digest(s) != s->before)
        return scene_fail(s, "a call that failed has changed arrays");
    return true;
}

bool see_view(scene *s, ad_view v)
{
    if (is(s, "ad_view_of") || is(s, "ad_array_view") || !v.data || !s->alone)
        return true;
    size_t n = ad_view_count(&v);
    double sum = 0;
    for (size_t i = 0; i < n && i < KNOWN; i++)
        sum += ad_view_get(&v, i);
    return sum == sum || true; /* a sanitizer has looked on */
}

bool see_array(scene *s, ad_array a)
{
    (void)s;
    ad_array_free(&a);
    return true;
}

bool see_mark(scene *s, ad_mark mark)
{
    s->mark[draw_below(s, MARKS)] = mark;
    return true;
}

bool see_held(scene *s, uint32_t held)
{
    s->held[0] = held;
    return true;
}

/* ---- beginning and end -------------------------------------------------------------- */

static const unsigned checks[] = {0,
                                  0,
                                  AD_CHECK_BOUNDS,
                                  AD_CHECK_NUMBERS,
                                  AD_CHECK_REACHED,
                                  AD_CHECK_BORROWED,
                                  AD_CHECK_THREADS,
                                  AD_CHECK_BOUNDS | AD_CHECK_BORROWED | AD_CHECK_THREADS};

static ad_tape *new_tape(budget *memory, unsigned which)
{
    return ad_tape_new(&(ad_tape_options){
        .size = sizeof(ad_tape_options), .allocator = &memory->base, .checks = which});
}

static void fill(scene *s)
{
    ad_view v[] = {draw_good(s, AD_F64), draw_good(s, AD_F64), draw_good(s, AD_F32),
                   draw_good(s, AD_I32), draw_good(s, AD_BOOL)};
    for (int i = 0; i < 3; i++) {
        scene_keep(s, (ad_watch)(s->tape[0], v[i]));
        scene_keep(s, (ad_freeze)(s->tape[0], v[i + 2]));
    }
    if (draw_below(s, 4) == 0)
        scene_keep(s, (ad_watch)(s->tape[1], v[0]));
}

/* A file of a pair, a and b, and of an array. */
static ad_safetensors *open_model(void)
{
    _Alignas(8) static const char bytes[] =
        "\xa8\0\0\0\0\0\0\0"
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
        "\"array\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]},"
        "\"b\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[16,20]}}  "
        "\0\0\x80\x3f\0\0\0\x40\0\0\x80\x3f\0\0\0\x40\0\0\x80\x3f"; /* 1, 2; 1, 2; 1 */
    return ad_safetensors_parse(bytes, sizeof bytes - 1, "a file", NULL, NULL);
}

bool scene_open(scene *s, budget *memory, uint64_t number, ad_tape *shared)
{
    *s = (scene){.draw = number, .memory = memory, .alone = !shared, .call = ""};
    s->nowhere = fopen("/dev/null", "w");
    s->file = open_model();
    s->rules = make_rules();
    s->load_options =
        (ad_model_load_options){.size = sizeof(ad_model_load_options), .ignore_superfluous = true};
    s->random = ad_random_new(1, number);
    s->profile = shared ? NULL : ad_profile_new(NULL);
    for (int i = 0; i < TAPES; i++)
        s->tape[i] =
            shared && i == 0 ? shared : new_tape(memory, checks[number / 8 % 8 * (i == 0)]);
    if (!s->nowhere || !s->file || !s->rules || !s->tape[0] || !s->tape[1])
        return scene_fail(s, "the scene cannot be made");
    fill(s);
    return true;
}

/* Brings a tape back from any state. */
static bool recover(scene *s, ad_tape *t)
{
    while (ad_inner_end(t) != AD_MISUSE)
        ;
    ad_tape_let_go(t, 0);
    ad_tape_reset(t);
    end_slots(s, t, 0);
    s->held[0] = 0;
    if (ad_tape_status(t) != AD_OK || nodes_of(t))
        return scene_fail(s, "a reset does not bring the tape back");
    return true;
}

bool scene_close(scene *s)
{
    bool good = true;
    ad_states_free(&s->states);
    for (int i = 0; i < ARRAYS; i++)
        ad_array_free(&s->array[i]);
    for (int i = s->alone ? 0 : 1; i < TAPES; i++) {
        good = good && recover(s, s->tape[i]);
        ad_tape_free(s->tape[i]);
    }
    ad_profile_free(s->profile);
    ad_safetensors_close(s->file);
    ad_program_rules_free(s->rules);
    if (s->nowhere)
        fclose(s->nowhere);
    if (good && s->alone && (s->memory->blocks || s->memory->bytes))
        return scene_fail(s, "memory is not given back");
    return good;
}

/* ---- steps -------------------------------------------------------------------------- */

/* Left to other steps, or too slow to be called often. */
static bool is_for_all(const scene *s, const char *name)
{
    static const char *const slow[] = {"ad_check_op", "ad_check_gradient",
                                       "ad_model_check_gradient", "ad_model_check_step"};
    if (strcmp(name, "ad_tape_free") == 0)
        return false;
    for (size_t i = 0; i < sizeof slow / sizeof *slow; i++)
        if (strcmp(name, slow[i]) == 0)
            return s->draw % 64 == 0;
    return true;
}

static void free_and_renew(scene *s, int i)
{
    ad_tape *t = s->tape[i];
    recover(s, t);
    for (int k = 0; k < SLOTS; k++)
        if (s->slot[k].x.tape == t)
            s->slot[k] = (slot){.x = {NULL, 0}};
    for (int k = 0; k < MARKS; k++)
        if (s->mark[k].tape == t)
            s->mark[k] = (ad_mark){NULL, 0};
    s->pullback = (ad_pullback){.n = 0};
    ad_tape_free(t);
    s->tape[i] = new_tape(s->memory, checks[draw_below(s, 8)]);
}

/* A tape that has failed does nothing, and its message stays, until it is reset. */
typedef struct failure {
    ad_status status;
    size_t nodes;
    uint64_t digest;
    char text[80];
} failure;

static failure failure_of(const ad_tape *t)
{
    failure f = {.status = ad_tape_status(t)};
    if (f.status == AD_OK)
        return f;
    f.nodes = nodes_of(t);
    f.digest = ad_tape_digest(t, 4);
    snprintf(f.text, sizeof f.text, "%s", ad_tape_error(t));
    return f;
}

static bool ends_failures(const scene *s)
{
    return is(s, "ad_tape_reset") || is(s, "ad_tape_rewind") || is(s, "ad_model_check_step") ||
           is(s, "ad_sweep_cancel") || is(s, "ad_tape_trim");
}

static bool check_failure(scene *s, const failure *before)
{
    failure now = failure_of(s->tape[0]);
    if (before->status == AD_OK || ends_failures(s))
        return true;
    if (now.status != before->status || strcmp(now.text, before->text) != 0)
        return scene_fail(s, "the first failure does not stick");
    if (now.nodes != before->nodes || now.digest != before->digest)
        return scene_fail(s, "a failed tape has changed");
    return true;
}

static void choose_like(scene *s)
{
    int at = (int)draw_below(s, SLOTS);
    s->like = at;
    const ad_tape *t = s->tape[draw_below(s, 16) == 0];
    for (int i = 0; i < SLOTS; i++) {
        const slot *k = &s->slot[(at + i) % SLOTS];
        if (k->alive && k->type == AD_F64 && k->x.tape == t) {
            s->like = (at + i) % SLOTS;
            return;
        }
    }
}

static bool call_one(scene *s)
{
    size_t i = (size_t)draw_below(s, exported_call_count);
    while (!is_for_all(s, exported_calls[i].name) ||
           (!s->alone && !strcmp(exported_calls[i].name, "ad_inner_begin")))
        i = (size_t)draw_below(s, exported_call_count);
    s->call = exported_calls[i].name;
    scene_tell(s, "%s", s->call);
    if (draw_below(s, 48) == 0 && s->alone)
        atomic_store(&s->memory->until_failure, (long)draw_int(s, 0, 3));
    bool good = exported_calls[i].run(s);
    if (!s->alone)
        return good;
    atomic_store(&s->memory->until_failure, -1);
    for (int k = 0; k < TAPES; k++)
        if (nodes_of(s->tape[k]) == 0)
            end_slots(s, s->tape[k], 0);
    return good;
}

static bool check_all(scene *s)
{
    for (int i = 0; i < SLOTS; i++)
        if (!check_slot(s, &s->slot[i]))
            return false;
    for (int i = 0; i < TAPES; i++) {
        ad_tape_info info = {.size = sizeof info};
        ad_tape_measure(s->tape[i], &info);
        if (s->tape[i]->guard.depth > s->tape[i]->inner_begun || s->tape[i]->guard.readers)
            return scene_fail(s, "a call has not left the tape");
        if (info.bytes_reserved < info.bytes_used)
            return scene_fail(s, "less is reserved than used");
    }
    return true;
}

bool scene_step(scene *s, uint64_t number)
{
    s->draw = number;
    s->used = 0;
    s->writes = false;
    s->call = "";
    choose_like(s);
    if (!s->alone)
        return call_one(s);
    failure before = failure_of(s->tape[0]);
    uint64_t kind = draw_below(s, 64);
    bool good = true;
    if (kind == 0) {
        scene_tell(s, "ad_tape_free, and another tape");
        free_and_renew(s, (int)draw_below(s, TAPES));
        good = s->tape[0] && s->tape[1];
    } else if (kind < 8 && before.status == AD_OK) {
        s->call = "shadow";
        good = shadow_step(s);
    } else {
        good = call_one(s) && check_failure(s, &before);
        s->succeeded += before.status == AD_OK && ad_tape_status(s->tape[0]) == AD_OK;
        if (good && ad_tape_status(s->tape[0]) != AD_OK && draw_below(s, 4)) {
            scene_tell(s, "; recovered");
            good = recover(s, s->tape[0]);
            if (good)
                fill(s);
        }
        if (good && ad_tape_status(s->tape[1]) != AD_OK)
            good = recover(s, s->tape[1]);
    }
    return good && (number % 8 || check_all(s));
}
