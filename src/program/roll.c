/* Rolling: loops are looked for with short bodies first, then, over what has become loops, with longer ones.
 *
 * A body may repeat from item i on, after P items, only if the operations of the next P items are those of the P after
 * them. Polynomial hashes of all beginnings of the list tell that in one step. The lengths P to try come from
 * where the next few items occur again. Then items are compared one by one. */
#include "program/roll.h"

#include "base/memory.h"

#include <string.h>

enum {
    GRAM = 4,        /* items that must occur again */
    TRIES = 16,      /* lengths of a body, at one place */
    NEAR = 8,        /* distances of operands that a gram knows */
    LEAST_TIMES = 3, /* with two iterations, all operands would be affine */
    TABLE_BITS = 16
};

static const uint32_t longest[] = {16, 512, 8192, 262144, UINT32_MAX}; /* bodies, pass by pass */

/* A pass over the items, which are at the end of the roll's list. */
typedef struct rolling {
    ad_rolled *roll;
    uint32_t *item;   /* [count] */
    uint64_t *hash;   /* [count + 1] of the items before: of operations alone */
    uint64_t *power;  /* [count + 1] of the base of the hashes */
    uint32_t *again;  /* [count] where the gram that begins here does the next time, or NONE */
    uint32_t *recent; /* [1 << TABLE_BITS] where a gram was seen last */
    uint32_t count, room, least, longest;
} rolling;

#define NONE UINT32_MAX
#define BASE UINT64_C(0x9e3779b97f4a7c15)

static uint64_t mix(uint64_t h, uint64_t word)
{
    h = (h ^ word) * UINT64_C(0xff51afd7ed558ccd);
    return h ^ h >> 32;
}

/* ---- hashes ------------------------------------------------------------------------- */

enum { CONSTANT, INPUT, NODE };

static uint32_t kind_of(const ad_program *p, uint32_t value)
{
    return value < p->constants ? CONSTANT : value < ad_program_first_node(p) ? INPUT : NODE;
}

/* Of what must be the same in all iterations: for a node, the operation and the kinds of operands. */
static uint64_t hash_of_item(const ad_rolled *roll, uint32_t item)
{
    const ad_program *p = roll->program;
    uint64_t h = 1;
    if (ad_rolled_is_loop(item)) {
        const ad_rolled_loop *l = ad_rolled_loop_of(roll, item);
        h = mix(mix(2, l->times), l->period);
        for (uint32_t i = 0; i < l->items && i < GRAM; i++)
            h = mix(h, hash_of_item(roll, roll->item[l->body + i]));
        return h;
    }
    const ad_program_node *n = &p->node[item];
    for (uint32_t k = 0; k < ad_program_ops[n->op].arity; k++)
        h = 4 * h + kind_of(p, n->of[k]);
    return mix(n->op, h);
}

/* Of what is likely to be the same: near operands as well. */
static uint64_t sharp_hash_of_item(const ad_rolled *roll, uint32_t item, uint64_t h)
{
    const ad_program *p = roll->program;
    if (ad_rolled_is_loop(item))
        return h;
    const ad_program_node *n = &p->node[item];
    const uint32_t value = item + ad_program_first_node(p);
    for (uint32_t k = 0; k < ad_program_ops[n->op].arity; k++)
        h = 16 * h + (value - n->of[k] < NEAR ? value - n->of[k] : 0);
    return h;
}

/* Fills in all hashes, from the end. */
static void find_grams(rolling *r)
{
    uint64_t gram[GRAM] = {0};
    memset(r->recent, 0xff, (sizeof *r->recent) << TABLE_BITS);
    for (uint32_t i = r->count; i-- > 0;) {
        uint64_t own = r->hash[i + 1], h = 0;
        gram[i % GRAM] = sharp_hash_of_item(r->roll, r->item[i], own);
        for (uint32_t k = 0; k < GRAM; k++)
            h = mix(h, gram[(i + k) % GRAM]);
        uint32_t *recent = &r->recent[h >> 13 & ((1U << TABLE_BITS) - 1)];
        r->again[i] = *recent;
        *recent = i;
    }
}

static void find_hashes(rolling *r)
{
    for (uint32_t i = 0; i < r->count; i++)
        r->hash[i + 1] = hash_of_item(r->roll, r->item[i]);
    find_grams(r);
    r->hash[0] = 0;
    r->power[0] = 1;
    for (uint32_t i = 0; i < r->count; i++) {
        r->hash[i + 1] += r->hash[i] * BASE;
        r->power[i + 1] = r->power[i] * BASE;
    }
}

static uint64_t hash_of_range(const rolling *r, uint32_t from, uint32_t length)
{
    return r->hash[from + length] - r->hash[from] * r->power[length];
}

/* ---- comparing iterations ----------------------------------------------------------- */

/* The loops around an item, from the inside. */
typedef struct around {
    const struct around *outer;
    uint32_t period;
} around;

/* Whether node y is to node z as node x is to node y: operands move on by as much, and within inner loops as much
 * from one iteration to the next. */
static bool same_steps(const ad_program *p, const around *loops, uint32_t x, uint32_t y, uint32_t z)
{
    const ad_program_node *a = &p->node[x], *b = &p->node[y], *c = &p->node[z];
    const bool guard = a->op == AD_PROGRAM_guard;
    if (a->op != b->op || b->op != c->op ||
        (guard && (a->of[1] != b->of[1] || b->of[1] != c->of[1])))
        return false;
    for (uint32_t k = 0; k < ad_program_ops[a->op].arity; k++) {
        const uint32_t kind = kind_of(p, a->of[k]);
        if (kind_of(p, b->of[k]) != kind || kind_of(p, c->of[k]) != kind)
            return false;
        if (kind == CONSTANT)
            continue;
        if (b->of[k] - a->of[k] != c->of[k] - b->of[k])
            return false;
        for (const around *l = loops; l; l = l->outer)
            if (ad_rolled_stride(p, x, l->period, k) != ad_rolled_stride(p, y, l->period, k) ||
                ad_rolled_stride(p, y, l->period, k) != ad_rolled_stride(p, z, l->period, k))
                return false;
    }
    return true;
}

/* The same of whole items, which begin `shift` nodes apart. x is an item of the first of three. */
static bool same_items(const ad_rolled *roll, const around *loops, uint32_t item, uint32_t from,
                       uint32_t shift)
{
    if (!ad_rolled_is_loop(item))
        return same_steps(roll->program, loops, item + from, item + from + shift,
                          item + from + 2 * shift);
    const ad_rolled_loop *l = ad_rolled_loop_of(roll, item);
    const around inner = {loops, l->period};
    for (uint32_t i = 0; i < l->items; i++)
        if (!same_items(roll, &inner, roll->item[l->body + i], from, shift))
            return false;
    return true;
}

/* Whether two items are alike: nodes, or loops of the same bodies. */
static bool same_form(const ad_rolled *roll, uint32_t x, uint32_t y)
{
    if (!ad_rolled_is_loop(x) || !ad_rolled_is_loop(y))
        return !ad_rolled_is_loop(x) && !ad_rolled_is_loop(y);
    const ad_rolled_loop *a = ad_rolled_loop_of(roll, x), *b = ad_rolled_loop_of(roll, y);
    if (a->times != b->times || a->period != b->period || a->items != b->items)
        return false;
    for (uint32_t i = 0; i < a->items; i++)
        if (!same_form(roll, roll->item[a->body + i], roll->item[b->body + i]))
            return false;
    return true;
}

/* A body that may repeat: `length` items from `at` on, `shift` nodes apart. */
typedef struct candidate {
    uint32_t at, length, shift;
} candidate;

/* Whether item `which` of iterations `times` - 1 and `times` goes on as before. */
static bool goes_on(const rolling *r, const candidate *c, uint32_t which, uint32_t times)
{
    const uint32_t *item = r->item + c->at + which;
    const uint32_t last = item[(times - 1) * c->length], next = item[times * c->length];
    const uint32_t first = ad_rolled_first(r->roll, *item);
    return same_form(r->roll, *item, last) && same_form(r->roll, *item, next) &&
           ad_rolled_first(r->roll, last) - first == (times - 1) * c->shift &&
           ad_rolled_first(r->roll, next) - first == times * c->shift &&
           same_items(r->roll, NULL, *item, (times - 2) * c->shift, c->shift);
}

/* How often the body is there, if it is at least twice. */
static uint32_t count_times(const rolling *r, const candidate *c)
{
    uint32_t times = 2;
    for (uint32_t from = c->at + c->length; r->count - from >= 2 * c->length; from += c->length) {
        if (hash_of_range(r, from, c->length) != hash_of_range(r, from + c->length, c->length))
            break;
        for (uint32_t i = 0; i < c->length; i++)
            if (!goes_on(r, c, i, times))
                return times;
        times++;
    }
    return times;
}

/* ---- passes ------------------------------------------------------------------------- */

/* The length of a body that repeats from `at` on, and how often it is there; or 0. */
static uint32_t find_loop(const rolling *r, uint32_t at, uint32_t *times)
{
    uint32_t again = r->again[at];
    for (int i = 0; i < TRIES && again != NONE; i++, again = r->again[again]) {
        const uint32_t length = again - at;
        if (length > r->longest || (r->count - at) / LEAST_TIMES < length)
            return 0;
        if (hash_of_range(r, at, length) != hash_of_range(r, again, length) ||
            hash_of_range(r, again, length) != hash_of_range(r, again + length, length))
            continue;
        const candidate c = {at, length,
                             ad_rolled_first(r->roll, r->item[again]) -
                                 ad_rolled_first(r->roll, r->item[at])};
        *times = count_times(r, &c);
        if (*times >= LEAST_TIMES && (uint64_t)(*times - 1) * c.shift >= r->least)
            return length;
    }
    return 0;
}

static bool has_room(ad_rolled *roll)
{
    const ad_allocator *allocator = roll->program->options.allocator;
    if (roll->loops < roll->loops_room)
        return true;
    const uint32_t room = 2 * roll->loops_room + 16;
    ad_rolled_loop *more = ad_memory_take(allocator, room * sizeof *more);
    if (!more)
        return false;
    if (roll->loops)
        memcpy(more, roll->loop, roll->loops * sizeof *more);
    ad_memory_give(allocator, roll->loop, roll->loops_room * sizeof *more);
    roll->loop = more;
    roll->loops_room = room;
    return true;
}

/* The items become a loop, which is returned; or NONE without memory. The body goes to the roll's list: there is
 * room, since a list of items loses more of them than its bodies have. */
static uint32_t make_loop(rolling *r, uint32_t at, uint32_t length, uint32_t times)
{
    ad_rolled *roll = r->roll;
    if (!has_room(roll))
        return NONE;
    const uint32_t first = ad_rolled_first(roll, r->item[at]);
    roll->loop[roll->loops] =
        (ad_rolled_loop){.first = first,
                         .times = times,
                         .period = ad_rolled_first(roll, r->item[at + length]) - first,
                         .body = roll->top,
                         .items = length};
    memcpy(roll->item + roll->top, r->item + at, length * sizeof *r->item);
    roll->top += length;
    return roll->loops++ | AD_ROLLED_LOOP;
}

/* False without memory. */
static bool pass(rolling *r)
{
    uint32_t to = 0, times = 0;
    find_hashes(r);
    for (uint32_t at = 0; at < r->count;) {
        uint32_t length = find_loop(r, at, &times);
        uint32_t item = length ? make_loop(r, at, length, times) : r->item[at];
        if (item == NONE)
            return false;
        r->item[to++] = item;
        at += length ? length * times : 1;
    }
    r->count = to;
    return true;
}

static bool roll_all(rolling *r)
{
    for (size_t i = 0; i < sizeof longest / sizeof *longest; i++) {
        r->longest = longest[i];
        for (uint32_t before = r->count + 1; before > r->count;) {
            before = r->count;
            if (!pass(r))
                return false;
        }
        if (LEAST_TIMES * (uint64_t)r->longest > r->count)
            break;
    }
    memcpy(r->roll->item + r->roll->top, r->item, r->count * sizeof *r->item);
    r->roll->items = r->count;
    return true;
}

/* ---- life --------------------------------------------------------------------------- */

bool ad_rolled_make(ad_rolled *roll, const ad_program *p, uint32_t least)
{
    const ad_allocator *allocator = p->options.allocator;
    const size_t count = p->nodes, each = 2 * sizeof(uint64_t) + 2 * sizeof(uint32_t);
    const size_t bytes = ad_size_add(ad_size_mul(count + 1, each), sizeof(uint32_t) << TABLE_BITS);
    *roll = (ad_rolled){.program = p, .items_room = p->nodes};
    roll->item = ad_memory_take(allocator, count * sizeof *roll->item);
    rolling r = {
        .roll = roll, .hash = ad_memory_take(allocator, bytes), .count = p->nodes, .least = least};
    bool good = roll->item && r.hash;
    if (good) {
        r.power = r.hash + count + 1;
        r.item = (uint32_t *)(r.power + count + 1);
        r.again = r.item + count + 1;
        r.recent = r.again + count + 1;
        for (uint32_t i = 0; i < r.count; i++)
            r.item[i] = i;
        good = roll_all(&r);
    }
    if (r.hash)
        ad_memory_give(allocator, r.hash, bytes);
    if (!good)
        ad_rolled_free(roll);
    return good;
}

void ad_rolled_free(ad_rolled *roll)
{
    const ad_allocator *allocator = roll->program->options.allocator;
    if (roll->item)
        ad_memory_give(allocator, roll->item, roll->items_room * sizeof *roll->item);
    if (roll->loop)
        ad_memory_give(allocator, roll->loop, roll->loops_room * sizeof *roll->loop);
    *roll = (ad_rolled){.program = roll->program};
}
