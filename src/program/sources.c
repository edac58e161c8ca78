/* Plans: where statements take their operands from, and which results must be stored. */
#include "program/plan.h"

#include <stdlib.h>

enum { LEAST_OUTPUTS = 4 }; /* that are worth a loop */

/* The loops around a read, from the outside, and what changes from one iteration to the next. */
typedef struct surroundings {
    uint32_t depth;
    uint32_t chain[AD_PLAN_DEEPEST];
    const int32_t *stride;
    uint32_t level; /* of the innermost loop whose counter the value depends on, from 1 on; or 0 */
} surroundings;

static surroundings look_around(const ad_plan *plan, const ad_plan_read *r)
{
    surroundings a = {.stride = ad_plan_strides_at(plan, r->stride)};
    a.depth = ad_plan_chain(plan, r->loop, a.chain);
    for (uint32_t k = 0; k < a.depth; k++)
        if (a.stride[k])
            a.level = k + 1;
    return a;
}

/* ---- variables ---------------------------------------------------------------------- */

/* Whether the value depends on the outer `level` counters as what the iteration itself makes does. */
static bool keeps_pace(const ad_plan *plan, const surroundings *a)
{
    for (uint32_t k = 0; k < a->level; k++)
        if (a->stride[k] != (int32_t)ad_plan_loop_at(plan, a->chain[k])->period)
            return false;
    return true;
}

/* Whether a node is made in the first iteration of the first `level` loops. */
static bool is_within(const ad_plan *plan, const surroundings *a, uint32_t node)
{
    if (a->level == 0)
        return true;
    const ad_plan_loop *l = ad_plan_loop_at(plan, a->chain[a->level - 1]);
    return node >= l->first && node - l->first < l->period;
}

/* Whether loops deeper than `level` leave this node in the variable of its statement: it is of their last
 * iterations. */
static bool is_left(const ad_plan *plan, const ad_plan_statement *s, uint32_t level, uint32_t node)
{
    uint32_t chain[AD_PLAN_DEEPEST], last = s->node;
    const uint32_t depth = ad_plan_chain(plan, s->loop, chain);
    for (uint32_t k = level; k < depth; k++) {
        const ad_plan_loop *l = ad_plan_loop_at(plan, chain[k]);
        last += (l->times - 1) * l->period;
    }
    return last == node;
}

/* The statement whose variable has the node within the loops of that level, or AD_PLAN_NONE. */
static uint32_t find_variable(const ad_plan *plan, const surroundings *a, uint32_t part,
                              uint32_t node)
{
    if (!is_within(plan, a, node))
        return AD_PLAN_NONE;
    const uint32_t statement = plan->statement_of[node];
    const ad_plan_statement *s = ad_plan_statement_at(plan, statement);
    return s->part == part && is_left(plan, s, a->level, node) ? statement : AD_PLAN_NONE;
}

static void declare_at(const ad_plan *plan, uint32_t statement, uint32_t level)
{
    ad_plan_statement *s = ad_plan_statement_at(plan, statement);
    if (level < s->level)
        s->level = level;
}

/* ---- variables that are carried to the next iteration -------------------------------- */

static uint32_t find_carried(const ad_plan *plan, uint32_t statement, uint32_t loop)
{
    uint32_t i = ad_plan_statement_at(plan, statement)->carried;
    while (i != AD_PLAN_NONE && ad_plan_carried_at(plan, i)->loop != loop)
        i = ad_plan_carried_at(plan, i)->next;
    return i;
}

/* It starts with the value that the read has in the first iteration. */
static uint32_t add_carried(ad_plan *plan, const ad_plan_read *r, uint32_t statement, uint32_t loop)
{
    const ad_plan_read start = {.value = r->value,
                                .loop = ad_plan_loop_at(plan, loop)->parent,
                                .part = r->part,
                                .stride = r->stride};
    ad_plan_read *to = ad_plan_append(plan, &plan->reads, sizeof *to);
    if (to)
        *to = start;
    ad_plan_carried *carried = ad_plan_append(plan, &plan->carried, sizeof *carried);
    if (!to || !carried)
        return AD_PLAN_NONE;
    ad_plan_statement *s = ad_plan_statement_at(plan, statement);
    *carried = (ad_plan_carried){statement, loop, plan->reads.count - 1, s->carried};
    return s->carried = plan->carried.count - 1;
}

/* Whether it is what the iteration before has left. */
static bool read_carried(ad_plan *plan, uint32_t read, const surroundings *a, uint32_t node)
{
    const ad_plan_read r = *ad_plan_read_at(plan, read);
    if (a->level == 0)
        return false;
    const uint32_t loop = a->chain[a->level - 1];
    const uint32_t next = node + ad_plan_loop_at(plan, loop)->period;
    if (next >= plan->program->nodes)
        return false;
    const uint32_t statement = find_variable(plan, a, r.part, next);
    if (statement == AD_PLAN_NONE)
        return false;
    uint32_t carried = find_carried(plan, statement, loop);
    if (carried == AD_PLAN_NONE)
        carried = add_carried(plan, &r, statement, loop);
    declare_at(plan, statement, a->level);
    ad_plan_read_at(plan, read)->source = AD_PLAN_CARRIED;
    ad_plan_read_at(plan, read)->from = carried;
    return true;
}

/* ---- memory ------------------------------------------------------------------------- */

static void mark_stored(const ad_plan *plan, const surroundings *a, uint32_t level, int64_t node)
{
    if (level == a->depth) {
        ad_plan_statement_at(plan, plan->statement_of[node])->stored = true;
        return;
    }
    const uint32_t times = a->stride[level] ? ad_plan_loop_at(plan, a->chain[level])->times : 1;
    for (uint32_t i = 0; i < times; i++)
        mark_stored(plan, a, level + 1, node + (int64_t)i * a->stride[level]);
}

/* ---- constants ---------------------------------------------------------------------- */

/* Constants have no strides: theirs are in a statement's nodes, or they are outputs. */
static uint32_t constant_at(const ad_plan *plan, uint32_t node, uint32_t k, const surroundings *a,
                            const uint32_t *counter)
{
    for (uint32_t i = 0; i < a->depth; i++)
        node += counter[i] * ad_plan_loop_at(plan, a->chain[i])->period;
    return plan->program->node[node].of[k];
}

/* The loops whose counters the constant depends on, bit by bit. */
static uint32_t constant_levels(const ad_plan *plan, uint32_t node, uint32_t k,
                                const surroundings *a, uint32_t level, uint32_t *counter)
{
    uint32_t levels = 0;
    if (level < a->depth) {
        const uint32_t times = ad_plan_loop_at(plan, a->chain[level])->times;
        for (counter[level] = 0; counter[level] < times; counter[level]++)
            levels |= constant_levels(plan, node, k, a, level + 1, counter);
        return levels;
    }
    const uint32_t now = constant_at(plan, node, k, a, counter);
    for (uint32_t j = 0; j < a->depth; j++) {
        const uint32_t i = counter[j];
        counter[j] = 0;
        levels |= constant_at(plan, node, k, a, counter) != now ? UINT32_C(1) << j : 0;
        counter[j] = i;
    }
    return levels;
}

static void read_constant(ad_plan *plan, ad_plan_read *r, uint32_t node, uint32_t k)
{
    uint32_t counter[AD_PLAN_DEEPEST] = {0};
    const surroundings a = look_around(plan, r);
    r->levels = constant_levels(plan, node, k, &a, 0, counter);
    r->source = r->levels ? AD_PLAN_CONSTANTS : AD_PLAN_CONSTANT;
    r->from = r->value;
}

/* ---- reads -------------------------------------------------------------------------- */

static void find_source(ad_plan *plan, uint32_t read)
{
    ad_plan_read *r = ad_plan_read_at(plan, read);
    const ad_program *p = plan->program;
    if (ad_value_is_constant(p, r->value) || ad_value_is_input(p, r->value)) {
        r->source = ad_value_is_input(p, r->value) ? AD_PLAN_INPUT : AD_PLAN_CONSTANT;
        r->from = ad_value_is_input(p, r->value) ? r->value - p->constants : r->value;
        return;
    }
    const uint32_t node = r->value - ad_program_first_node(p);
    const surroundings a = look_around(plan, r);
    if (keeps_pace(plan, &a)) {
        const uint32_t statement = find_variable(plan, &a, r->part, node);
        r->source = AD_PLAN_VARIABLE;
        r->from = statement;
        if (statement != AD_PLAN_NONE)
            declare_at(plan, statement, a.level);
        if (statement != AD_PLAN_NONE || read_carried(plan, read, &a, node))
            return;
    }
    r->source = AD_PLAN_MEMORY;
    mark_stored(plan, &a, 0, node);
}

/* Room for strides of values and addresses. */
static uint32_t add_strides(ad_plan *plan, uint32_t depth)
{
    const uint32_t place = plan->strides.count;
    for (uint32_t k = 0; k < 2 * depth + 1; k++) {
        int32_t *stride = ad_plan_append(plan, &plan->strides, sizeof *stride);
        if (stride)
            *stride = 0;
    }
    return place;
}

static void add_read(ad_plan *plan, ad_plan_read read)
{
    read.stride = add_strides(plan, ad_plan_depth(plan, read.loop));
    ad_plan_read *r = ad_plan_append(plan, &plan->reads, sizeof *r);
    if (r)
        *r = read;
}

static void add_reads(ad_plan *plan, ad_plan_statement *s)
{
    const ad_program *p = plan->program;
    const ad_program_node *n = &p->node[s->node];
    uint32_t chain[AD_PLAN_DEEPEST];
    const uint32_t depth = ad_plan_chain(plan, s->loop, chain);
    s->read = plan->reads.count;
    s->level = depth;
    s->carried = AD_PLAN_NONE;
    for (uint32_t k = 0; k < ad_program_ops[n->op].arity && !plan->failed; k++) {
        add_read(plan, (ad_plan_read){.value = n->of[k], .loop = s->loop, .part = s->part});
        if (plan->failed)
            return;
        ad_plan_read *r = ad_plan_read_at(plan, s->read + k);
        for (uint32_t j = 0; j < depth && !ad_value_is_constant(p, r->value); j++)
            ad_plan_strides_at(plan, r->stride)[j] =
                (int32_t)ad_rolled_stride(p, s->node, ad_plan_loop_at(plan, chain[j])->period, k);
        if (ad_value_is_constant(p, r->value))
            read_constant(plan, r, s->node, k);
    }
}

/* ---- outputs ------------------------------------------------------------------------ */

static int kind_of(const ad_program *p, uint32_t value)
{
    return ad_value_is_constant(p, value) ? 0 : ad_value_is_input(p, value) ? 1 : 2;
}

/* How many outputs from one on are of a kind, and evenly spaced unless they are constants. */
static uint32_t count_outputs(const ad_program *p, uint32_t first)
{
    const uint32_t *output = p->output + first;
    uint32_t n = 1;
    while (
        first + n < p->outputs && kind_of(p, output[n]) == kind_of(p, output[0]) &&
        (ad_value_is_constant(p, output[0]) || output[n] - output[n - 1] == output[1] - output[0]))
        n++;
    return n < LEAST_OUTPUTS ? 1 : n;
}

static bool are_different(const uint32_t *output, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++)
        if (output[i] != output[0])
            return true;
    return false;
}

/* The loop that writes them; it is no part of the list of events. */
static uint32_t loop_of_outputs(ad_plan *plan, uint32_t count)
{
    ad_plan_loop *l = ad_plan_append(plan, &plan->loops, sizeof *l);
    if (!l)
        return AD_PLAN_NONE;
    *l = (ad_plan_loop){.parent = AD_PLAN_NONE, .depth = 1, .times = count};
    return plan->loops.count - 1;
}

static void add_outputs(ad_plan *plan, uint32_t first, uint32_t count)
{
    const uint32_t *value = plan->program->output + first;
    const uint32_t loop = count > 1 ? loop_of_outputs(plan, count) : AD_PLAN_NONE;
    const uint32_t part = plan->parts > 1 ? plan->parts : 0;
    add_read(plan, (ad_plan_read){.value = *value, .loop = loop, .part = part});
    ad_plan_outputs *o = ad_plan_append(plan, &plan->outputs, sizeof *o);
    if (plan->failed || !o)
        return;
    *o = (ad_plan_outputs){first, count, plan->reads.count - 1};
    ad_plan_read *r = ad_plan_read_at(plan, o->read);
    r->from = *value;
    if (ad_value_is_constant(plan->program, *value)) {
        r->levels = are_different(value, count);
        r->source = r->levels ? AD_PLAN_CONSTANTS : AD_PLAN_CONSTANT;
    } else if (count > 1)
        *ad_plan_strides_at(plan, r->stride) = (int32_t)((int64_t)value[1] - value[0]);
}

/* ---- all ---------------------------------------------------------------------------- */

void ad_plan_find_sources(ad_plan *plan)
{
    const ad_program *p = plan->program;
    for (uint32_t i = 0; i < plan->statements.count && !plan->failed; i++)
        add_reads(plan, ad_plan_statement_at(plan, i));
    for (uint32_t j = 0, n; j < p->outputs && !plan->failed; j += n) {
        n = count_outputs(p, j);
        add_outputs(plan, j, n);
    }
    for (uint32_t i = 0; i < plan->reads.count && !plan->failed; i++) /* their list grows */
        if (!ad_value_is_constant(p, ad_plan_read_at(plan, i)->value))
            find_source(plan, i);
}
