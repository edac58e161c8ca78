/* Which inputs each value of a program depends on. */
#include "program/columns.h"

#include "base/memory.h"
#include "program/transform.h"

#include <string.h>

enum { SHORT_LIST = 64 }; /* lists up to this length are always made */

static bool ran_out(ad_columns *c, size_t bytes)
{
    c->status = ad_fail(c->error, AD_MEMORY, "sparsity: memory ran out: %zu bytes", bytes);
    return false;
}

/* ---- inputs ------------------------------------------------------------------------- */

static ad_status check_once(const ad_program *p, size_t count, const size_t *by, bool *seen,
                            const char *name, ad_error *error)
{
    memset(seen, 0, p->inputs);
    for (size_t i = 0; i < count; i++) {
        if (by[i] >= p->inputs)
            return ad_fail(error, AD_MISUSE, "%s: by input %zu of %u", name, by[i], p->inputs);
        if (seen[by[i]])
            return ad_fail(error, AD_MISUSE, "%s: by input %zu twice", name, by[i]);
        seen[by[i]] = true;
    }
    return AD_OK;
}

bool ad_columns_check(const ad_program *p, size_t count, const size_t *by, const char *name,
                      ad_error *error)
{
    if (!ad_program_given(p, name, error))
        return false;
    if (!by && count != p->inputs) {
        ad_fail(error, AD_MISUSE, "%s: by is NULL, and %zu are not all %u inputs", name, count,
                p->inputs);
        return false;
    }
    if (!by)
        return true;
    bool *seen = ad_memory_take(p->options.allocator, p->inputs);
    if (!seen) {
        ad_fail(error, AD_MEMORY, "%s: memory ran out", name);
        return false;
    }
    ad_status status = check_once(p, count, by, seen, name, error);
    ad_memory_give(p->options.allocator, seen, p->inputs);
    return status == AD_OK;
}

/* ---- the pool ----------------------------------------------------------------------- */

static const ad_allocator *allocator_of(const ad_columns *c)
{
    return c->program->options.allocator;
}

/* Room for a list of this length at the end. */
static bool widen(ad_columns *c, size_t length)
{
    size_t room = 2 * (c->used + length + 1);
    uint32_t *wider = ad_memory_take(allocator_of(c), ad_size_mul(room, sizeof *wider));
    if (!wider)
        return ran_out(c, ad_size_mul(room, sizeof *wider));
    if (c->pool) {
        memcpy(wider, c->pool, c->used * sizeof *wider);
        ad_memory_give(allocator_of(c), c->pool, c->room * sizeof *wider);
    }
    c->pool = wider;
    c->room = room;
    return true;
}

static inline bool reserve(ad_columns *c, size_t length)
{
    return c->used + length + 1 <= c->room || widen(c, length);
}

/* Merges two lists into another. Its length. */
static inline uint32_t merge(const uint32_t *a, size_t n, const uint32_t *b, size_t m, uint32_t *to)
{
    const uint32_t *first = to, *a_end = a + n, *b_end = b + m;
    while (a < a_end && b < b_end) {
        const uint32_t x = *a, y = *b;
        if (x < y) {
            *to++ = x;
            a++;
        } else {
            *to++ = y;
            b++;
            if (x == y)
                a++;
        }
    }
    while (a < a_end)
        *to++ = *a++;
    while (b < b_end)
        *to++ = *b++;
    return (uint32_t)(to - first);
}

/* Whether a list of this length may be made; else there are long lists from here on. */
static AD_APART bool may_make(ad_columns *c, size_t length)
{
    if (length > SHORT_LIST)
        c->work += length;
    if ((length > SHORT_LIST && c->work > c->limit) || c->used + length + 1 >= AD_LONG_LIST)
        c->has_long = true;
    else if (reserve(c, length))
        return true;
    return false;
}

/* The list of both, which may be that of one. */
static uint32_t unite_unlike(ad_columns *c, uint32_t a, uint32_t b)
{
    if (a == AD_LONG_LIST || b == AD_LONG_LIST)
        return AD_LONG_LIST;
    const size_t n = c->pool[a], m = c->pool[b], used = c->used;
    if ((n + m > SHORT_LIST || used + SHORT_LIST >= c->room) && !may_make(c, n + m))
        return AD_LONG_LIST;
    uint32_t *to = c->pool + used;
    const uint32_t both = merge(c->pool + a + 1, n, c->pool + b + 1, m, to + 1);
    if (both == n || both == m)
        return both == n ? a : b;
    *to = both;
    c->used = used + both + 1;
    return (uint32_t)used;
}

static inline uint32_t unite(ad_columns *c, uint32_t a, uint32_t b)
{
    if (a == b || b == AD_EMPTY_LIST)
        return a;
    return a == AD_EMPTY_LIST ? b : unite_unlike(c, a, b);
}

/* ---- propagation -------------------------------------------------------------------- */

static void begin_inputs(ad_columns *c, size_t count, const size_t *by)
{
    const ad_program *p = c->program;
    memset(c->list, 0, ad_program_first_node(p) * sizeof *c->list);
    c->pool[AD_EMPTY_LIST] = 0;
    c->used = 1;
    for (size_t i = 0; i < count; i++) {
        c->list[p->constants + ad_by(by, i)] = (uint32_t)c->used;
        c->pool[c->used++] = 1;
        c->pool[c->used++] = (uint32_t)i;
    }
}

static void propagate(ad_columns *c, const bool *needed)
{
    const ad_program *p = c->program;
    uint32_t *list = c->list, *to = list + ad_program_first_node(p);
    needed += needed ? ad_program_first_node(p) : 0;
    for (const ad_program_node *n = p->node; n < p->node + p->nodes; n++) {
        const bool skip = needed && !*needed++;
        const uint8_t first = skip ? 0 : ad_first_of(c->linearity, n->op);
        uint32_t all = first & 1 ? list[n->of[0]] : AD_EMPTY_LIST;
        if (first & 2)
            all = unite(c, all, list[n->of[1]]);
        if (first & 4)
            all = unite(c, all, list[n->of[2]]);
        *to++ = all;
    }
}

void ad_columns_find_needed(const ad_program *p, ad_linearity *linearity, bool *needed)
{
    for (uint32_t i = p->nodes; i-- > 0;) {
        const ad_program_node *n = &p->node[i];
        const bool is_needed = needed[ad_program_first_node(p) + i];
        const uint8_t operands = is_needed ? ad_first_of(linearity, n->op) : 0;
        for (uint32_t k = 0; operands >> k; k++)
            if (operands >> k & 1)
                needed[n->of[k]] = true;
    }
}

bool ad_columns_begin(ad_columns *c, const ad_program *p, ad_linearity *linearity, size_t count,
                      const size_t *by, const bool *needed, uint64_t limit, ad_error *error)
{
    *c = (ad_columns){
        .program = p, .linearity = linearity, .error = error, .columns = count, .limit = limit};
    size_t bytes = ad_size_mul(ad_program_values(p), sizeof *c->list);
    c->list = ad_memory_take(p->options.allocator, bytes);
    if (!c->list)
        return ran_out(c, bytes);
    if (!reserve(c, ad_size_add(ad_size_mul(2, count), p->nodes / 4)))
        return false;
    begin_inputs(c, count, by);
    propagate(c, needed);
    return c->status == AD_OK;
}

void ad_columns_end(ad_columns *c)
{
    if (c->list)
        ad_memory_give(allocator_of(c), c->list, ad_program_values(c->program) * sizeof *c->list);
    if (c->pool)
        ad_memory_give(allocator_of(c), c->pool, c->room * sizeof *c->pool);
    ad_largest_end(&c->values);
    ad_largest_end(&c->set);
    c->list = c->pool = NULL;
}

uint64_t ad_columns_limit(const ad_program *p)
{
    return ad_program_values(p) / 2 + 16384;
}

/* ---- lists that were too long ------------------------------------------------------- */

static bool begin_walks(ad_columns *c)
{
    if (c->values.levels)
        return true;
    if (ad_largest_begin(&c->values, ad_program_values(c->program), allocator_of(c)) &&
        ad_largest_begin(&c->set, c->columns, allocator_of(c)))
        return true;
    ad_largest_end(&c->values);
    return ran_out(c, ad_program_values(c->program) / 8);
}

static size_t add_columns(ad_columns *c, uint32_t list)
{
    const uint32_t *column, length = ad_columns_of(c, list, &column);
    for (uint32_t i = 0; i < length; i++)
        ad_largest_add(&c->set, column[i]);
    return length;
}

/* All columns of a value, to the set. At least as many as there are. */
static size_t walk(ad_columns *c, uint32_t value)
{
    size_t found = 0;
    ad_largest_add(&c->values, value);
    while (ad_largest_take(&c->values, &value)) {
        if (c->list[value] != AD_LONG_LIST) {
            found += add_columns(c, c->list[value]);
            continue;
        }
        const ad_program_node *n = ad_value_node(c->program, value);
        for (uint32_t k = 0; k < ad_program_ops[n->op].arity; k++)
            if (ad_columns_passes(c, n, k))
                ad_largest_add(&c->values, n->of[k]);
    }
    return found < c->columns ? found : c->columns;
}

/* The set as a list, for which there is room: that which was made last, if it is the same. */
static uint32_t keep_set(ad_columns *c, size_t most)
{
    uint32_t *list = c->pool + c->used, *end = list + 1 + most, length = 0, column;
    while (ad_largest_take(&c->set, &column))
        end[-1 - (ptrdiff_t)length++] = column;
    memmove(list + 1, end - length, length * sizeof *list);
    *list = length;
    if (memcmp(list, c->pool + c->last, (length + 1) * sizeof *list) == 0)
        return c->last;
    c->last = (uint32_t)c->used;
    c->used += length + 1;
    return c->last;
}

bool ad_columns_complete(ad_columns *c, uint32_t value)
{
    if (c->list[value] != AD_LONG_LIST)
        return true;
    if (!begin_walks(c))
        return false;
    const size_t most = walk(c, value);
    if (c->used + most + 1 >= AD_LONG_LIST) {
        c->status = ad_fail(c->error, AD_TOO_LARGE, "sparsity: more than 2^32 entries");
        return false;
    }
    if (!reserve(c, most))
        return false;
    c->list[value] = keep_set(c, most);
    return true;
}
