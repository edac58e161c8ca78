/* Plans: the addresses of what is stored, and whether they are affine where they are read. */
#include "program/plan.h"

enum { LEAST_TABLE = 64 }; /* addresses: a longer table is worth a cut */

/* ---- numbering ---------------------------------------------------------------------- */

/* In the order of execution. */
static void number(ad_plan *plan)
{
    uint32_t next = 0, before[AD_PLAN_DEEPEST];
    for (uint32_t i = 0; i < plan->events.count; i++) {
        const ad_plan_event *event = ad_plan_event_at(plan, i);
        if (event->kind == AD_PLAN_STATEMENT) {
            ad_plan_statement *s = ad_plan_statement_at(plan, event->at);
            s->address = next;
            next += s->stored;
            continue;
        }
        ad_plan_loop *l = ad_plan_loop_at(plan, event->at);
        if (event->kind == AD_PLAN_OPEN) {
            before[l->depth - 1] = next;
            continue;
        }
        l->stored = next - before[l->depth - 1];
        next = before[l->depth - 1] + l->times * l->stored;
    }
    plan->stored = next;
}

uint32_t ad_plan_address(const ad_plan *plan, uint32_t node)
{
    const ad_plan_statement *s = ad_plan_statement_at(plan, plan->statement_of[node]);
    uint32_t chain[AD_PLAN_DEEPEST], address = s->address, rest = node - s->node;
    const uint32_t depth = ad_plan_chain(plan, s->loop, chain);
    for (uint32_t k = 0; k < depth; k++) {
        const ad_plan_loop *l = ad_plan_loop_at(plan, chain[k]);
        address += rest / l->period * l->stored;
        rest %= l->period;
    }
    return address;
}

/* ---- reads -------------------------------------------------------------------------- */

/* A read from memory, with the loops around it from the outside. */
typedef struct memory_read {
    const ad_plan *plan;
    ad_plan_read *read;
    uint32_t depth, chain[AD_PLAN_DEEPEST], times[AD_PLAN_DEEPEST];
    const int32_t *stride; /* of values */
    int32_t *step;         /* of addresses */
} memory_read;

static memory_read begin(const ad_plan *plan, ad_plan_read *r)
{
    memory_read a = {.plan = plan, .read = r, .stride = ad_plan_strides_at(plan, r->stride)};
    a.depth = ad_plan_chain(plan, r->loop, a.chain);
    a.step = ad_plan_strides_at(plan, r->stride) + a.depth;
    for (uint32_t k = 0; k < a.depth; k++)
        a.times[k] = ad_plan_loop_at(plan, a.chain[k])->times;
    return a;
}

static uint32_t address_of(const memory_read *a, int64_t value)
{
    return ad_plan_address(a->plan, (uint32_t)(value - ad_program_first_node(a->plan->program)));
}

/* The steps, from the first two iterations of each loop. */
static void find_steps(const memory_read *a)
{
    for (uint32_t k = 0; k < a->depth; k++)
        a->step[k] =
            (int32_t)(address_of(a, (int64_t)a->read->value + a->stride[k]) - a->read->from);
}

/* The number of outer loops beside whose counters the address is not affine in those of the loops from `level` on. 0:
 * it is affine in all. */
static uint32_t bent_levels(const memory_read *a, uint32_t level, int64_t value)
{
    uint32_t bent = 0;
    if (level == a->depth)
        return 0;
    const uint32_t start = address_of(a, value);
    for (uint32_t i = 0; i < (a->stride[level] ? a->times[level] : 1); i++) {
        const int64_t next = value + (int64_t)i * a->stride[level];
        if (bent < level + 1 && address_of(a, next) != start + i * (uint32_t)a->step[level])
            bent = level + 1;
        const uint32_t inner = bent_levels(a, level + 1, next);
        bent = inner > bent ? inner : bent;
    }
    return bent;
}

/* ---- cuts --------------------------------------------------------------------------- */

/* The iteration from which on the addresses take other steps: one side of it has but one kind. Or 0. */
static uint32_t find_cut(const memory_read *a, uint32_t level)
{
    const uint32_t times = a->times[level];
    uint32_t last = address_of(a, a->read->value), step = 0;
    for (uint32_t i = 1; i < times; i++) {
        const uint32_t now = address_of(a, a->read->value + (int64_t)i * a->stride[level]);
        if (i > 1 && now - last != step) {
            const uint32_t next =
                i + 1 < times
                    ? address_of(a, a->read->value + (int64_t)(i + 1) * a->stride[level]) - now
                    : step;
            return i == 2 && next == now - last ? 1 : i;
        }
        step = now - last;
        last = now;
    }
    return 0;
}

/* Marks the loop that must be cut for a read with a long table. */
static bool mark_cut(const memory_read *a, uint32_t levels)
{
    ad_plan_loop *l = ad_plan_loop_at(a->plan, a->chain[levels - 1]);
    if (ad_plan_table_size(a->plan, a->read) < LEAST_TABLE || l->period == 0)
        return false;
    const uint32_t cut = l->cut ? l->cut : find_cut(a, levels - 1);
    l->cut = cut;
    return cut;
}

/* ---- all ---------------------------------------------------------------------------- */

bool ad_plan_find_addresses(ad_plan *plan, bool may_cut)
{
    bool cuts = false;
    number(plan);
    for (uint32_t i = 0; i < plan->reads.count; i++) {
        ad_plan_read *r = ad_plan_read_at(plan, i);
        if (r->source != AD_PLAN_MEMORY)
            continue;
        const memory_read a = begin(plan, r);
        r->from = address_of(&a, r->value);
        find_steps(&a);
        const uint32_t bent = bent_levels(&a, 0, r->value);
        if (!bent)
            continue;
        r->source = AD_PLAN_TABLE;
        for (uint32_t k = 0; k < bent; k++)
            r->levels |= a.stride[k] ? UINT32_C(1) << k : 0;
        cuts = (may_cut && mark_cut(&a, bent)) || cuts;
    }
    return cuts;
}
