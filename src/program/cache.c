/* Programs of a function that branches, by the outcomes of their guards.
 *
 * All programs of the set begin with the same operations up to the first guard, those with its outcome go on with
 * the same operations up to the second one, and so on. So where a run fails at some guard, the outcomes before it are
 * those of the program, and the one that fits has them, too, and the other outcome there. */
#include "adze/program/cache.h"

#include "adze/program/derivatives.h"
#include "adze/program/map.h"
#include "base/memory.h"
#include "base/sized.h"
#include "program/named.h"
#include "program/scalar.h"

#include <string.h>

enum { LIMIT = 64 };

typedef struct entry {
    ad_program *program;
    unsigned char *outcome; /* [guards] 0 or 1 */
    uint64_t used;          /* the number of the call that used it last */
    uint64_t tried;         /* the same, of one that it did not fit */
} entry;

struct ad_program_cache {
    ad_program_cache_options options;
    ad_real_function *f;
    const void *env;
    size_t n, m, outputs;
    size_t *by; /* [options.count], or NULL: all */
    entry *list;
    size_t count, room, last; /* last: used last */
    double *work;
    size_t work_room; /* numbers */
    uint64_t clock;   /* of calls */
    uint64_t hits, misses, tries, dropped;
};

static ad_status no_memory(ad_error *error, size_t bytes)
{
    return ad_fail(error, AD_MEMORY, "program_cache: memory ran out: %zu bytes", bytes);
}

/* ---- life --------------------------------------------------------------------------- */

static size_t outputs_of(const ad_program_cache_options *o, size_t m)
{
    const size_t k = o->count, triangle = k % 2 ? ad_size_mul((k + 1) / 2, k)
                                                : ad_size_mul(k / 2, ad_size_add(k, 1));
    switch (o->derive) {
    case AD_DERIVE_NONE:
        return m;
    case AD_DERIVE_HESSIAN:
        return ad_size_add(ad_size_add(1, k), triangle);
    default:
        return ad_size_add(m, ad_size_mul(m, k));
    }
}

/* Fills in *o from what is given. AD_MISUSE where it makes no sense. */
static ad_status read_options(const ad_program_cache_options *given, size_t n, size_t m,
                              ad_program_cache_options *o, ad_error *error)
{
    *o = (ad_program_cache_options){.size = sizeof *o};
    if (given && !ad_sized_read(o, sizeof *o, given, AD_END_OF(ad_program_cache_options, limit)))
        return ad_fail(error, AD_MISUSE, "program_cache: options->size is not set");
    ad_program_options own, its = {.size = sizeof its, .allow = o->allow};
    if (!ad_program_options_read(&its, &own, error))
        return AD_MISUSE;
    o->limit = o->limit ? o->limit : LIMIT;
    if ((unsigned)o->derive > AD_DERIVE_HESSIAN)
        return ad_fail(error, AD_MISUSE, "program_cache: there is no such derivative: %d",
                       (int)o->derive);
    if ((o->derive == AD_DERIVE_GRADIENT || o->derive == AD_DERIVE_HESSIAN) && m != 1)
        return ad_fail(error, AD_MISUSE,
                       "program_cache: a gradient or Hessian of %zu results, not one", m);
    if (!o->by && o->count && o->count != n)
        return ad_fail(error, AD_MISUSE, "program_cache: %zu are not all %zu inputs", o->count, n);
    for (size_t i = 0; o->by && i < o->count; i++)
        if (o->by[i] >= n)
            return ad_fail(error, AD_MISUSE, "program_cache: derivatives by input %zu of %zu",
                           o->by[i], n);
    o->count = o->by ? o->count : n;
    return AD_OK;
}

/* Keeps a copy of the inputs that derivatives are by. */
static bool copy_by(ad_program_cache *c, ad_error *error)
{
    const ad_program_cache_options *o = &c->options;
    if (!o->by)
        return true;
    c->by = ad_memory_take(o->allocator, ad_size_mul(o->count, sizeof *c->by));
    if (c->by && o->count)
        memcpy(c->by, o->by, o->count * sizeof *c->by);
    if (!c->by)
        no_memory(error, o->count * sizeof *c->by);
    return c->by;
}

ad_program_cache *ad_program_cache_new(ad_real_function *f, size_t n, size_t m, const void *env,
                                       const ad_program_cache_options *given, ad_error *error)
{
    ad_program_cache_options o;
    if (!f) {
        ad_fail(error, AD_MISUSE, "program_cache: f is NULL");
        return NULL;
    }
    if (read_options(given, n, m, &o, error) != AD_OK)
        return NULL;
    ad_program_cache *c = ad_memory_take(o.allocator, sizeof *c);
    if (!c) {
        no_memory(error, sizeof *c);
        return NULL;
    }
    *c = (ad_program_cache){
        .options = o, .f = f, .env = env, .n = n, .m = m, .outputs = outputs_of(&o, m)};
    if (copy_by(c, error))
        return c;
    ad_program_cache_free(c);
    return NULL;
}

static void free_entry(const ad_program_cache *c, entry *e)
{
    if (e->outcome)
        ad_memory_give(c->options.allocator, e->outcome, e->program->guards);
    ad_program_free(e->program);
}

void ad_program_cache_free(ad_program_cache *c)
{
    if (!c)
        return;
    const ad_allocator *allocator = c->options.allocator;
    for (size_t i = 0; i < c->count; i++)
        free_entry(c, &c->list[i]);
    ad_memory_give(allocator, c->list, c->room * sizeof *c->list);
    ad_memory_give(allocator, c->work, c->work_room * sizeof *c->work);
    ad_memory_give(allocator, c->by, c->options.count * sizeof *c->by);
    ad_memory_give(allocator, c, sizeof *c);
}

/* ---- finding ------------------------------------------------------------------------ */

/* The program to try after one that did not fit because of this guard: of those that may fit, the one that was used
 * last. NULL if there is none. */
static entry *next_to_try(const ad_program_cache *c, const entry *failed, uint32_t guard)
{
    entry *best = NULL;
    for (entry *e = c->list; e < c->list + c->count; e++)
        if (e->tried != c->clock && e->program->guards > guard &&
            e->outcome[guard] != failed->outcome[guard] &&
            memcmp(e->outcome, failed->outcome, guard) == 0 && (!best || e->used > best->used))
            best = e;
    return best;
}

static void use(ad_program_cache *c, entry *e)
{
    e->used = c->clock;
    c->last = (size_t)(e - c->list);
}

/* Runs the program that fits. False if there is none. */
static bool run_kept(ad_program_cache *c, const double *x, double *y)
{
    entry *e = c->count ? &c->list[c->last] : NULL;
    c->clock++;
    while (e) {
        uint32_t guard = ad_scalar_run(e->program->scalar, x, y, c->work);
        if (guard == AD_NO_GUARD) {
            use(c, e);
            c->hits++;
            return true;
        }
        e->tried = c->clock;
        c->tries++;
        e = next_to_try(c, e, guard);
    }
    return false;
}

/* ---- recording ---------------------------------------------------------------------- */

static ad_program *record(const ad_program_cache *c, const double *x, ad_error *error)
{
    const ad_program_options options = {
        .size = sizeof options, .allocator = c->options.allocator, .allow = c->options.allow};
    ad_program *p = ad_program_of(c->f, c->n, x, c->m, c->env, &options, error);
    if (!p || c->options.derive == AD_DERIVE_NONE)
        return p;
    ad_program *derived = c->options.derive == AD_DERIVE_HESSIAN
                              ? ad_program_hessian(p, c->options.count, c->by, error)
                              : ad_program_jacobian(p, c->options.count, c->by, error);
    ad_program_free(p);
    return derived;
}

static bool find_outcomes(const ad_program_cache *c, entry *e, ad_error *error)
{
    const ad_program *p = e->program;
    e->outcome = ad_memory_take(c->options.allocator, p->guards);
    for (uint32_t i = 0; e->outcome && i < p->nodes; i++)
        if (p->node[i].op == AD_PROGRAM_guard)
            e->outcome[p->node[i].of[2]] = p->node[i].of[1] != 0;
    if (!e->outcome)
        no_memory(error, p->guards);
    return e->outcome;
}

/* Room for one program more, as far as the limit goes. */
static bool grow_list(ad_program_cache *c, ad_error *error)
{
    if (c->count < c->room || c->room == c->options.limit)
        return true;
    size_t room = c->room ? 2 * c->room : 4;
    room = room < c->options.limit ? room : c->options.limit;
    entry *list = ad_memory_take(c->options.allocator, ad_size_mul(room, sizeof *list));
    if (!list) {
        no_memory(error, ad_size_mul(room, sizeof *list));
        return false;
    }
    if (c->count)
        memcpy(list, c->list, c->count * sizeof *list);
    ad_memory_give(c->options.allocator, c->list, c->room * sizeof *list);
    c->list = list;
    c->room = room;
    return true;
}

static bool grow_work(ad_program_cache *c, const ad_program *p, ad_error *error)
{
    const size_t work = ad_program_work(p), bytes = ad_size_mul(work, sizeof *c->work);
    if (c->work && work <= c->work_room)
        return true;
    double *more = ad_memory_take(c->options.allocator, bytes);
    if (!more) {
        no_memory(error, bytes);
        return false;
    }
    ad_memory_give(c->options.allocator, c->work, c->work_room * sizeof *more);
    c->work = more;
    c->work_room = work;
    return true;
}

/* A place for a program: a new one, or that of the one that was not used for longest. */
static entry *place_for_one(ad_program_cache *c)
{
    if (c->count < c->room)
        return &c->list[c->count++];
    entry *oldest = c->list;
    for (entry *e = c->list; e < c->list + c->count; e++)
        if (e->used < oldest->used)
            oldest = e;
    free_entry(c, oldest);
    c->dropped++;
    return oldest;
}

/* Records f at x and runs its program. */
static ad_status run_new(ad_program_cache *c, const double *x, double *y, ad_error *error)
{
    ad_error own = {AD_OK, ""};
    entry made = {.program = record(c, x, &own)};
    if (made.program && find_outcomes(c, &made, &own) && grow_list(c, &own) &&
        grow_work(c, made.program, &own) &&
        ad_scalar_run(made.program->scalar, x, y, c->work) != AD_NO_GUARD)
        ad_fail(
            &own, AD_BRANCH,
            "program_cache: a comparison has another outcome in the program than in the function");
    if (own.status != AD_OK) {
        free_entry(c, &made);
        return ad_fail(error, own.status, "%s", own.text);
    }
    entry *e = place_for_one(c);
    *e = made;
    use(c, e);
    c->misses++;
    return AD_OK;
}

ad_status ad_program_cache_run(ad_program_cache *c, const double *x, double *y, ad_error *error)
{
    if (!c || (c->n && !x) || (c->outputs && !y))
        return ad_fail(error, AD_MISUSE, "program_cache_run: the cache, x or y is NULL");
    return run_kept(c, x, y) ? AD_OK : run_new(c, x, y, error);
}

/* ---- many points -------------------------------------------------------------------- */

typedef struct passes {
    ad_program_cache *c;
    const double *x;
    double *y;
    ad_pool *pool;
    size_t left;   /* points that have no results yet */
    size_t *point; /* [left] in order */
    double *some,
        *got; /* [left, n], [left, outputs]: theirs, or NULL: they are all from the second on */
    ad_map_input *in;
    ad_map_output *out;
    unsigned char *differs;
} passes;

/* Runs the program that was used last at all points that are left. */
static ad_status run_pass(passes *p, ad_error *error)
{
    const ad_program_cache *c = p->c;
    const double *x = p->some ? p->some : p->x + p->point[0] * c->n;
    double *y = p->some ? p->got : p->y + p->point[0] * c->outputs;
    ad_map_options options = {.size = sizeof options, .pool = p->pool, .differs = p->differs};
    for (size_t k = 0; p->some && k < p->left && c->n; k++)
        memcpy(p->some + k * c->n, p->x + p->point[k] * c->n, c->n * sizeof *x);
    for (size_t i = 0; i < c->n; i++)
        p->in[i] = (ad_map_input){x + i, (ptrdiff_t)c->n};
    for (size_t j = 0; j < c->outputs; j++)
        p->out[j] = (ad_map_output){y + j, (ptrdiff_t)c->outputs};
    return ad_program_map(c->list[c->last].program, p->left, p->in, p->out, &options, error);
}

/* Keeps the results of points that the program fits; the others are left. */
static void sort_out(passes *p)
{
    ad_program_cache *c = p->c;
    size_t left = 0;
    for (size_t k = 0; k < p->left; k++)
        if (p->differs[k])
            p->point[left++] = p->point[k];
        else if (p->some && c->outputs)
            memcpy(p->y + p->point[k] * c->outputs, p->got + k * c->outputs,
                   c->outputs * sizeof *p->y);
    c->hits += p->left - left;
    p->left = left;
}

static bool take_points(passes *p, size_t *bytes, ad_error *error)
{
    const ad_program_cache *c = p->c;
    const size_t each = ad_size_mul(ad_size_add(c->n, c->outputs), sizeof(double));
    *bytes = ad_size_mul(p->left, each);
    p->some = ad_memory_take(c->options.allocator, *bytes);
    if (p->some)
        p->got = p->some + p->left * c->n;
    else
        no_memory(error, *bytes);
    return p->some;
}

/* The first point alone, which finds the program or makes it; then all that are left with this one. */
static ad_status run_passes(passes *p, ad_error *error)
{
    size_t bytes = 0;
    const ad_program_cache *c = p->c;
    ad_status status = AD_OK;
    while (status == AD_OK && p->left) {
        const size_t first = p->point[0];
        status = ad_program_cache_run(p->c, p->x + first * c->n, p->y + first * c->outputs, error);
        p->point++;
        p->left--;
        if (status == AD_OK && p->left)
            status = run_pass(p, error);
        if (status != AD_OK || !p->left)
            break;
        sort_out(p);
        if (p->left && !p->some && !take_points(p, &bytes, error))
            status = AD_MEMORY;
    }
    if (p->some)
        ad_memory_give(c->options.allocator, p->some, bytes);
    return status;
}

ad_status ad_program_cache_map(ad_program_cache *c, size_t count, const double *x, double *y,
                               ad_pool *pool, ad_error *error)
{
    if (!c || (c->n && count && !x) || (c->outputs && count && !y))
        return ad_fail(error, AD_MISUSE, "program_cache_map: the cache, x or y is NULL");
    const size_t lists = ad_size_add(ad_size_mul(c->n, sizeof(ad_map_input)),
                                     ad_size_mul(c->outputs, sizeof(ad_map_output)));
    const size_t bytes = ad_size_add(lists, ad_size_mul(count, sizeof(size_t) + 1));
    char *memory = ad_memory_take(c->options.allocator, bytes);
    if (!memory)
        return no_memory(error, bytes);
    passes p = {.c = c, .x = x, .y = y, .pool = pool, .left = count};
    p.in = (ad_map_input *)(void *)memory;
    p.out = (ad_map_output *)(p.in + c->n);
    p.point = (size_t *)(p.out + c->outputs);
    p.differs = (unsigned char *)(p.point + count);
    for (size_t i = 0; i < count; i++)
        p.point[i] = i;
    ad_status status = run_passes(&p, error);
    ad_memory_give(c->options.allocator, memory, bytes);
    return status;
}

/* ---- looking ------------------------------------------------------------------------ */

size_t ad_program_cache_outputs(const ad_program_cache *c)
{
    return c ? c->outputs : 0;
}

const ad_program *ad_program_cache_last(const ad_program_cache *c)
{
    return c && c->count ? c->list[c->last].program : NULL;
}

static size_t bytes_of(const ad_program_cache *c)
{
    size_t bytes = sizeof *c + c->room * sizeof *c->list + c->work_room * sizeof *c->work +
                   (c->by ? c->options.count * sizeof *c->by : 0);
    for (size_t i = 0; i < c->count; i++) {
        ad_program_info info = {.size = sizeof info};
        (void)ad_program_measure(c->list[i].program, &info);
        bytes += info.bytes + info.guards;
    }
    return bytes;
}

ad_status ad_program_cache_measure(const ad_program_cache *c, ad_program_cache_info *info)
{
    ad_program_cache_info found = {.size = sizeof found};
    if (!info)
        return AD_MISUSE;
    if (c)
        found = (ad_program_cache_info){.size = sizeof found,
                                        .programs = c->count,
                                        .hits = c->hits,
                                        .misses = c->misses,
                                        .tries = c->tries,
                                        .dropped = c->dropped,
                                        .bytes = bytes_of(c)};
    return ad_sized_write(info, &found, sizeof found, AD_END_OF(ad_program_cache_info, bytes))
               ? AD_OK
               : AD_MISUSE;
}
